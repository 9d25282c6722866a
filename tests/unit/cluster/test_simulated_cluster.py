"""What the simulated cluster adds: a clock, ends that nobody is told, and members that die."""

from __future__ import annotations

import pytest

from collector.errors import StorageError
from collector.kafka.wire import (
    AtEnd,
    Changes,
    Fenced,
    Message,
    NewRecord,
    OutOfRange,
    Place,
    Reader,
    Refused,
    TopicSpec,
    Unreachable,
    Unresolved,
)
from collector.testing.log_cluster import CommitEnd, LogCluster, SendEnd, SimulatedWire

P = Place("t", 0)


class Crash(BaseException):
    """The process is killed here."""


@pytest.fixture
def cluster() -> LogCluster:
    made = LogCluster()
    config = {"cleanup.policy": "compact"}
    made.wire().admin().create([TopicSpec("t", 4, config), TopicSpec("old", 1, {"retention.ms": "60000"})], 3)
    return made


@pytest.fixture
def wire(cluster: LogCluster) -> SimulatedWire:
    return cluster.wire()


def row(value: str | None, key: str = "k", place: Place = P) -> NewRecord:
    return NewRecord(place, key.encode(), None if value is None else value.encode())


def read(wire: SimulatedWire, start: int = 0, place: Place = P) -> list[str | None]:
    reader = wire.reader("r")
    reader.follow({place: start})
    found = [each for each in reader.read(1000, 0) if isinstance(each, Message)]
    return [None if each.value is None else each.value.decode() for each in found]


def read_often(reader: Reader) -> None:
    for _ in range(100):
        reader.read(10, 1)


def committed(wire: SimulatedWire, *values: str | None) -> None:
    writer = wire.writer(0)
    writer.claim(1)
    for value in values:
        writer.commit([row(value)], 1)


@pytest.mark.parametrize(
    ("end", "error", "seen_at_once", "seen_after_the_next_claim"),
    [
        (CommitEnd.REFUSED, Refused, False, False),
        (CommitEnd.PERMANENT, Refused, False, False),
        (CommitEnd.BEFORE, Unresolved, False, False),
        (CommitEnd.AFTER, Unresolved, True, True),
        (CommitEnd.LATE, Unresolved, False, False),
    ],
)
def test_a_commit_may_end_badly(
    cluster: LogCluster,
    wire: SimulatedWire,
    end: CommitEnd,
    error: type[Exception],
    seen_at_once: bool,
    seen_after_the_next_claim: bool,
) -> None:
    writer = wire.writer(0)
    writer.claim(1)
    cluster.commits.append(end)
    with pytest.raises(error):
        writer.commit([row("a")], 1)
    assert (read(wire) == ["a"]) == seen_at_once
    wire.writer(0).claim(1)
    assert (read(wire) == ["a"]) == seen_after_the_next_claim


def test_a_late_end_commits_when_time_passes_before_anybody_claims(cluster: LogCluster, wire: SimulatedWire) -> None:
    writer = wire.writer(0)
    writer.claim(1)
    cluster.commits.append(CommitEnd.LATE)
    with pytest.raises(Unresolved):
        writer.commit([row("a")], 1)
    cluster.advance(0.1)
    assert read(wire) == ["a"]


def test_who_goes_on_after_an_unresolved_commit_has_the_next_one_cut_in_two(
    cluster: LogCluster, wire: SimulatedWire
) -> None:
    writer = wire.writer(0)
    writer.claim(1)
    cluster.commits.append(CommitEnd.LATE)
    with pytest.raises(Unresolved):
        writer.commit([row("a")], 1)
    cluster.commits.append(CommitEnd.REFUSED)
    with pytest.raises(Refused):
        writer.commit([row("b"), row("c")], 1)
    assert read(wire) == ["a", "b"]


