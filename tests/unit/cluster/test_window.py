"""What is read ahead of a place: a look costs what is taken, and sees what there was."""

from __future__ import annotations

from itertools import islice

from xxhash import xxh3_128_digest

from collector.cluster.record import record_of
from collector.cluster.window import Start, Window
from collector.journal.entry import Payload
from collector.kafka.wire import Message, Place
from collector.ledger.sources import Wanted

PLACE = Place("lb.intake", 0)


def window() -> Window:
    return Window(PLACE, "j", Wanted(["otlp"], None), Start(0))


def put(into: Window, first: int, behind: int, domain: str = "a") -> None:
    messages = []
    for offset in range(first, behind):
        body = b"%d" % offset
        record = record_of(Payload(domain, "otlp", body, 1, 1000 + offset, xxh3_128_digest(body)), PLACE.topic, 1, b"")
        messages.append(Message(PLACE, offset, record.key, record.value, record.headers))
    into.put(messages)


def bodies(of: Window, domain: str = "a") -> list[bytes]:
    return [entry.body for entry in of.look().entries[domain].each()]


def test_who_looks_sees_what_there_was() -> None:
    """Whatever is put meanwhile."""
    made = window()
    put(made, 0, 3)
    held = made.look()
    put(made, 3, 5)
    assert [entry.body for entry in held.entries["a"].each()] == [b"0", b"1", b"2"]
    assert (held.read_to, held.floor_behind({"a": 3})) == (3, 3)
    assert bodies(made) == [b"0", b"1", b"2", b"3", b"4"]


def test_what_is_passed_is_let_go_of() -> None:
    made = window()
    put(made, 0, 10)
    put(made, 10, 12, "b")
    for through in (1, 2, 7, 9):
        made.pass_on({"a": through}, 0)
        assert bodies(made) == [b"%d" % offset for offset in range(through, 10)]
        assert made.sums()[0]["a"].entries == 10 - through
    made.pass_on({"a": 10, "b": 12}, 12)
    assert (made.look().entries, made.sums(), made.bytes, made.floor) == ({}, ({}, 0), 0, 12)


def test_a_look_costs_what_is_taken() -> None:
    """Not what waits: nothing is copied."""
    made = window()
    put(made, 0, 2000)
    span = made.look().entries["a"]
    assert span.entries is made.look().entries["a"].entries
    assert [entry.offset for entry in islice(span.each(), 2)] == [1, 2]
