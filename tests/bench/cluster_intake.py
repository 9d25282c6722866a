"""What Kafka costs where the journal was: ack times and µs of CPU a payload, of `KafkaIntake` and of `Journal`, in turn; and reading both.

PYTHONPATH=tests python tests/bench/cluster_intake.py [--rounds 5] [--payloads 3000]

One broker on loopback (Java 17 and Maven are needed), whose own CPU is told apart. CPU is of this process (user and system); the least of the
rounds, times of all of them. Two cores can't show how many records a second a cluster takes: nothing here says so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto"), str(ROOT / "tests")]

from collector.cli.traffic.payloads import templates  # noqa: E402
from collector.cluster.accepted import Accepted  # noqa: E402
from collector.cluster.account import Account  # noqa: E402
from collector.cluster.intake import KafkaIntake  # noqa: E402
from collector.cluster.lag import Boundless  # noqa: E402
from collector.cluster.sources import KafkaSources  # noqa: E402
from collector.journal.entry import Intake, Payload  # noqa: E402
from collector.journal.limits import JournalLimits  # noqa: E402
from collector.journal.writer import Journal  # noqa: E402
from collector.kafka.client import connection_settings  # noqa: E402
from collector.kafka.confluent import ConfluentWire  # noqa: E402
from collector.kafka.options import KafkaConnection  # noqa: E402
from collector.kafka.wire import TopicSpec  # noqa: E402
from collector.ledger.journal_sources import JournalSources  # noqa: E402
from collector.ledger.roster import PipelineRecord  # noqa: E402
from collector.ledger.sources import Source, Sources, Wanted  # noqa: E402
from counterparts.kafka import Kafka  # noqa: E402

CASES = ((20, 1), (20, 16), (500, 1), (500, 16))
"""Records a payload, and how many are under way at once."""
LIMITS = JournalLimits(max_bytes=4 << 30, max_domain_share=1.0, max_queue_bytes=256 << 20)
RECORD = PipelineRecord("logs", ["otlp"])
DOMAINS = 8


class Run(NamedTuple):
    """One round of one side."""

    cpu_us: float
    broker_us: float
    waits_ms: list[float]


class Sides(NamedTuple):
    """What is compared; each has a door and a reader."""

    name: str
    intake: Intake
    sources: Sources
    broker: Callable[[], float]


def payloads(records: int, number: int, salt: int) -> list[Payload]:
    made = list(templates(1, records, min(number, 64)))
    return [
        Payload(f"{at % DOMAINS}.example", "otlp", made[at % len(made)].numbered(salt + at), records, 1_800_000_000_000,
                (salt + at).to_bytes(16, "big"))
        for at in range(number)
    ]  # fmt: skip


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def put(side: Sides, sent: Sequence[Payload], at_once: int) -> Run:
    """All of them, so many under way at a time."""
    room, ended, waits = threading.Semaphore(at_once), threading.Semaphore(0), list[float]()
    began, broker = time.process_time(), side.broker()
    for payload in sent:
        room.acquire()
        asked = time.perf_counter()

        def done(refusal: object, asked: float = asked) -> None:
            assert refusal is None, refusal
            waits.append((time.perf_counter() - asked) * 1000)
            room.release()
            ended.release()

        side.intake.append([payload], done)
    for _ in sent:
        ended.acquire()
    each = 1e6 / len(sent)
    return Run((time.process_time() - began) * each, (side.broker() - broker) * each, waits)


def take(side: Sides, expected: int) -> Run:
    """Read all that was put, so many entries, in steps."""
    found = 0
    began, broker = time.process_time(), side.broker()
    source = source_of(side.sources)
    while found < expected:
        taken = source.take(8 << 20, 16_384)
        found += len(taken.entries)
        source.advance(taken.position, taken.begun)
        if not taken.entries:
            time.sleep(0.005)
    source.close()
    each = 1e6 / expected
    return Run((time.process_time() - began) * each, (side.broker() - broker) * each, [])


def source_of(sources: Sources) -> Source:
    return sources.source(RECORD, Wanted(["otlp"], None), lambda _: True, lambda _: ({}, {}))


@contextmanager
def sides(folder: Path, kafka: Kafka, name: str) -> Iterator[tuple[Sides, Sides]]:
    """The journal, and the topic; one partition each."""
    fatal: list[Exception] = []
    journal = Journal.open(folder / "journal", LIMITS, dict, fatal.append)
    wire = ConfluentWire(connection_settings(KafkaConnection(brokers=[kafka.address])), name)
    admin = wire.admin()
    admin.create([TopicSpec(f"{name}.intake", 1), TopicSpec(f"{name}.control", 1)], 1)
    topics = admin.topics([f"{name}.intake", f"{name}.control"])
    accepted = Accepted(wire, topics[f"{name}.intake"], topics[f"{name}.control"])
    intake = KafkaIntake(
        wire.sender("intake"), Account.open(folder / "account"), f"{name}.intake", 1, "bench/0", LIMITS, Boundless(),
        fatal.append,
    )  # fmt: skip
    broker = psutil.Process(kafka.pid)
    yield (
        Sides("journal", journal, JournalSources([folder / "journal"]), lambda: 0.0),
        Sides("Kafka", intake, KafkaSources(accepted, 0), lambda: cpu(broker)),
    )
    journal.close(30.0)
    intake.close(30.0)
    accepted.close()
    assert not fatal


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(kafka: Kafka, folder: Path, rounds: int, number: int) -> None:
    print("| records, at once | side | ack p50 / p99 ms | CPU µs a payload | broker | CPU µs a payload read | broker |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for records, at_once in CASES:
        count = number if records < 100 else number // 10
        name = f"b{records}-{at_once}"
        with sides(folder / name, kafka, name) as both:
            written: dict[str, list[Run]] = {side.name: [] for side in both}
            read: dict[str, list[Run]] = {side.name: [] for side in both}
            for turn in range(rounds + 1):
                sent = payloads(records, count, turn * count)
                for side in both if turn % 2 else reversed(both):
                    written[side.name].append(put(side, sent, at_once))
            for _ in range(rounds):
                for side in both:
                    read[side.name].append(take(side, (rounds + 1) * count))
            for side in both:
                tell(f"{records}, {at_once}", side.name, written[side.name][1:], read[side.name])


def tell(case: str, name: str, written: Sequence[Run], read: Sequence[Run]) -> None:
    waits = [wait for run in written for wait in run.waits_ms]
    put_us, take_us = min(run.cpu_us for run in written), min(run.cpu_us for run in read)
    broker, fetch = min(run.broker_us for run in written), min(run.broker_us for run in read)
    print(
        f"| {case} | {name} | {percentile(waits, 0.5):.1f} / {percentile(waits, 0.99):.1f} | {put_us:.0f} | {broker:.0f} "
        f"| {take_us:.0f} | {fetch:.0f} |",
        flush=True,
    )


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--payloads", type=int, default=3000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "kafka").mkdir()
        kafka = Kafka(Path(folder) / "kafka")
        kafka.start()
        try:
            measure(kafka, Path(folder), asked.rounds, asked.payloads)
        finally:
            kafka.kill()


if __name__ == "__main__":
    main()
