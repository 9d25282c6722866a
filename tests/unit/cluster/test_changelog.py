"""Rows as records: what is restored from a changelog is what its owner has, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.cluster.changelog import PART_BYTES, Changelog, Mark, Places
from collector.cluster.follower import Follower
from collector.cluster.restoring import Restoring
from collector.disk.chunks import CHUNK_BYTES, delete_chunks, put_chunks
from collector.disk.environment import CommitError
from collector.errors import Lost
from collector.kafka.wire import Place
from collector.ledger.tables import U64
from collector.testing.log_cluster import CommitEnd, LogCluster, SimulatedWire
from counterparts.examples import examples
from counterparts.replicated_bench import PLACES, PREFIX, make_topics, rows_in

BUDGET = 32 << 20
NOW_UNIX_MS = 1_700_000_000_000


@contextmanager
def taken(wire: SimulatedWire, path: Path) -> Iterator[tuple[Follower, Changelog]]:
    """Partition 0, by whoever asks last."""
    follower, changelog = Restoring(wire, wire.admin(), PREFIX, now_unix_ms=lambda: NOW_UNIX_MS).take(0, path, BUDGET)
    with follower.environment:
        follower.environment.follow(changelog)
        yield follower, changelog


@pytest.fixture
def wire() -> SimulatedWire:
    wire = LogCluster().wire(PREFIX)
    make_topics(wire.admin())
    return wire


SIZES = st.sampled_from(
    [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 5]
)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["content", "dead_content", "blobs"]),
        st.integers(0, 2),
        st.one_of(st.none(), SIZES),
    ),
    max_size=4,
)  # fmt: skip
ROWS = st.lists(st.tuples(st.sampled_from(["cursors", "partition", "counts"]), st.binary(min_size=1, max_size=3), st.one_of(st.none(), st.binary(max_size=3))), max_size=6)  # fmt: skip


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(CHANGES, ROWS), max_size=5), st.sets(st.integers(0, 4)))
def test_any_changes_restored_are_the_same_rows(
    transactions: list[tuple[list[tuple[str, int, int | None]], list[tuple[str, bytes, bytes | None]]]],
    restored_behind: set[int],
) -> None:
    """Also into a copy that has a part of it. Every content has its header, as the ledger writes them."""
    wire = LogCluster().wire(PREFIX)
    make_topics(wire.admin())
    with TemporaryDirectory() as folder:
        for number, (changes, rows) in enumerate(transactions):
            with taken(wire, Path(folder) / "owner") as (owner, _):
                environment = owner.environment
                with environment.write() as txn:
                    for place, (table, key, size) in enumerate(changes):
                        base, header = U64.pack(key), {"content": "outbox", "dead_content": "dead"}.get(table)
                        value = None if size is None else bytes([place + 1]) * size
                        for name, written in ((table, value), (header, value and value[:3])):
                            if name is not None:
                                delete_chunks(txn, environment.db(name), base)
                            if name is not None and written is not None:
                                put_chunks(txn, environment.db(name), base, written)
                    for table, name, row in rows:
                        if row is None:
                            txn.delete(name, db=environment.db(table))
                        else:
                            txn.put(name, row, db=environment.db(table))
                owners = rows_in(environment)
            if number in restored_behind or number == len(transactions) - 1:
                for place in ("follower", f"anew-{number}"):
                    with taken(wire, Path(folder) / place) as (other, _):
                        assert rows_in(other.environment) == owners


def put(follower: Follower, seq: int, content: bytes) -> None:
    """An outbox entry."""
    environment = follower.environment
    with environment.write() as txn:
        for table, value in (("outbox", b"header"), ("content", content)):
            delete_chunks(txn, environment.db(table), U64.pack(seq))
            put_chunks(txn, environment.db(table), U64.pack(seq), value)


def drop(follower: Follower, seq: int) -> None:
    environment = follower.environment
    with environment.write() as txn:
        for table in ("outbox", "content"):
            delete_chunks(txn, environment.db(table), U64.pack(seq))


def test_the_outbox_topic_is_trimmed_behind_what_waits(wire: SimulatedWire, tmp_path: Path) -> None:
    """Never what stands in a content that somebody waits for, also one that was written anew, and across a restart."""
    admin = wire.admin()

    def begins() -> int:
        return admin.bounds([PLACES.outbox])[PLACES.outbox][0]

    with taken(wire, tmp_path / "owner") as (owner, changelog):
        for seq in range(4):
            put(owner, seq, b"content %d" % seq)
        changelog.trim(admin)
        assert begins() == 0
        drop(owner, 1)  # not the first: nothing can go
        changelog.trim(admin)
        assert begins() == 0
        drop(owner, 0)
        changelog.trim(admin)
        first = begins()
        assert first > 0
        put(owner, 2, b"written anew")  # the lowest that waits is 3 now, as far as the topic goes
        changelog.trim(admin)
        assert begins() > first
        there = rows_in(owner.environment)
    with taken(wire, tmp_path / "other") as (other, changelog):
        assert rows_in(other.environment) == there
        drop(other, 2)
        drop(other, 3)
        changelog.trim(admin)
        assert begins() == admin.bounds([PLACES.outbox])[PLACES.outbox][1]
    with taken(wire, tmp_path / "owner") as (owner, changelog):  # its copy is behind what was deleted
        assert not [name for name, _ in rows_in(owner.environment) if name in ("outbox", "content")]
        assert changelog.trim(admin) == begins()


def test_what_was_in_a_copy_is_not_trimmed_before_it_is_gone(wire: SimulatedWire, tmp_path: Path) -> None:
    """A copy that goes on does not know where in the topic its contents stand: they hold all of it until they are gone."""
    admin = wire.admin()
    with taken(wire, tmp_path / "owner") as (owner, _):
        put(owner, 0, b"old")
        put(owner, 1, b"older")
    with taken(wire, tmp_path / "owner") as (owner, changelog):
        drop(owner, 0)
        put(owner, 2, b"new")
        assert changelog.trim(admin) == 0
        drop(owner, 1)
        assert changelog.trim(admin) > 0
        there = rows_in(owner.environment)
    with taken(wire, tmp_path / "other") as (other, _):
        assert rows_in(other.environment) == there


@pytest.mark.parametrize("sizes", [(PART_BYTES + 1, 1), (2 * PART_BYTES, PART_BYTES), (1, 3 * PART_BYTES, 0)])
def test_a_content_that_is_written_anew_leaves_no_part_of_the_old_one(
    wire: SimulatedWire, tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    """As an erasure does."""
    with taken(wire, tmp_path / "owner") as (owner, _):
        for size in sizes:
            put(owner, 0, b"v" * size)
        there = rows_in(owner.environment)
    with taken(wire, tmp_path / "other") as (other, _):
        assert rows_in(other.environment) == there


def test_a_refused_commit_may_be_given_again(wire: SimulatedWire, tmp_path: Path) -> None:
    with taken(wire, tmp_path / "owner") as (owner, _):
        wire.cluster.commits.append(CommitEnd.REFUSED)
        with pytest.raises(CommitError) as refused:
            put(owner, 0, b"content")
        assert not refused.value.fatal
        put(owner, 0, b"content")
        there = rows_in(owner.environment)
    with taken(wire, tmp_path / "other") as (other, _):
        assert rows_in(other.environment) == there


@pytest.mark.parametrize("end", [CommitEnd.BEFORE, CommitEnd.LATE, CommitEnd.AFTER])
def test_after_a_commit_of_which_nobody_knows_the_log_says_what_is_true(
    wire: SimulatedWire, tmp_path: Path, end: CommitEnd
) -> None:
    """The owner takes nothing more; who takes the partition anew, the same copy or another, has it or has it not."""
    with taken(wire, tmp_path / "owner") as (owner, _):
        put(owner, 0, b"first")
        wire.cluster.commits.append(end)
        with pytest.raises(Lost, match="nobody knows"):
            put(owner, 1, b"second")
        with pytest.raises(Lost):
            put(owner, 2, b"third")
        before = rows_in(owner.environment)
    with taken(wire, tmp_path / "owner") as (owner, _):
        anew = rows_in(owner.environment)
    with taken(wire, tmp_path / "other") as (other, _):
        assert rows_in(other.environment) == anew
    assert (anew == before) == (end is not CommitEnd.AFTER)


def test_a_second_claim_fences_the_first(wire: SimulatedWire, tmp_path: Path) -> None:
    """What it tries to commit is seen by nobody."""
    with taken(wire, tmp_path / "owner") as (owner, _):
        put(owner, 0, b"first")
        with taken(wire, tmp_path / "other") as (other, _):
            with pytest.raises(Lost, match="another owner"):
                put(owner, 1, b"second")
            put(other, 1, b"the other's")
            there = rows_in(other.environment)
    with taken(wire, tmp_path / "third") as (third, _):
        assert rows_in(third.environment) == there


def test_a_mark_is_what_was_packed() -> None:
    mark = Mark({Place("a/b", 3): 7, Place("c", 0): 0}, NOW_UNIX_MS)
    assert Mark.unpacked(mark.packed()) == mark


def test_topics_are_named_by_the_prefix() -> None:
    assert Places.of("x", 2) == (Place("x.ledger", 2), Place("x.outbox", 2), Place("x.dead", 2))
