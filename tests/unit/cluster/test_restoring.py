"""Taking a partition: what becomes of the local copy, and what stops it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import orjson
import pytest

from collector.cluster import changelog, restoring
from collector.cluster import follower as following
from collector.cluster.changelog import Changelog
from collector.cluster.follower import Follower
from collector.cluster.restoring import Restoring
from collector.disk.directory import lock_writer
from collector.disk.environment import Environment
from collector.errors import Locked, Lost, StorageError
from collector.kafka.wire import NewRecord, Unreachable
from collector.ledger.interface import Commit
from collector.ledger.journal_sources import JournalSources
from collector.ledger.plan import PipelinePlan, Quota
from collector.ledger.tables import FORMAT_VERSION
from collector.pipeline.decode import decode
from collector.testing.log_cluster import LogCluster, SimulatedWire
from counterparts.partition_bench import MIB, PartitionBench, plan
from counterparts.replicated_bench import PLACES, PREFIX, ReplicatedBench, make_topics, rows_in

BUDGET = 32 << 20
NOW_UNIX_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


@contextmanager
def taken(
    wire: SimulatedWire, path: Path, now_unix_ms: int = NOW_UNIX_MS, wanted: Callable[[], bool] = lambda: True
) -> Iterator[tuple[Follower, Changelog]]:
    taking = Restoring(wire, wire.admin(), PREFIX, now_unix_ms=lambda: now_unix_ms, wanted=wanted)
    follower, log = taking.take(0, path, BUDGET)
    with follower.environment:
        follower.environment.follow(log)
        yield follower, log


def put(follower: Follower, name: bytes, value: bytes | None) -> None:
    environment = follower.environment
    with environment.write() as txn:
        if value is None:
            txn.delete(name, db=environment.db("cursors"))
        else:
            txn.put(name, value, db=environment.db("cursors"))


def hold(follower: Follower, seq: int, rows_before: int = 0) -> None:
    """Put an outbox entry: a header, and a content."""
    environment, key = follower.environment, seq.to_bytes(8, "big") + bytes(4)
    with environment.write() as txn:
        for number in range(rows_before):
            txn.put(b"%d" % number, b"1", db=environment.db("cursors"))
        txn.put(key, b"header", db=environment.db("outbox"))
        txn.put(key, b"content", db=environment.db("content"))


def slip(path: Path, name: bytes, value: bytes) -> None:
    """Put a row into a copy that does not stand in the log: a copy that goes on has it, one that is made anew has not."""
    with Environment.create(path, BUDGET, "partition", FORMAT_VERSION, durable=False) as copy:
        mark, table = copy.mark, copy.db("cursors")
        assert mark is not None
        with copy.replay(mark) as txn:
            txn.put(name, value, db=table)


def cursors(follower: Follower) -> dict[bytes, bytes]:
    return {key: value for (name, key), value in rows_in(follower.environment).items() if name == "cursors"}


@pytest.fixture
def wire() -> SimulatedWire:
    wire = LogCluster().wire(PREFIX)
    make_topics(wire.admin())
    return wire


@pytest.fixture
def path(wire: SimulatedWire, tmp_path: Path) -> Path:
    """A copy with one row of the log, and one that is its own."""
    with taken(wire, tmp_path / "copy") as (owner, _):
        put(owner, b"a", b"1")
    slip(tmp_path / "copy", b"slipped", b"in")
    return tmp_path / "copy"


GOES_ON = {b"a": b"1", b"slipped": b"in", b"b": b"2"}
ANEW = {b"a": b"1", b"b": b"2"}


def another_boot(path: Path) -> None:
    said = orjson.loads((path / "copy.json").read_bytes())
    (path / "copy.json").write_bytes(orjson.dumps(said | {"boot": "another"}))


def other_topics(path: Path) -> None:
    said = orjson.loads((path / "copy.json").read_bytes())
    (path / "copy.json").write_bytes(orjson.dumps(said | {"topics": ["other", "a", "b", "c"]}))


def torn(path: Path) -> None:
    (path / "copy.json").write_bytes(b'{"boot": "')


def damaged(path: Path) -> None:
    with (path / "data.mdb").open("r+b") as file:
        file.write(os.urandom(2 * 4096))


def nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "then"),
    [(nothing, GOES_ON), (another_boot, ANEW), (other_topics, ANEW), (torn, ANEW), (damaged, ANEW)],
)
def test_a_copy_goes_on_or_is_made_anew(
    wire: SimulatedWire, path: Path, tmp_path: Path, change: Callable[[Path], None], then: dict[bytes, bytes]
) -> None:
    """The log is the truth: what can't be trusted is thrown away."""
    with taken(wire, tmp_path / "elsewhere") as (other, _):
        put(other, b"b", b"2")
    change(path)
    with taken(wire, path) as (owner, _):
        assert cursors(owner) == then
    with taken(wire, path) as (owner, _):  # what was made anew can be used again
        assert cursors(owner) == then


