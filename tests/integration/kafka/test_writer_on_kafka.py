"""Commits to brokers that hang, come late, or have another owner; and a partition restored from them."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.cluster.changelog import Places
from collector.cluster.restoring import Restoring
from collector.disk.chunks import put_chunks
from collector.disk.environment import CommitError
from collector.errors import Lost, StorageError
from collector.kafka import confluent_writer
from collector.kafka.confluent import ConfluentWire
from collector.kafka.wire import AtEnd, Fenced, NewRecord, Place, Refused, TopicSpec, Unreachable, Unresolved
from collector.ledger.tables import U64
from counterparts.kafka import Kafka
from counterparts.replicated_bench import ReplicatedBench, make_topics, rows_in

SECS = 30.0
BRISK = {"log_level": 0, "socket.timeout.ms": 1000, "topic.metadata.propagation.max.ms": 1000}


@pytest.fixture
def prefix() -> str:
    return f"owned-{secrets.token_hex(4)}"


@pytest.fixture
def wire(kafka: Kafka, prefix: str) -> ConfluentWire:
    return ConfluentWire(BRISK | {"bootstrap.servers": kafka.address}, prefix)


@pytest.fixture
def place(wire: ConfluentWire, prefix: str) -> Place:
    wire.admin().create([TopicSpec(f"{prefix}.rows", 1, {"cleanup.policy": "compact"})], 1)
    return Place(f"{prefix}.rows", 0)


@contextmanager
def paused(kafka: Kafka) -> Iterator[None]:
    kafka.pause()
    try:
        yield
    finally:
        kafka.resume()


def values(wire: ConfluentWire, place: Place) -> list[bytes | None]:
    """What everybody sees."""
    reader = wire.reader("looking", prompt=True)
    reader.follow({place: 0})
    found: list[bytes | None] = []
    until = time.monotonic() + SECS
    try:
        while time.monotonic() < until:
            for each in reader.read(100, 1.0):
                if isinstance(each, AtEnd):
                    return found
                found.append(each.value)
    finally:
        reader.close()
    raise AssertionError("no end came")


def test_brokers_that_hang_leave_nobody_knowing(kafka: Kafka, wire: ConfluentWire, place: Place) -> None:
    """The writer is of no use any more; the next one finds what is true, one way or the other, and its own rows behind it."""
    writer = wire.writer(0)
    writer.claim(SECS)
    writer.commit([NewRecord(place, b"k", b"first")], SECS)
    with paused(kafka):
        with pytest.raises(Unresolved):
            writer.commit([NewRecord(place, b"k", b"second")], 2.0)
        with pytest.raises(Unresolved):
            writer.commit([NewRecord(place, b"k", b"third")], SECS)
        with pytest.raises(Unreachable):
            wire.writer(1).claim(1.0)
    writer.close()
    after = wire.writer(0)
    after.claim(SECS)
    after.commit([NewRecord(place, b"k", b"last")], SECS)
    after.close()
    seen = values(wire, place)
    assert seen in ([b"first", b"last"], [b"first", b"second", b"last"])


def test_a_writer_whose_place_was_taken_is_no_failure(
    wire: ConfluentWire, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """librdkafka calls it fatal, and says so as loudly as it can."""
    caplog.set_level(logging.INFO)
    former, later = wire.writer(0), wire.writer(0)
    former.claim(SECS)
    later.claim(SECS)
    with pytest.raises(Fenced):
        former.commit([NewRecord(place, b"k", b"v")], SECS)
    former.close()
    later.close()
    said = [each for each in caplog.records if "another owner has claimed it" in each.getMessage()]
    assert {each.levelname for each in said} == {"INFO"}
    assert not [each.getMessage() for each in caplog.records if each.levelno > logging.WARNING]


def test_brokers_that_hang_for_less_than_the_deadline_lose_nothing(
    kafka: Kafka, wire: ConfluentWire, place: Place
) -> None:
    writer = wire.writer(0)
    writer.claim(SECS)
    kafka.pause()
    try:
        threading.Timer(1.0, kafka.resume).start()
        writer.commit([NewRecord(place, b"k", b"value")], SECS)
    finally:
        kafka.resume()
    writer.commit([NewRecord(place, b"k", b"next")], SECS)
    writer.close()
    assert values(wire, place) == [b"value", b"next"]


def test_a_transaction_that_the_brokers_gave_up_can_not_be_committed(
    wire: ConfluentWire, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was open for longer than it may: nothing of it is ever seen."""
    monkeypatch.setattr(confluent_writer, "TRANSACTION_SECS", 1)
    writer = wire.writer(0)
    writer.claim(SECS)
    writer.commit([NewRecord(place, b"k", b"first")], SECS)
    put = writer._put  # a step that hangs between its records and its end

    def slowly(*args: object) -> None:
        put(*args)  # type: ignore[arg-type]
        time.sleep(4)  # the coordinator looks each half second (conftest)

    monkeypatch.setattr(writer, "_put", slowly)
    with pytest.raises((Fenced, Unresolved, Refused)) as raised:
        writer.commit([NewRecord(place, b"k", b"second")], SECS)
    monkeypatch.setattr(writer, "_put", put)
    if isinstance(raised.value, Refused):
        writer.commit([NewRecord(place, b"k", b"third")], SECS)
    writer.close()
    after = wire.writer(0)
    after.claim(SECS)
    assert b"second" not in values(wire, place)
    after.close()


