"""What still waits in a partition keeps it from moving; and letters of several domains part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.disk.environment import Environment
from collector.errors import StorageError
from collector.journal.entry import Entry
from collector.ledger import cursors, deadletters, outbox, roster
from collector.ledger.codec import encode_entries
from collector.ledger.deadletters import DeadLetterInfo, NewDeadLetter
from collector.ledger.letters_apart import apart
from collector.ledger.outbox import OutboxHeader
from collector.ledger.plan import LetterAges
from collector.ledger.roster import PipelineRecord
from collector.ledger.sharing_out import SharingOut, mark_moved, moved_to, tables_of, waits
from collector.ledger.sources import FLOOR
from collector.ledger.state import write_state
from collector.ledger.tables import FORMAT_VERSION, KIND
from collector.reserved import RECEIVER

DATA, CONTROL = ("data", 7), ("control", 3)
RECORD = PipelineRecord("logs", ["otlp", RECEIVER])


@pytest.fixture
def partition(tmp_path: Path) -> Iterator[Environment]:
    """One pipeline has read all that there is."""
    with Environment.create(tmp_path, 16 << 20, KIND, FORMAT_VERSION) as environment:
        tables = tables_of(environment)
        with environment.write() as txn:
            roster.put_pipeline(txn, tables, RECORD)
        read_to(environment, 7, 3)
        yield environment


def read_to(environment: Environment, data: int, control: int) -> None:
    with environment.write() as txn:
        cursors.move(txn, tables_of(environment), "logs", {("data", FLOOR): data, ("control", FLOOR): control}, {})


@pytest.mark.parametrize(
    ("data", "control", "left"), [(7, 3, []), (6, 3, ["pipeline logs"]), (7, 2, ["pipeline logs"])]
)
def test_what_was_not_read_waits(partition: Environment, data: int, control: int, left: list[str]) -> None:
    """Of both journals, to their ends."""
    read_to(partition, data, control)
    assert waits(partition, DATA, CONTROL) == left


def test_what_is_not_delivered_waits(partition: Environment) -> None:
    """Also a dead letter that is to be tried again."""
    header = OutboxHeader("logs", 2, 5, {"a": 2}, 1, ["sqlite"])
    with partition.write() as txn:
        outbox.enqueue(txn, tables_of(partition), 1, header, b"content")
    assert waits(partition, DATA, CONTROL) == ["exporter sqlite (2 records)"]
    letter = NewDeadLetter("pipeline/logs", "logs", "why", {"a": 1}, b"content", raw=True)
    with partition.write() as txn:
        outbox.settle(txn, tables_of(partition), "sqlite", 1, header)
        deadletters.bury_for_replay(txn, tables_of(partition), letter, 1, 1 << 60, LetterAges())
    assert waits(partition, DATA, CONTROL) == ["dead letters that are tried again"]


def test_what_a_pipeline_left_unread_when_it_was_removed_is_not_lost(partition: Environment) -> None:
    """It may come back within a day, and nobody would read it then."""
    with partition.write() as txn:
        roster.put_pipeline(txn, tables_of(partition), replace(RECORD, removed_unix_ms=5, unread={"a": 2}))
    with pytest.raises(StorageError, match="pipeline logs left the configuration within the last day"):
        waits(partition, DATA, CONTROL)


def test_a_mark_is_seen_by_whoever_takes_the_partition(partition: Environment) -> None:
    """With the generation to which it goes."""
    assert moved_to(partition) == 0
    mark_moved(partition, 3)
    assert moved_to(partition) == 3


def test_state_that_is_nobodys_stops_it(partition: Environment, tmp_path: Path) -> None:
    """Rather than that it vanishes."""

    def of_none(component: str, name: bytes, value: bytes) -> tuple[str, bytes]:
        raise StorageError(f"{component} {name!r} {value!r}")

    with partition.write() as txn:
        write_state(txn, tables_of(partition), {("mine", "", b"name"): b"value"})
    with (
        Environment.create(tmp_path / "new", 16 << 20, KIND, FORMAT_VERSION) as target,
        pytest.raises(StorageError, match="mine b'name' b'value'"),
    ):
        SharingOut([target], lambda _: 0, of_none).take(partition)


def entry(domain: str) -> Entry:
    return Entry("data", 1, domain, "otlp", domain.encode(), 1, 5, bytes(16), 1)


INFO = DeadLetterInfo(4, "pipeline/logs", "logs", "why", 2, {"a": 1, "b": 1}, 9, 5, True)


def test_payloads_of_several_domains_part() -> None:
    """Each letter has what is its own, and says so."""
    content = encode_entries([entry("a"), entry("b")])
    parts = dict(apart(INFO, content, {"a": 0, "b": 1}.__getitem__))
    assert [part.by_domain for part in parts.values()] == [{"a": 1}, {"b": 1}]
    assert [part.content for part in parts.values()] == [encode_entries([entry("a")]), encode_entries([entry("b")])]
    assert all(part.raw and part.reason == "why" for part in parts.values())


def test_what_stays_together_is_left_as_it_is_and_so_is_what_can_not_be_read() -> None:
    """Byte for byte: whoever looks at it later sees what was there."""
    assert [(number, part.content) for number, part in apart(INFO, b"damaged", lambda _: 2)] == [(2, b"damaged")]
    [(number, part)] = apart(INFO, b"damaged", {"a": 1, "b": 0}.__getitem__)
    assert (number, part.content, part.by_domain) == (1, b"damaged", {"a": 1, "b": 1})