def test_an_open_transaction_holds_readers_back_until_it_is_ended(cluster: LogCluster, wire: SimulatedWire) -> None:
    writer = wire.writer(0)
    writer.claim(1)
    cluster.commits.append(CommitEnd.BEFORE)
    with pytest.raises(Unresolved):
        writer.commit([row("open")], 1)
    wire.sender("s").send(row("behind it"), lambda refused, offset: None)
    assert read(wire) == []
    assert wire.admin().bounds([P])[P] == (0, 0)
    cluster.advance(29)
    assert read(wire) == []
    cluster.advance(1)
    assert read(wire) == ["behind it"]
    with pytest.raises(Fenced):
        writer.commit([row("too late")], 1)


def test_a_crash_amid_a_commit_leaves_it_open(cluster: LogCluster, wire: SimulatedWire) -> None:
    def die(point: str) -> None:
        if point == "writer:put":
            raise Crash

    writer = wire.writer(0)
    writer.claim(1)
    cluster.at = die
    with pytest.raises(Crash):
        writer.commit([row("a")], 1)
    cluster.at = lambda point: None
    assert cluster.log(P).stable == 0
    committed(wire, "b")
    assert read(wire) == ["b"]


def test_another_claims_amid_a_commit(cluster: LogCluster, wire: SimulatedWire) -> None:
    def claim(point: str) -> None:
        if point == "writer:put":
            cluster.at = lambda point: None
            cluster.wire().writer(0).claim(1)

    writer = wire.writer(0)
    writer.claim(1)
    cluster.at = claim
    with pytest.raises(Fenced):
        writer.commit([row("a")], 1)
    assert read(wire) == []


def test_compaction_keeps_the_newest_of_each_key_and_offsets_as_they_were(
    cluster: LogCluster, wire: SimulatedWire
) -> None:
    committed(wire, "a", "b", "c")
    ends = cluster.log(P).ends
    cluster.clean()
    assert read(wire) == ["c"]
    assert read(wire, 1) == ["c"]
    committed(wire, None)
    cluster.clean()
    assert read(wire) == [None]
    cluster.clean(deletions=True)
    assert read(wire) == []
    assert cluster.log(P).ends > ends
    reader = wire.reader("r")
    reader.follow({P: 0})
    assert reader.read(10, 0) == [AtEnd(P, cluster.log(P).ends)]


def test_compaction_leaves_what_is_open_and_what_it_would_take_the_place_of(
    cluster: LogCluster, wire: SimulatedWire
) -> None:
    committed(wire, "a")
    cluster.commits.append(CommitEnd.LATE)
    writer = wire.writer(0)
    writer.claim(1)
    with pytest.raises(Unresolved):
        writer.commit([row("b")], 1)
    cluster.clean()
    assert read(wire) == ["a"]
    cluster.advance(0)
    assert read(wire) == ["a", "b"]


def test_retention_deletes_from_the_beginning(cluster: LogCluster, wire: SimulatedWire) -> None:
    old = Place("old", 0)
    sender = wire.sender("s")
    for value in "abc":
        sender.send(row(value, place=old), lambda refused, offset: None)
        cluster.advance(40)
    cluster.clean()
    assert wire.admin().bounds([old])[old] == (2, 3)
    with pytest.raises(OutOfRange):
        read(wire, 0, old)
    assert read(wire, 2, old) == ["c"]


@pytest.mark.parametrize(
    ("end", "stands"), [(SendEnd.DONE, ["a"]), (SendEnd.LOST, []), (SendEnd.LANDED, ["a"])], ids=str
)
def test_what_was_refused_for_time_may_stand_in_the_log(
    cluster: LogCluster, wire: SimulatedWire, end: SendEnd, stands: list[str]
) -> None:
    told: list[bool] = []
    cluster.sends.append(end)
    wire.sender("s").send(row("a"), lambda refused, offset: told.append(refused is None))
    assert told == [end is SendEnd.DONE]
    assert read(wire) == stands


