"""What is accepted, through a real Kafka: acknowledged is readable, whatever the broker does meanwhile."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cluster.accepted import Accepted, Lost
from collector.cluster.account import Account
from collector.cluster.intake import KafkaIntake
from collector.cluster.lag import Boundless
from collector.cluster.sources import KafkaSources
from collector.errors import Refusal, StorageError, TooLarge, Unavailable
from collector.journal.entry import Entry, Payload
from collector.journal.limits import JournalLimits
from collector.kafka.client import connection_settings
from collector.kafka.confluent import ConfluentWire
from collector.kafka.options import KafkaConnection
from collector.kafka.wire import NewRecord, Place, TopicSpec
from collector.ledger.roster import PipelineRecord
from collector.ledger.sources import FLOOR, Source, Wanted, partition_of
from counterparts.cluster_bench import until
from counterparts.kafka import Kafka

pytestmark = pytest.mark.slow
_numbers = itertools.count()
PARTITIONS = 2
DOMAINS = [f"{name}.example" for name in "abcdef"]
MIB = 1 << 20
RECORD = PipelineRecord("logs", ["otlp"])


class Bench:
    """A door and a worker, with topics of their own on a broker that may be of the test's own."""

    def __init__(self, kafka: Kafka, root: Path) -> None:
        self.wire = ConfluentWire(connection_settings(KafkaConnection(brokers=[kafka.address])), "test")
        self.name = f"accepted{next(_numbers)}"
        admin = self.wire.admin()
        admin.create([TopicSpec(f"{self.name}.{kind}", PARTITIONS) for kind in ("intake", "control")], 1)
        topics = admin.topics([f"{self.name}.intake", f"{self.name}.control"])
        admin.close()
        self.topics = topics[f"{self.name}.intake"], topics[f"{self.name}.control"]
        self.fatal: list[StorageError] = []
        self.lost: list[Lost] = []
        self.news = threading.Event()
        self.accepted = Accepted(self.wire, *self.topics, self.news.set, self.lost.append, limit_bytes=4 * MIB)
        self.intake = KafkaIntake(
            self.wire.sender("intake"), Account.open(root / "account"), f"{self.name}.intake", PARTITIONS, "node/0",
            JournalLimits(), Boundless(), self.fatal.append,
        )  # fmt: skip
        self.cursors: dict[str, dict[str, int]] = {}
        self.sources = [self.source(number) for number in range(PARTITIONS)]
        self.answers: dict[bytes, Refusal | None] = {}

    def source(self, number: int) -> Source:
        return KafkaSources(self.accepted, number).source(
            RECORD, Wanted(RECORD.receivers, None), lambda _: True, lambda journal: (self.cursors.get(journal, {}), {})
        )

    def append(self, body: bytes, domain: str = "a.example") -> None:
        payload = Payload(domain, "otlp", body, 1, 0, bytes(16))
        self.intake.append([payload], lambda refusal: self.answers.__setitem__(body, refusal))

    def put(self, *bodies: bytes, domain: str = "a.example") -> None:
        for body in bodies:
            self.append(body, domain)
        until(lambda: all(body in self.answers for body in bodies))

    def take(self, number: int, most: int = MIB) -> list[Entry]:
        """A step of a partition: what was there, passed."""
        source = self.sources[number]
        taken = source.take(most, 1 << 30)
        source.advance(taken.position, taken.begun)
        for (journal, domain), offset in taken.position.items():
            self.cursors.setdefault(journal, {})[domain] = offset
        return taken.entries

    def drain(self, expected: int) -> list[bytes]:
        found: list[bytes] = []

        def all_there() -> bool:
            for number in range(PARTITIONS):
                found.extend(entry.body for entry in self.take(number))
            return len(found) >= expected

        until(all_there)
        return found

    def close(self) -> None:
        for source in self.sources:
            source.close()
        assert self.intake.close(20.0)
        self.accepted.close()