def test_a_system_that_names_no_boot_uses_no_copy_again(
    wire: SimulatedWire, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_BOOT", path / "nowhere")
    for _ in range(2):
        with taken(wire, path) as (owner, _):
            assert cursors(owner) == {b"a": b"1"}
        slip(path, b"slipped", b"in")


@pytest.mark.parametrize(("later_ms", "then"), [(11 * HOUR_MS, True), (13 * HOUR_MS, False), (-HOUR_MS, False)])
def test_an_old_copy_may_have_missed_deletions(
    wire: SimulatedWire, path: Path, tmp_path: Path, later_ms: int, then: bool
) -> None:
    """The log keeps what says that a row was deleted for a day: a copy of half a day is made anew, as is one from the future."""
    with taken(wire, tmp_path / "elsewhere") as (other, _):
        put(other, b"a", None)
        put(other, b"b", b"2")
    if not then:
        wire.cluster.clean(deletions=True)
    with taken(wire, path, NOW_UNIX_MS + later_ms) as (owner, _):
        assert (b"slipped" in cursors(owner)) == then
        assert b"a" not in cursors(owner)


def test_a_copy_that_was_interrupted_is_as_old_as_before(
    wire: SimulatedWire, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it could miss what was deleted before it was interrupted."""
    with taken(wire, tmp_path / "elsewhere") as (other, _):
        for value in (b"1", b"2"):
            put(other, b"b", value)
    monkeypatch.setattr(restoring, "_AT_ONCE", 1)
    answers = iter([True, False])
    with pytest.raises(Lost), taken(wire, path, NOW_UNIX_MS + 11 * HOUR_MS, lambda: next(answers)):
        pass
    with taken(wire, path, NOW_UNIX_MS + 13 * HOUR_MS) as (owner, _):
        assert cursors(owner) == ANEW


def test_a_copy_that_was_interrupted_goes_on_behind_its_last_row(
    wire: SimulatedWire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever that was: also within what one transaction put."""
    with taken(wire, tmp_path / "owner") as (owner, _):
        table = owner.environment.db("cursors")
        with owner.environment.write() as txn:
            for number in range(9):
                txn.put(b"%d" % number, b"1", db=table)
        there = rows_in(owner.environment)
    monkeypatch.setattr(restoring, "_AT_ONCE", 1)
    for rounds in range(1, 5):
        answers = iter([True] * rounds + [False])
        with pytest.raises(Lost), taken(wire, tmp_path / "other", wanted=lambda answers=answers: next(answers)):
            pass
    with taken(wire, tmp_path / "other") as (other, _):
        assert rows_in(other.environment) == there


def test_a_copy_does_not_read_on_into_what_its_successor_writes(
    wire: SimulatedWire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stood still while it restored would pass over contents whose headers it has not seen, and never look at them again."""
    with taken(wire, tmp_path / "first") as (first, _):
        hold(first, 1)
    monkeypatch.setattr(restoring, "_AT_ONCE", 1)
    successor, looks = ExitStack(), count(1)

    def wanted() -> bool:
        if next(looks) == 4:  # the rows were read to their end, the contents were not
            owner, _ = successor.enter_context(taken(wire, tmp_path / "successor"))
            hold(owner, 2, rows_before=8)
        return True

    with successor:
        with pytest.raises(Lost, match="another owner"), taken(wire, tmp_path / "copy", wanted=wanted):
            pass
        there = rows_in(successor.enter_context(taken(wire, tmp_path / "third"))[0].environment)
    with taken(wire, tmp_path / "copy") as (owner, _):
        assert rows_in(owner.environment) == there


def test_brokers_that_lost_what_they_had_taken_are_believed(
    wire: SimulatedWire, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no other truth for the others."""
    log = wire.cluster.log(PLACES.ledger)
    log.__init__(PLACES.ledger)  # type: ignore[misc]  # an unclean election
    with taken(wire, path) as (owner, _):
        assert not cursors(owner)
    assert "brokers have lost" in caplog.text


def test_another_process_has_the_copy(wire: SimulatedWire, path: Path) -> None:
    """Nobody is fenced before it is sure that this one can go on."""
    with taken(wire, path.parent / "elsewhere") as (owner, _):
        lock = lock_writer(path)
        with pytest.raises(Locked), taken(wire, path):
            pass
        os.close(lock)
        put(owner, b"b", b"2")


def test_a_topic_that_is_missing_is_not_made(wire: SimulatedWire, path: Path) -> None:
    wire.cluster.delete(PLACES.dead.topic)
    with pytest.raises(StorageError, match=r"logboom\.dead is missing"), taken(wire, path):
        pass


def test_rows_that_were_deleted_are_missing(wire: SimulatedWire, path: Path) -> None:
    wire.admin().delete_before({PLACES.ledger: 1})
    with pytest.raises(StorageError, match="rows are missing"), taken(wire, path.parent / "anew"):
        pass


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (NewRecord(PLACES.ledger, b"format", b"99"), "format 99"),
        (NewRecord(PLACES.ledger, b"novelties\0a", b"1"), "novelties"),
    ],
)
def test_rows_of_a_newer_logboom_are_refused(wire: SimulatedWire, path: Path, record: NewRecord, said: str) -> None:
    """The rest of the process goes on, and nothing is left open: once it is put right the partition can be taken."""
    writer = wire.writer(0)
    writer.claim(1)
    writer.commit([record], 1)
    for place in (path, path.parent / "anew"):
        with pytest.raises(Lost, match=said), taken(wire, place):
            pass
    os.close(lock_writer(path))


@pytest.mark.parametrize("place", ["anew", "copy"])
def test_rows_of_an_older_logboom_are_said_to_be_new_ones_with_the_first_commit(
    wire: SimulatedWire, path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an older one that takes the partition again would read what it does not know."""
    newer = FORMAT_VERSION + 1
    for module in (following, changelog):
        monkeypatch.setattr(module, "FORMAT_VERSION", newer)
    with taken(wire, path if place == "copy" else path.parent / place) as (owner, _):
        put(owner, b"new", b"row")
    log = wire.cluster.log(PLACES.ledger)
    assert [each.value for each in log.readable(0) if each.key == b"format"][-1] == b"%d" % newer
    monkeypatch.undo()
    with pytest.raises(Lost, match=f"format {newer}"), taken(wire, path.parent / "older"):
        pass


def test_brokers_that_do_not_answer(wire: SimulatedWire, path: Path) -> None:
    wire.cluster.pause()
    with pytest.raises(Unreachable), taken(wire, path):
        pass
    wire.cluster.resume()
    with taken(wire, path) as (owner, _):
        assert cursors(owner) == {b"a": b"1", b"slipped": b"in"}


def test_compaction_changes_nothing(wire: SimulatedWire, path: Path) -> None:
    with taken(wire, path.parent / "elsewhere") as (other, _):
        for value in (b"1", b"2", None):
            put(other, b"a", value)
        for value in (b"1", None, b"2"):
            put(other, b"b", value)
        wire.cluster.clean()
        there = rows_in(other.environment)
    for place in ("anew", "elsewhere"):
        with taken(wire, path.parent / place) as (owner, _):
            assert rows_in(owner.environment) == there


# --- a ledger that moves

BOTH = PipelinePlan("logs", frozenset({"otlp"}), ("slow", "fast"))
FORWARD = PipelinePlan("logs", frozenset({"otlp"}), ("slow", "fast"), passthrough=True)


def fill(bench: PartitionBench, payloads: int, pipeline: PipelinePlan) -> list[str]:
    """Steps with 20 KB each."""
    bodies = [f"{number} {os.urandom(10_000).hex()}" for number in range(payloads)]
    for body in bodies:
        bench.put(body)
        read = bench.read()
        if pipeline.passthrough:
            bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))
        else:
            bench.step()
        bench.drain("fast")
    return bodies


@pytest.mark.parametrize("pipeline", [BOTH, FORWARD])
def test_a_backlog_beyond_its_quota_moves_with_the_partition(tmp_path: Path, pipeline: PipelinePlan) -> None:
    """`on_full: spill` makes no files of this machine: what they would hold stands in the log."""
    quotas = {"slow": Quota(max_bytes=55_000, on_full="spill", spill_bytes=16 * MIB), "fast": Quota()}
    bench = ReplicatedBench(tmp_path, plan(pipeline, quotas=quotas))
    try:
        bodies = fill(bench, 8, pipeline)
        assert not (tmp_path / "partition" / "spill").exists()
        there = bench.rows()
        assert bench.restored() == there
        bench.ledger.close()
        (tmp_path / "partition").rename(tmp_path / "lost machine")
        bench.open()
        assert bench.drain("slow") == bodies
        assert bench.count("exporter/slow", "exported") == len(bodies)
    finally:
        bench.close()


def test_a_full_spill_area_blocks(tmp_path: Path) -> None:
    """The backlog may take what its quota and its spill area allow, and no more; and the pipeline goes on when there is room."""
    quotas = {"slow": Quota(max_bytes=1, on_full="spill", spill_bytes=60_000), "fast": Quota()}
    bench = ReplicatedBench(tmp_path, plan(BOTH, quotas=quotas))
    try:
        bodies = [f"{number} {os.urandom(10_000).hex()}" for number in range(6)]
        for body in bodies:
            bench.put(body)
        while bench.ledger.read("logs", 1, 1):
            read = bench.ledger.read("logs", 1, 1)
            bench.ledger.commit(Commit("logs", read, {"logs": decode(read.entries).batch}))
        assert 2 <= len(bench.deliverable("slow")) < 6
        delivered = bench.drain("slow")
        while bench.step():
            delivered += bench.drain("slow")
        assert delivered == bodies
    finally:
        bench.close()


def test_a_spilled_backlog_takes_nothing_of_the_others_room(tmp_path: Path) -> None:
    """More than the outbox holds waits for one, and the pipeline goes on for the other."""
    quotas = {"slow": Quota(max_bytes=64 * MIB, on_full="spill", spill_bytes=64 * MIB), "fast": Quota()}
    bench = ReplicatedBench(tmp_path, plan(BOTH, quotas=quotas))
    try:
        body = os.urandom(500_000).hex()
        for number in range(24):  # 24 MB, of an outbox of 16 MiB
            bench.put(f"{number} {body}")
            assert bench.step()
            assert len(bench.drain("fast")) == 1
        assert len(bench.deliverable("slow")) == 24
        assert bench.restored() == bench.rows()
    finally:
        bench.close()


def test_an_exporter_that_was_removed_leaves_its_payloads_where_they_are(tmp_path: Path) -> None:
    bench = ReplicatedBench(tmp_path, plan(FORWARD))
    try:
        bodies = fill(bench, 2, FORWARD)
        bench.reopen(plan(PipelinePlan("logs", frozenset({"otlp"}), ("fast",), passthrough=True)))
        assert not (tmp_path / "partition" / "spill").exists()
        bench.reopen(plan(FORWARD))
        assert bench.drain("slow") == bodies
    finally:
        bench.close()


def test_a_partition_is_of_one_number(tmp_path: Path) -> None:
    """Its place stands in the log: another number of partitions is refused everywhere."""
    bench = ReplicatedBench(tmp_path)
    try:
        bench.ledger.close()
        taking = Restoring(bench.wire, bench.admin, PREFIX)
        with pytest.raises(StorageError, match="is partition 0 of 1, not 0 of 2"):
            taking.open_ledger(0, 2, tmp_path / "anew", bench.plan, JournalSources([tmp_path / "journal"]))
        bench.open()
    finally:
        bench.close()
