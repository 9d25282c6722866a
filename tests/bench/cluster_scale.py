"""Whether a record costs the same however many partitions and workers share the work: equal records, one broker, all in one run, in turn.

python tests/bench/cluster_scale.py [--requests 480] [--rounds 3] [--cells 1:1,8:4]

Each worker is a process with its share of the partitions: it reads `intake`, decodes, commits what came with five rows of state, and acknowledges, in
steps of 8,000 records at most. µs of CPU a record from the first fetch to the last acknowledgement: workers (all their threads, librdkafka's as well), and the
broker apart. What a start costs is not in it: each has processed one request of each partition before. The middle of the rounds, least and most: nothing
is said of records a second, for the machine has two cores, which others may use as well.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto"), str(ROOT / "tests")]
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import xxhash  # noqa: E402

from bench.cluster import PLAN, STATE_ROWS, broker_micros  # noqa: E402
from collector.cli.traffic.payloads import Template, templates  # noqa: E402
from collector.cluster.accepted import Accepted  # noqa: E402
from collector.cluster.record import record_of  # noqa: E402
from collector.cluster.restoring import Restoring  # noqa: E402
from collector.cluster.sources import KafkaSources  # noqa: E402
from collector.journal.entry import Payload  # noqa: E402
from collector.kafka.confluent import ConfluentWire  # noqa: E402
from collector.kafka.wire import Sender, TopicSpec  # noqa: E402
from collector.ledger.interface import LAST, Commit, Ledger  # noqa: E402
from collector.ledger.sources import partition_of  # noqa: E402
from collector.pipeline.decode import decode  # noqa: E402
from counterparts.kafka import Kafka  # noqa: E402
from counterparts.partition_bench import exported  # noqa: E402
from counterparts.replicated_bench import make_topics  # noqa: E402

CELLS = ((1, 1), (2, 1), (4, 1), (8, 1), (2, 2), (4, 2), (8, 2), (4, 4), (8, 4))
"""(partitions, workers)"""
PER_REQUEST, STEP_RECORDS, STEP_BYTES = 500, 8_000, 64 << 20
_SENT_BYTES = 32 << 20


def wire_to(address: str) -> ConfluentWire:
    """Of a process of its own."""
    return ConfluentWire({"bootstrap.servers": address, "log_level": 0}, "bench")


# --- a worker


def worker(address: str, prefix: str, partitions: int, mine: Sequence[int], requests: int) -> None:
    """Own some partitions; tell on standard output what the requests cost that come behind the first of each."""
    wire = wire_to(address)
    admin = wire.admin()
    topics = admin.topics([f"{prefix}.intake", f"{prefix}.control"])
    accepted = Accepted(wire, topics[f"{prefix}.intake"], topics[f"{prefix}.control"])
    with tempfile.TemporaryDirectory() as folder:
        taking = Restoring(wire, admin, prefix)
        ledgers = [
            taking.open_ledger(
                number, partitions, Path(folder) / str(number), PLAN, KafkaSources(accepted, number)
            ).ledger
            for number in mine
        ]
        work(ledgers, len(mine) * PER_REQUEST)
        began = time.process_time()
        print("ready", flush=True)
        sys.stdin.readline()
        steps = work(ledgers, requests * PER_REQUEST)
        print(json.dumps({"cpu": (time.process_time() - began) * 1e6, "steps": steps}), flush=True)
        for ledger in ledgers:
            ledger.close()
        accepted.close()


def work(ledgers: Sequence[Ledger], records: int) -> int:
    """Until so many are done; how many steps that took."""
    steps = 0
    while records > 0:
        found = sum(step(ledger) for ledger in ledgers)
        records -= found
        steps += bool(found)
        if not found:
            time.sleep(0.005)
    return steps


def step(ledger: Ledger) -> int:
    """Read, decode, commit, acknowledge; how many records."""
    read = ledger.read("logs", STEP_BYTES, STEP_RECORDS)
    if not read.entries:
        return 0
    state = {("p", "a.example", b"row %d" % row): b"%d" % time.time_ns() * 2 for row in range(STATE_ROWS)}
    batch = decode(read.entries).batch
    ledger.commit(Commit("logs", read, {"logs": batch}, state))
    ledger.ack("sqlite", [exported(entry) for entry in ledger.deliverable("sqlite", -1, STEP_BYTES, LAST)])
    return len(batch)


# --- the bench


def domains(partitions: int) -> list[str]:
    """One of each partition."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < partitions:
        name = f"d{number}.example"
        found.setdefault(partition_of(name, partitions), name)
        number += 1
    return [found[number] for number in range(partitions)]