@pytest.fixture
def bench(kafka: Kafka, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(kafka, tmp_path)
    yield made
    made.close()
    assert not made.fatal
    assert not made.lost


def test_what_is_acknowledged_is_read_in_its_domains_order(bench: Bench) -> None:
    for number in range(600):
        domain = DOMAINS[number % 6]
        bench.append(f"{domain} {number:04}".encode(), domain)
    found = bench.drain(600)
    assert len(found) == len(set(found)) == 600
    for domain in DOMAINS:
        mine = [body for body in found if body.startswith(domain.encode())]
        assert mine == sorted(mine)
    assert set(bench.answers.values()) == {None}
    assert bench.news.is_set()


def test_large_ones_and_the_largest(bench: Bench) -> None:
    bodies = [bytes([number]) * (3 * MIB) for number in range(6)]
    bench.put(*bodies)
    assert sorted(bench.drain(6)) == bodies
    bench.put(b"x" * (9 * MIB))
    assert isinstance(bench.answers[b"x" * (9 * MIB)], TooLarge)
    bench.put(b"after")
    assert bench.drain(1) == [b"after"]


def test_a_successor_begins_behind_the_floor_though_the_log_was_trimmed(bench: Bench) -> None:
    bench.put(b"1", b"2", b"3")
    bench.drain(3)
    number = partition_of("a.example", PARTITIONS)
    place, journal = bench.accepted.place(number, False)
    assert bench.cursors[journal][FLOOR] == 3
    admin = bench.wire.admin()
    admin.delete_before({place: 3})
    assert admin.bounds([place])[place] == (3, 3)
    bench.sources[number].close()
    bench.sources[number] = bench.source(number)
    bench.put(b"4")
    assert bench.drain(1) == [b"4"]


def test_what_was_deleted_unread_is_told(bench: Bench) -> None:
    bench.put(b"0")
    bench.drain(1)
    number = partition_of("a.example", PARTITIONS)
    bench.sources[number].close()
    bench.put(b"1", b"2", b"3")
    place = bench.accepted.place(number, False)[0]
    admin = bench.wire.admin()
    admin.delete_before({place: 3})
    bench.sources[number] = bench.source(number)
    gathered = None

    def passed() -> bool:
        nonlocal gathered
        gathered = bench.sources[number].take(MIB, 1000)
        return bool(gathered.entries)

    until(passed)
    assert gathered is not None
    assert ([entry.body for entry in gathered.entries], gathered.lost) == ([b"3"], 1)
    assert [lost.upto for lost in bench.lost] == [2]
    bench.lost.clear()


def test_gaps_of_offsets_are_nothing(bench: Bench) -> None:
    """A transaction's marker takes an offset, and so does what was aborted: others may write so, though the door does not."""
    number = partition_of("a.example", PARTITIONS)
    place, journal = bench.accepted.place(number, False)
    bench.put(b"1")
    writer = bench.wire.writer(number)
    writer.claim(30.0)
    writer.commit(
        [NewRecord(Place(bench.topics[1].name, number), b"k", b"v"), NewRecord(place, b"foreign", b"f")], 30.0
    )
    writer.close()
    bench.put(b"2")
    assert sorted(bench.drain(3)) == [b"1", b"2", b"f"]
    bench.put(b"3")
    assert bench.drain(1) == [b"3"]
    assert bench.cursors[journal][FLOOR] == 5


def test_entries_are_found_again_by_their_places(bench: Bench) -> None:
    for number in range(400):
        bench.append(f"{number:04}".encode())
    number = partition_of("a.example", PARTITIONS)
    until(lambda: len(bench.answers) == 400)
    journal = bench.accepted.place(number, False)[1]
    shelf = KafkaSources(bench.accepted, number).shelf()
    found = shelf.fetch(journal, "a.example", [1, 2, 5, 350, 400], {"otlp"})
    assert [(entry.offset, entry.body) for entry in found] == [
        (1, b"0000"), (2, b"0001"), (5, b"0004"), (350, b"0349"), (400, b"0399"),
    ]  # fmt: skip
    assert shelf.fetch(journal, "a.example", [401], {"otlp"}) == []
    assert shelf.fetch("0" * 16, "a.example", [1], {"otlp"}) == []


def test_a_broker_that_hangs_or_dies_loses_nothing_that_was_acknowledged(kafka: Kafka, tmp_path: Path) -> None:
    bench = Bench(kafka, tmp_path)
    try:
        bench.put(b"before")
        kafka.pause()
        bench.put(b"while it hangs")
        assert isinstance(bench.answers[b"while it hangs"], Unavailable), "after the time that a record has"
        kafka.resume()
        acknowledge(bench, b"when it goes on")
        kafka.kill()
        bench.append(b"while it is dead")
        kafka.start()
        acknowledge(bench, b"when it is back")
        until(lambda: b"while it is dead" in bench.answers)
        missing = {body for body, refusal in bench.answers.items() if refusal is None}
        assert len(missing) >= 3

        def all_there() -> bool:
            missing.difference_update(bench.drain(0))
            return not missing

        until(all_there)
    finally:
        kafka.resume()
        bench.close()
    assert not bench.fatal
    assert not bench.lost


def acknowledge(bench: Bench, body: bytes) -> None:
    """Send it again until it is."""

    def acknowledged() -> bool:
        bench.answers.pop(body, None)
        bench.put(body)
        return bench.answers[body] is None

    until(acknowledged)