def test_a_refused_record_leaves_the_writer_of_use(wire: ConfluentWire, place: Place) -> None:
    """A topic that is not there: nothing of the transaction is seen, and the next one is."""
    writer = wire.writer(0)
    writer.claim(SECS)
    with pytest.raises(Refused) as raised:
        writer.commit([NewRecord(place, b"k", b"with it"), NewRecord(Place("nowhere", 0), b"k", b"v")], SECS)
    assert raised.value.permanent
    writer.commit([NewRecord(place, b"k", b"after it")], SECS)
    writer.close()
    assert values(wire, place) == [b"after it"]


# --- a partition on it


def test_a_partition_is_restored_row_by_row(kafka: Kafka, wire: ConfluentWire, prefix: str, tmp_path: Path) -> None:
    """Steps, acknowledgements, dead letters; by a copy that goes on, and by one that is new. What was delivered is trimmed."""
    make_topics(wire.admin(), prefix=prefix)
    bench = ReplicatedBench(tmp_path, wire=wire, prefix=prefix)
    try:
        for number in range(6):
            bench.put(*(f"{number} {place} {secrets.token_hex(2000)}" for place in range(40)))
            bench.step()
        bench.ledger.bury("sqlite", bench.deliverable()[0].seq, "rejected")
        assert len(bench.drain()) == 200
        bench.put("the last one")
        bench.step()
        assert bench.changelog is not None
        bench.changelog.trim(wire.admin())
        outbox = Places.of(prefix, 0).outbox
        assert wire.admin().bounds([outbox])[outbox][0] > 0
        there = bench.rows()
        assert bench.restored() == there
        with pytest.raises(Lost, match="another owner"):
            bench.drain()
        assert bench.rows() == there
        bench.reopen()
        assert bench.drain() == ["the last one"]
        there = bench.rows()
        assert bench.restored("elsewhere") == there == bench.restored("anew")
    finally:
        bench.close()


def test_a_value_of_any_size_is_restored(wire: ConfluentWire, prefix: str, tmp_path: Path) -> None:
    make_topics(wire.admin(), prefix=prefix)
    taking = Restoring(wire, wire.admin(), prefix)
    follower, changelog = taking.take(0, tmp_path / "owner", 64 << 20)
    with follower.environment as environment:
        environment.follow(changelog)
        with environment.write() as txn:
            for seq, size in enumerate((0, 1, 900_000, 5 << 20)):
                put_chunks(txn, environment.db("outbox"), U64.pack(seq), b"header")
                put_chunks(txn, environment.db("content"), U64.pack(seq), secrets.token_bytes(size))
        there = rows_in(environment)
        again, other = taking.take(0, tmp_path / "other", 64 << 20)
        with again.environment:
            assert rows_in(again.environment) == there
            other.close()


def test_brokers_that_hang_in_a_commit_lose_the_partition_and_no_row(
    kafka: Kafka, wire: ConfluentWire, prefix: str, tmp_path: Path
) -> None:
    make_topics(wire.admin(), prefix=prefix)
    taking = Restoring(wire, wire.admin(), prefix, commit_secs=2.0)

    def put(environment: object, name: bytes) -> None:
        with environment.write() as txn:  # type: ignore[attr-defined]
            txn.put(name, b"1", db=environment.db("cursors"))  # type: ignore[attr-defined]

    follower, changelog = taking.take(0, tmp_path / "owner", 64 << 20)
    with follower.environment as environment:
        environment.follow(changelog)
        put(environment, b"a")
        with paused(kafka), pytest.raises(Lost):
            put(environment, b"b")
        with pytest.raises((Lost, CommitError)):
            put(environment, b"c")
    found = []
    for folder in ("owner", "other"):
        follower, changelog = taking.take(0, tmp_path / folder, 64 << 20)
        with follower.environment as environment:
            environment.follow(changelog)
            found.append({key for table, key in rows_in(environment) if table == "cursors"})
    assert found in ([{b"a"}] * 2, [{b"a", b"b"}] * 2)


def test_topics_that_nobody_made_are_missing(wire: ConfluentWire, prefix: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is missing"):
        Restoring(wire, wire.admin(), prefix).take(0, tmp_path / "owner", 64 << 20)