def test_what_is_sent_while_no_broker_answers_waits_and_is_refused_in_the_end(
    cluster: LogCluster, wire: SimulatedWire
) -> None:
    told: list[bool] = []
    sender = wire.sender("s")
    cluster.pause()
    sender.send(row("a"), lambda refused, offset: told.append(refused is None))
    assert (told, sender.waiting_bytes > 0) == ([], True)
    cluster.advance(8)
    sender.send(row("b"), lambda refused, offset: told.append(refused is None))
    cluster.resume()
    assert told == [False, True]
    assert sender.waiting_bytes == 0
    assert read(wire) == ["b"]


def test_nothing_is_asked_of_brokers_that_do_not_answer(cluster: LogCluster, wire: SimulatedWire) -> None:
    writer, reader = wire.writer(0), wire.reader("r")
    writer.claim(1)
    reader.follow({P: 0})
    cluster.pause()
    with pytest.raises(Unresolved):
        writer.commit([row("a")], 1)
    with pytest.raises(Unreachable):
        wire.writer(1).claim(1)
    with pytest.raises(Unreachable):
        wire.admin().bounds([P])
    with pytest.raises(Unreachable):
        read_often(reader)


def test_a_topic_that_was_made_again_is_another_one(cluster: LogCluster, wire: SimulatedWire) -> None:
    reader = wire.reader("r")
    reader.follow({P: 0})
    before = wire.admin().topics(["t"])["t"].id
    cluster.delete("t")
    wire.admin().create([TopicSpec("t", 4)], 3)
    assert wire.admin().topics(["t"])["t"].id != before
    with pytest.raises(StorageError):
        reader.read(10, 0)


def test_members_share_numbers_out_and_ask_before_they_take(cluster: LogCluster) -> None:
    a, b = cluster.wire().group("a", "t"), cluster.wire().group("b", "t")
    assert a.changes() == Changes((0, 1, 2, 3))
    assert b.changes() == Changes()
    assert a.changes() == Changes((), (2, 3))
    assert (a.changes(), b.changes()) == (Changes(), Changes())
    a.released((2,))
    assert b.changes() == Changes((2,))
    a.released((3,))
    assert b.changes() == Changes((3,))
    assert a.changes() == Changes()


def test_a_silent_member_loses_its_numbers_when_its_session_is_over(cluster: LogCluster) -> None:
    a, b = cluster.wire().group("a", "t"), cluster.wire().group("b", "t")
    a.changes()
    b.changes()
    cluster.stop("a")
    cluster.advance(9)
    assert b.changes() == Changes()
    assert cluster.now - a.last_contact >= 9
    cluster.advance(1)
    assert b.changes() == Changes((0, 1, 2, 3))
    assert a.changes() == Changes((), (0, 1, 2, 3), (0, 1, 2, 3))
    a.changes()
    assert b.changes() == Changes((), (2, 3))
    b.released((2, 3))
    assert a.changes() == Changes((2, 3))


def test_a_member_that_comes_back_in_time_has_its_numbers_at_once(cluster: LogCluster) -> None:
    a, b = cluster.wire().group("a", "t"), cluster.wire().group("b", "t")
    a.changes()
    b.changes()
    a.released(a.changes().lost)
    b.changes()
    cluster.stop("a")
    cluster.advance(5)
    again = cluster.wire().group("a", "t")
    assert again.changes() == Changes((0, 1))
    assert a.changes().gone == (0, 1)
    cluster.advance(20)
    assert (again.changes(), b.changes()) == (Changes(), Changes())


def test_nobody_is_heard_while_no_broker_answers(cluster: LogCluster) -> None:
    a = cluster.wire().group("a", "t")
    a.changes()
    cluster.pause()
    cluster.advance(5)
    assert a.changes() == Changes()
    cluster.advance(5)
    assert a.changes().gone == (0, 1, 2, 3)
    cluster.resume()
    assert a.changes() == Changes((0, 1, 2, 3))