def put(wire: ConfluentWire, prefix: str, partitions: int, bodies: Iterator[bytes], requests: int) -> None:
    """Requests, to all partitions alike."""
    sender, names = wire.sender("bench"), domains(partitions)
    waiting = deque(enumerate(islice(bodies, requests)))

    def send(number: int, body: bytes) -> None:
        digest = xxhash.xxh3_128_digest(body)
        payload = Payload(names[number % partitions], "otlp", body, PER_REQUEST, time.time_ns() // 1_000_000, digest)
        record = record_of(payload, f"{prefix}.intake", partitions, b"bench/0")
        sender.send(record, lambda refused, _: None if refused is None else waiting.append((number, body)))

    while waiting:  # a busy machine is too slow for some at first; what came twice is known by its digest
        while waiting:
            send(*waiting.popleft())
            until_idle(sender, _SENT_BYTES)
        until_idle(sender, 0)
    assert sender.close(60.0)


def until_idle(sender: Sender, most_bytes: int) -> None:
    """Until no more than that is under way."""
    while sender.waiting_bytes > most_bytes:
        time.sleep(0.01)


def numbered(made: Sequence[Template]) -> Iterator[bytes]:
    """Payloads without end, no two alike."""
    while True:
        for template in made:
            yield template.numbered(time.perf_counter_ns())


def cell(
    kafka: Kafka, prefix: str, partitions: int, workers: int, requests: int, bodies: Iterator[bytes]
) -> tuple[float, float, int]:
    """µs of CPU a record of workers, of the broker; and steps."""
    wire = wire_to(kafka.address)
    specs = [TopicSpec(f"{prefix}.{name}", partitions, {"cleanup.policy": "delete"}) for name in ("intake", "control")]
    wire.admin().create(specs, 1)
    make_topics(wire.admin(), partitions, prefix)
    put(wire, prefix, partitions, bodies, partitions)
    shares = [list(range(partitions))[number::workers] for number in range(workers)]
    running = [
        _started(kafka.address, prefix, partitions, share, requests // partitions * len(share)) for share in shares
    ]
    try:
        assert [_line(each) for each in running] == ["ready"] * workers
        put(wire, prefix, partitions, bodies, requests)
        sent = broker_micros(kafka.pid)
        for each in running:
            _say(each)
        told = [json.loads(_line(each)) for each in running]
        broker = broker_micros(kafka.pid) - sent
    finally:
        for each in running:
            each.wait(60)
    records = requests * PER_REQUEST
    return sum(each["cpu"] for each in told) / records, broker / records, sum(each["steps"] for each in told)


def _started(address: str, prefix: str, partitions: int, share: Sequence[int], requests: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--worker", json.dumps([address, prefix, partitions, list(share), requests])]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--requests", type=int, default=480)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--cells", default=CELLS, type=_cells, help="partitions:workers, with commas between")
    arguments.add_argument("--worker")
    given = arguments.parse_args()
    if given.worker:
        worker(*json.loads(given.worker))
        return
    bodies = numbered(templates(1, PER_REQUEST, 20))
    cost: dict[tuple[int, int], list[tuple[float, float, int]]] = {each: [] for each in given.cells}
    with tempfile.TemporaryDirectory() as name:
        kafka = Kafka(Path(name), heap="512m")
        kafka.start()
        try:
            cell(kafka, "warm", 2, 1, given.requests, bodies)
            for number in range(given.rounds):
                for partitions, workers in given.cells if number % 2 == 0 else reversed(given.cells):
                    found = cell(
                        kafka, f"r{number}-{partitions}-{workers}", partitions, workers, given.requests, bodies
                    )
                    print(number, partitions, workers, *(f"{each:.2f}" for each in found), file=sys.stderr, flush=True)
                    cost[partitions, workers].append(found)
        finally:
            kafka.kill()
    print("| partitions | workers | µs CPU a record (least to most) | of the broker | steps |\n|---|---|---|---|---|")
    for (partitions, workers), each in cost.items():
        ours, brokers = (sorted(row[at] for row in each) for at in (0, 1))
        print(f"| {partitions} | {workers} | {_spread(ours)} | {_spread(brokers)} | {each[-1][2]} |")


def _cells(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(each.split(":")[0]), int(each.split(":")[1])) for each in text.split(","))


def _spread(costs: Sequence[float]) -> str:
    return f"{statistics.median(costs):.1f} ({costs[0]:.1f} to {costs[-1]:.1f})"


if __name__ == "__main__":
    main()
