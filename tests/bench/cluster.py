"""What a partition on Kafka costs beside one on this machine's disk alone, in one run, in turn.

python tests/bench/cluster.py [--rounds 60]

A commit and an acknowledgement of a step: µs of CPU a record (this process with all its threads; the brokers' apart) and ms by the clock, half of
the rounds below it. `LMDB` syncs to the disk; `copy` publishes to a log in memory, so that what recording costs is seen; `Kafka` to one
broker on loopback, which syncs nothing. Then how fast a partition is restored where nothing of it is: rows of 200 bytes, of 4 KB, contents of 300 KB.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto"), str(ROOT / "tests")]

from collector.batch import LogBatch  # noqa: E402
from collector.cli.traffic.payloads import templates  # noqa: E402
from collector.cluster.restoring import Restoring  # noqa: E402
from collector.kafka.confluent import ConfluentWire  # noqa: E402
from collector.ledger.interface import Commit, Read  # noqa: E402
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota  # noqa: E402
from collector.pipeline.decode import decode  # noqa: E402
from counterparts.kafka import Kafka  # noqa: E402
from counterparts.partition_bench import PartitionBench, exported  # noqa: E402
from counterparts.replicated_bench import ReplicatedBench, make_topics  # noqa: E402

GIB = 1 << 30
SIZES = (20, 500, 8_000)
"""Records a step."""
STATE_ROWS = 5
PLAN = LedgerPlan(
    (PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",), components=["p"]),),
    {"sqlite": Quota(max_bytes=GIB)}, max_bytes=GIB, state_bytes=GIB, domain_state_bytes=GIB,
)  # fmt: skip
RESTORED = (("rows of 200 B", 300_000, 200), ("rows of 4 KB", 25_000, 4_000), ("contents of 300 KB", 400, 300_000))


@dataclass
class Spent:
    """What rounds took: CPU of this process and of the broker, and time, in µs."""

    cpu: list[float] = field(default_factory=list)
    broker: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


def broker_micros(pid: int) -> float:
    """CPU that a process has used."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK") * 1e6


@contextmanager
def counted(spent: Spent, kafka: Kafka) -> Iterator[None]:
    """Note what is done within."""
    broker, cpu, wall = broker_micros(kafka.pid), time.process_time(), time.perf_counter()
    yield
    spent.wall.append((time.perf_counter() - wall) * 1e6)
    spent.cpu.append((time.process_time() - cpu) * 1e6)
    spent.broker.append(broker_micros(kafka.pid) - broker)


def steps(bench: PartitionBench, records: int) -> tuple[Read, LogBatch]:
    """One step, read and decoded."""
    for template in templates(1, min(records, 500), max(1, records // 500)):
        bench.put_raw(template.numbered(time.perf_counter_ns()), min(records, 500))
    read = bench.read(max_bytes=64 << 20)
    return read, decode(read.entries).batch


def commits(benches: dict[str, PartitionBench], records: int, rounds: int, kafka: Kafka) -> None:
    """Print what commit and acknowledgement of so many records cost."""
    spent = {(name, what): Spent() for name in benches for what in ("commit", "ack")}
    for number in range(rounds):
        for name, bench in benches.items():
            read, batch = steps(bench, records)
            assert len(batch) == records
            state = {("p", "a.example", b"row %d" % row): b"%d" % number * 40 for row in range(STATE_ROWS)}
            with counted(spent[name, "commit"], kafka):
                bench.ledger.commit(Commit("logs", read, {"logs": batch}, state))
            acks = [exported(entry) for entry in bench.deliverable()]
            with counted(spent[name, "ack"], kafka):
                bench.ledger.ack("sqlite", acks)
    for (name, what), each in spent.items():
        cpu, broker = statistics.median(each.cpu), statistics.fmean(each.broker)
        print(
            f"| {records} | {what} | {name} | {cpu / records:.2f} | {cpu:.0f} | {broker if name == 'Kafka' else 0:.0f} | "
            f"{statistics.median(each.wall) / 1000:.1f} |",
            flush=True,
        )


def restored(wire: ConfluentWire, folder: Path, name: str, rows: int, size: int) -> None:
    """Print how fast what one owner has written is there for the next."""
    prefix = f"bench-{rows}"
    make_topics(wire.admin(), prefix=prefix)
    taking = Restoring(wire, wire.admin(), prefix)
    follower, changelog = taking.take(0, folder / f"{rows}-owner", 2 * GIB)
    with follower.environment as environment:
        environment.follow(changelog)
        for first in range(0, rows, at_once := max(1, 4_000_000 // size)):
            put: Callable[..., None] = _put_contents if size > 100_000 else _put_rows
            put(environment, range(first, min(rows, first + at_once)), size)
    cpu, wall = time.process_time(), time.perf_counter()
    follower, changelog = taking.take(0, folder / f"{rows}-other", 2 * GIB)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    follower.environment.close()
    changelog.close()
    megabytes = rows * size / 1e6
    print(
        f"| {name} | {megabytes:.0f} | {wall:.1f} | {megabytes / wall:.0f} | {rows / wall:,.0f} | {cpu / rows * 1e6:.1f} |",
        flush=True,
    )
    began = time.perf_counter()
    follower, changelog = taking.take(0, folder / f"{rows}-other", 2 * GIB)
    print(f"| {name}, the copy is there | | {time.perf_counter() - began:.1f} | | | |", flush=True)
    follower.environment.close()
    changelog.close()


def _put_rows(environment, numbers, size) -> None:  # type: ignore[no-untyped-def]
    table = environment.db("component_state")
    with environment.write() as txn:
        for number in numbers:
            value = os.urandom(size // 4).hex().encode() + bytes(size // 2)
            txn.put(b"p\0a.example\0%09d" % number, value, db=table)


def _put_contents(environment, numbers, size) -> None:  # type: ignore[no-untyped-def]
    from collector.disk.chunks import put_chunks
    from collector.ledger.tables import U64

    header, content = environment.db("outbox"), environment.db("content")
    for number in numbers:
        with environment.write() as txn:
            put_chunks(txn, header, U64.pack(number), b"{}")
            put_chunks(txn, content, U64.pack(number), os.urandom(size // 4).hex().encode() + bytes(size // 2))


def main() -> None:
    """Print both tables."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=60)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kafka = Kafka(folder, heap="512m")
        kafka.start()
        try:
            wire = ConfluentWire({"bootstrap.servers": kafka.address, "log_level": 0}, "bench")
            make_topics(wire.admin(), prefix="bench")
            benches = {
                "LMDB": PartitionBench(folder / "lmdb", PLAN),
                "copy": ReplicatedBench(folder / "copy", PLAN),
                "Kafka": ReplicatedBench(folder / "kafka", PLAN, wire, "bench"),
            }
            print(
                "| records | what | on | µs CPU a record | µs CPU | of the broker | ms |\n|---|---|---|---|---|---|---|"
            )
            for records in SIZES:
                commits(benches, records, rounds, kafka)
            for bench in benches.values():
                bench.close()
            print("\n| restored | MB | s | MB/s | rows/s | µs CPU a row |\n|---|---|---|---|---|---|")
            for what in RESTORED:
                restored(wire, folder, *what)
        finally:
            kafka.kill()


if __name__ == "__main__":
    main()
