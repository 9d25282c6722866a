"""What `collector.kafka.wire` promises, of every cluster that answers it: tests for whoever has the fixtures `wire`, a cluster, and `topic`, the name
of an empty one there, made by `spec`."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from collector.errors import LogboomError
from collector.kafka.wire import (
    AtEnd,
    Fenced,
    Message,
    NewRecord,
    OutOfRange,
    Place,
    Reader,
    Refused,
    TopicSpec,
    Wire,
)

SECS = 30.0
PREFIX = "contract"


def spec(topic: str) -> TopicSpec:
    """Of the topic of a test."""
    return TopicSpec(topic, 4, {"cleanup.policy": "delete"})


@pytest.fixture
def a(topic: str) -> Place:
    return Place(topic, 0)


@pytest.fixture
def b(topic: str) -> Place:
    return Place(topic, 1)


def row(place: Place, key: str, value: str | None) -> NewRecord:
    return NewRecord(place, key.encode(), None if value is None else value.encode(), [("made", b"here")])


def to_end(reader: Reader, places: Sequence[Place], secs: float = SECS) -> tuple[list[Message], dict[Place, int]]:
    """All that there is to read, and where each place ended."""
    found: list[Message] = []
    ends: dict[Place, int] = {}
    until = time.monotonic() + secs
    while set(ends) != set(places) and time.monotonic() < until:
        for each in reader.read(100, 0.2):
            if isinstance(each, AtEnd):
                ends[each.place] = each.offset
            else:
                found.append(each)
    return found, ends


def settle(wire: Wire) -> None:
    """A broker answers a commit before all may read it; it lets a successor claim when it is so."""
    for number in (0, 1):
        successor = wire.writer(number)
        successor.claim(SECS)
        successor.close()


def read(wire: Wire, places: dict[Place, int]) -> tuple[list[Message], dict[Place, int]]:
    settle(wire)
    reader = wire.reader("looking")
    reader.follow(places)
    try:
        return to_end(reader, list(places))
    finally:
        reader.close()


def read_on(reader: Reader) -> None:
    for _ in range(100):
        reader.read(100, 0.2)


def values(messages: Sequence[Message]) -> list[tuple[Place, bytes | None, bytes | None]]:
    return [(each.place, each.key, each.value) for each in messages]


def send(wire: Wire, record: NewRecord) -> tuple[Refused | None, int]:
    told: list[tuple[Refused | None, int]] = []
    sender = wire.sender("sending")
    sender.send(record, lambda refused, offset: told.append((refused, offset)))
    assert sender.close(SECS)
    (only,) = told
    return only


def test_what_was_sent_is_read_as_it_was(wire: Wire, a: Place, b: Place) -> None:
    refused, offset = send(wire, row(a, "k", "v"))
    messages, ends = read(wire, {a: 0, b: 0})
    assert (refused, offset) == (None, 0)
    assert values(messages) == [(a, b"k", b"v")]
    assert list(messages[0].headers) == [("made", b"here")]
    assert ends == {a: 1, b: 0}
    assert wire.admin().bounds([a, b]) == {a: (0, 1), b: (0, 0)}


def test_a_commit_is_read_whole_and_says_where_it_ends(wire: Wire, a: Place, b: Place) -> None:
    writer = wire.writer(0)
    writer.claim(SECS)
    behind = writer.commit([row(a, "1", "a"), row(b, "2", "b"), row(a, "1", None)], SECS)
    writer.close()
    messages, ends = read(wire, {a: 0, b: 0})
    assert behind == {a: 2, b: 1}
    assert values([each for each in messages if each.place == a]) == [(a, b"1", b"a"), (a, b"1", None)]
    assert values([each for each in messages if each.place == b]) == [(b, b"2", b"b")]
    assert all(ends[place] >= offset for place, offset in behind.items())


def test_offsets_have_gaps_where_transactions_end(wire: Wire, a: Place) -> None:
    writer = wire.writer(0)
    writer.claim(SECS)
    first = writer.commit([row(a, "1", "a")], SECS)
    second = writer.commit([row(a, "2", "b")], SECS)
    writer.close()
    assert second[a] > first[a] + 1
    assert [each.key for each in read(wire, {a: first[a]})[0]] == [b"2"]


def test_who_claims_ends_what_was_open_and_shuts_out_who_was_before(wire: Wire, a: Place) -> None:
    before, after = wire.writer(0), wire.writer(0)
    before.claim(SECS)
    before.commit([row(a, "1", "a")], SECS)
    after.claim(SECS)
    with pytest.raises(Fenced):
        before.commit([row(a, "2", "of a zombie")], SECS)
    after.commit([row(a, "3", "c")], SECS)
    before.close()
    after.close()
    assert [each.value for each in read(wire, {a: 0})[0]] == [b"a", b"c"]


def test_writers_of_other_numbers_are_left_alone(wire: Wire, a: Place, b: Place) -> None:
    one, two = wire.writer(0), wire.writer(1)
    one.claim(SECS)
    two.claim(SECS)
    one.commit([row(a, "1", "a")], SECS)
    two.commit([row(b, "2", "b")], SECS)
    one.commit([row(a, "3", "c")], SECS)
    one.close()
    two.close()
    assert len(read(wire, {a: 0, b: 0})[0]) == 3


def test_what_is_too_large_is_refused_for_good(wire: Wire, a: Place) -> None:
    refused, _ = send(wire, row(a, "k", "v" * (9 << 20)))
    writer = wire.writer(0)
    writer.claim(SECS)
    with pytest.raises(Refused) as raised:
        writer.commit([row(a, "k", "v" * (9 << 20))], SECS)
    writer.commit([row(a, "k", "small")], SECS)
    writer.close()
    assert refused is not None
    assert refused.permanent
    assert raised.value.permanent
    assert [each.value for each in read(wire, {a: 0})[0]] == [b"small"]


def test_what_was_deleted_is_out_of_range(wire: Wire, a: Place, b: Place) -> None:
    for number in range(5):
        send(wire, row(a, "k", str(number)))
    wire.admin().delete_before({a: 3})
    assert wire.admin().bounds([a])[a] == (3, 5)
    reader = wire.reader("late")
    reader.follow({a: 1, b: 0})
    with pytest.raises(OutOfRange) as raised:
        read_on(reader)
    assert (raised.value.place, raised.value.begins) == (a, 3)
    reader.follow({a: 3})
    assert [each.value for each in to_end(reader, [a])[0]] == [b"3", b"4"]
    reader.close()


def test_places_are_left_paused_and_moved_to(wire: Wire, a: Place, b: Place) -> None:
    send(wire, row(a, "k", "a"))
    send(wire, row(b, "k", "b"))
    reader = wire.reader("moving")
    reader.follow({a: 0, b: 0})
    reader.pause([a])
    assert [each.value for each in to_end(reader, [b])[0]] == [b"b"]
    reader.resume([a])
    assert [each.value for each in to_end(reader, [a])[0]] == [b"a"]
    reader.follow({b: 0})
    assert [each.value for each in to_end(reader, [b])[0]] == [b"b"]
    reader.leave([b])
    send(wire, row(b, "k", "never read"))
    send(wire, row(a, "k", "read"))
    assert [each.value for each in to_end(reader, [a])[0]] == [b"read"]
    reader.close()


def test_an_end_is_told_each_time_that_it_is_reached(wire: Wire, a: Place) -> None:
    reader = wire.reader("following")
    reader.follow({a: 0})
    assert to_end(reader, [a])[1] == {a: 0}
    send(wire, row(a, "k", "a"))
    assert to_end(reader, [a])[1] == {a: 1}
    reader.close()


def test_a_topic_has_an_id_and_is_never_made_twice(wire: Wire, a: Place) -> None:
    admin = wire.admin()
    state = admin.topics([a.topic, "none"])[a.topic]
    admin.create([TopicSpec(a.topic, 9)], 1)
    assert (state.partitions, state.config["cleanup.policy"]) == (4, "delete")
    assert admin.topics([a.topic, "none"]) == {a.topic: state}
    assert admin.cluster_id()


def test_a_topic_that_nobody_made_is_no_place_to_read(wire: Wire) -> None:
    reader = wire.reader("lost")
    reader.follow({Place("contract.none", 0): 0})
    with pytest.raises(LogboomError):
        read_on(reader)
    reader.close()
