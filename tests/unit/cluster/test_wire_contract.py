"""What `collector.kafka.wire` promises, of every cluster that answers it."""

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
from collector.testing.log_cluster import LogCluster

SECS = 30.0
TOPIC = "contract.rows"
A, B = Place(TOPIC, 0), Place(TOPIC, 1)


@pytest.fixture(params=["simulated"])
def wire(request: pytest.FixtureRequest) -> Wire:
    """A cluster with one topic of four partitions."""
    made = LogCluster().wire("contract")
    made.admin().create([TopicSpec(TOPIC, 4, {"cleanup.policy": "compact"})], 1)
    return made


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


def read(wire: Wire, places: dict[Place, int]) -> tuple[list[Message], dict[Place, int]]:
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


def test_what_was_sent_is_read_as_it_was(wire: Wire) -> None:
    refused, offset = send(wire, row(A, "k", "v"))
    messages, ends = read(wire, {A: 0, B: 0})
    assert (refused, offset) == (None, 0)
    assert values(messages) == [(A, b"k", b"v")]
    assert list(messages[0].headers) == [("made", b"here")]
    assert ends == {A: 1, B: 0}
    assert wire.admin().bounds([A, B]) == {A: (0, 1), B: (0, 0)}


def test_a_commit_is_read_whole_and_says_where_it_ends(wire: Wire) -> None:
    writer = wire.writer(0)
    writer.claim(SECS)
    behind = writer.commit([row(A, "1", "a"), row(B, "2", "b"), row(A, "1", None)], SECS)
    writer.close()
    messages, ends = read(wire, {A: 0, B: 0})
    assert behind == {A: 2, B: 1}
    assert values([each for each in messages if each.place == A]) == [(A, b"1", b"a"), (A, b"1", None)]
    assert values([each for each in messages if each.place == B]) == [(B, b"2", b"b")]
    assert all(ends[place] >= offset for place, offset in behind.items())


def test_offsets_have_gaps_where_transactions_end(wire: Wire) -> None:
    writer = wire.writer(0)
    writer.claim(SECS)
    first = writer.commit([row(A, "1", "a")], SECS)
    second = writer.commit([row(A, "2", "b")], SECS)
    writer.close()
    assert second[A] > first[A] + 1
    assert [each.key for each in read(wire, {A: first[A]})[0]] == [b"2"]


def test_who_claims_ends_what_was_open_and_shuts_out_who_was_before(wire: Wire) -> None:
    before, after = wire.writer(0), wire.writer(0)
    before.claim(SECS)
    before.commit([row(A, "1", "a")], SECS)
    after.claim(SECS)
    with pytest.raises(Fenced):
        before.commit([row(A, "2", "of a zombie")], SECS)
    after.commit([row(A, "3", "c")], SECS)
    before.close()
    after.close()
    assert [each.value for each in read(wire, {A: 0})[0]] == [b"a", b"c"]


def test_writers_of_other_numbers_are_left_alone(wire: Wire) -> None:
    one, two = wire.writer(0), wire.writer(1)
    one.claim(SECS)
    two.claim(SECS)
    one.commit([row(A, "1", "a")], SECS)
    two.commit([row(B, "2", "b")], SECS)
    one.commit([row(A, "3", "c")], SECS)
    one.close()
    two.close()
    assert len(read(wire, {A: 0, B: 0})[0]) == 3


def test_what_is_too_large_is_refused_for_good(wire: Wire) -> None:
    refused, _ = send(wire, row(A, "k", "v" * (9 << 20)))
    writer = wire.writer(0)
    writer.claim(SECS)
    with pytest.raises(Refused) as raised:
        writer.commit([row(A, "k", "v" * (9 << 20))], SECS)
    writer.commit([row(A, "k", "small")], SECS)
    writer.close()
    assert refused is not None
    assert refused.permanent
    assert raised.value.permanent
    assert [each.value for each in read(wire, {A: 0})[0]] == [b"small"]


def test_what_was_deleted_is_out_of_range(wire: Wire) -> None:
    for number in range(5):
        send(wire, row(A, "k", str(number)))
    wire.admin().delete_before({A: 3})
    assert wire.admin().bounds([A])[A] == (3, 5)
    reader = wire.reader("late")
    reader.follow({A: 1, B: 0})
    with pytest.raises(OutOfRange) as raised:
        read_on(reader)
    assert (raised.value.place, raised.value.begins) == (A, 3)
    reader.follow({A: 3})
    assert [each.value for each in to_end(reader, [A])[0]] == [b"3", b"4"]
    reader.close()


def test_places_are_left_paused_and_moved_to(wire: Wire) -> None:
    send(wire, row(A, "k", "a"))
    send(wire, row(B, "k", "b"))
    reader = wire.reader("moving")
    reader.follow({A: 0, B: 0})
    reader.pause([A])
    assert [each.value for each in to_end(reader, [B])[0]] == [b"b"]
    reader.resume([A])
    assert [each.value for each in to_end(reader, [A])[0]] == [b"a"]
    reader.follow({B: 0})
    assert [each.value for each in to_end(reader, [B])[0]] == [b"b"]
    reader.leave([B])
    send(wire, row(B, "k", "never read"))
    send(wire, row(A, "k", "read"))
    assert [each.value for each in to_end(reader, [A])[0]] == [b"read"]
    reader.close()


def test_an_end_is_told_each_time_that_it_is_reached(wire: Wire) -> None:
    reader = wire.reader("following")
    reader.follow({A: 0})
    assert to_end(reader, [A])[1] == {A: 0}
    send(wire, row(A, "k", "a"))
    assert to_end(reader, [A])[1] == {A: 1}
    reader.close()


def test_a_topic_has_an_id_and_is_never_made_twice(wire: Wire) -> None:
    admin = wire.admin()
    state = admin.topics([TOPIC, "none"])[TOPIC]
    admin.create([TopicSpec(TOPIC, 9)], 1)
    assert (state.partitions, state.config["cleanup.policy"]) == (4, "compact")
    assert admin.topics([TOPIC, "none"]) == {TOPIC: state}
    assert admin.cluster_id()


def test_a_topic_that_nobody_made_is_no_place_to_read(wire: Wire) -> None:
    reader = wire.reader("lost")
    reader.follow({Place("contract.none", 0): 0})
    with pytest.raises(LogboomError):
        read_on(reader)
    reader.close()
