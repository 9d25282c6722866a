"""A write transaction of an environment that is a copy of a log: the same rows, told to the log before LMDB has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.disk.changes import Changes
from collector.disk.chunks import CHUNK_BYTES, delete_chunks, get_chunks, put_chunks
from collector.disk.environment import CommitError, Environment
from collector.errors import Lost, StorageError

BUDGET = 8 << 20
TABLES = ("one", "other")


class DictLog:
    """What was published, replayed; `fails` is raised instead."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, bytes], bytes] = {}
        self.published: list[Changes] = []
        self.fails: Exception | None = None
        self.closed = 0

    def publish(self, changes: Changes) -> bytes:
        if self.fails is not None:
            raise self.fails
        self.published.append(dict(changes))
        for place, value in changes.items():
            if value is None:
                self.rows.pop(place, None)
            else:
                self.rows[place] = value
        return b"%d" % len(self.published)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def log() -> DictLog:
    return DictLog()


@pytest.fixture
def copy(tmp_path: Path, log: DictLog) -> Iterator[Environment]:
    with Environment.create(tmp_path / "copy", BUDGET, "partition", 1, durable=False) as environment:
        environment.dbs(TABLES)
        environment.follow(log)
        yield environment


def rows(environment: Environment) -> dict[tuple[str, bytes], bytes]:
    with environment.read() as txn:
        return {(name, key): value for name in TABLES for key, value in txn.cursor(db=environment.db(name))}


Operation = Callable[[Any, Any], Any]
"""What it does to a transaction and a table, and what that answers."""

keys = st.sampled_from([b"a", b"ab", b"b", b"c"])
values = st.binary(max_size=12)
operations: st.SearchStrategy[tuple[str, Operation]] = st.tuples(
    st.sampled_from(TABLES),
    st.one_of(
        st.builds(lambda key, value, over: lambda txn, db: txn.put(key, value, overwrite=over, db=db), keys, values, st.booleans()),
        st.builds(lambda key: lambda txn, db: txn.get(key, default=b"none", db=db), keys),
        st.builds(lambda key: lambda txn, db: txn.delete(key, db=db), keys),
        st.builds(lambda key: lambda txn, db: txn.pop(key, db=db), keys),
        st.builds(lambda key, value: lambda txn, db: txn.replace(key, value, db=db), keys, values),
        st.builds(lambda key: lambda txn, db: _cursor_delete(txn.cursor(db=db), key), keys),
        st.builds(lambda key, value: lambda txn, db: txn.cursor(db=db).put(key, value), keys, values),
        st.builds(lambda key, value: lambda txn, db: txn.cursor(db=db).replace(key, value), keys, values),
        st.builds(lambda key: lambda txn, db: txn.cursor(db=db).pop(key), keys),
        st.builds(lambda pairs: lambda txn, db: txn.cursor(db=db).putmulti(iter(pairs)), st.lists(st.tuples(keys, values))),
        st.builds(lambda key, size: lambda txn, db: put_chunks(txn, db, b"long" + key, b"v" * size), keys, st.sampled_from([0, 1, CHUNK_BYTES, 9000])),
        st.builds(lambda key: lambda txn, db: delete_chunks(txn, db, b"long" + key), keys),
        st.builds(lambda key: lambda txn, db: get_chunks(txn, db, b"long" + key), keys),
        st.just(lambda txn, db: list(txn.cursor(db=db))),
        st.just(lambda txn, db: list(txn.cursor(db=db).iterprev()) if txn.cursor(db=db).last() else []),
    ),
)  # fmt: skip


def _cursor_delete(cursor: Any, key: bytes) -> tuple[object, ...]:
    found = cursor.set_range(key)
    at = cursor.item() if found else None
    return found, at, cursor.delete() if found else None, cursor.key(), cursor.value()


@given(st.lists(st.tuples(st.lists(operations, max_size=8), st.booleans()), max_size=6))
def test_answers_as_lmdb_does_and_its_log_has_the_same_rows(
    transactions: list[tuple[list[tuple[str, Operation]], bool]],
) -> None:
    log = DictLog()
    with TemporaryDirectory() as folder:
        plain = Environment.create(Path(folder) / "plain", BUDGET, "partition", 1, durable=False)
        copy = Environment.create(Path(folder) / "copy", BUDGET, "partition", 1, durable=False)
        with plain, copy:
            plain.dbs(TABLES)
            copy.dbs(TABLES)
            copy.follow(log)
            for done, kept in transactions:
                answers = []
                for environment in (plain, copy):
                    try:
                        with environment.write() as txn:
                            answers.append([operation(txn, environment.db(name)) for name, operation in done])
                            if not kept:
                                raise ZeroDivisionError
                    except ZeroDivisionError:
                        pass
                assert answers[0] == answers[1]
                assert rows(copy) == rows(plain) == log.rows
        assert log.closed == 1


def test_what_did_not_change_is_not_published(copy: Environment, log: DictLog) -> None:
    """Reading, deleting what is not there."""
    with copy.write() as txn:
        txn.get(b"a", db=copy.db("one"))
        txn.delete(b"a", db=copy.db("one"))
        txn.pop(b"a", db=copy.db("one"))
    assert not log.published
    assert copy.mark is None


def test_the_last_value_of_a_transaction_is_published(copy: Environment, log: DictLog) -> None:
    with copy.write() as txn:
        for value in (b"1", b"2"):
            txn.put(b"a", value, db=copy.db("one"))
        txn.put(b"b", b"1", db=copy.db("one"))
        txn.delete(b"b", db=copy.db("one"))
    assert log.published == [{("one", b"a"): b"2", ("one", b"b"): None}]
    assert copy.mark == b"1"


def test_a_log_that_refuses_leaves_everything_as_it_was(copy: Environment, log: DictLog) -> None:
    """The same may be given again."""
    log.fails = CommitError(copy.path, OSError("brokers are busy"))
    with pytest.raises(CommitError, match="busy"), copy.write() as txn:
        txn.put(b"a", b"1", db=copy.db("one"))
    assert not rows(copy)
    log.fails = None
    with copy.write() as txn:
        txn.put(b"a", b"1", db=copy.db("one"))
    assert rows(copy) == log.rows == {("one", b"a"): b"1"}


def test_once_lost_it_takes_nothing_more_and_can_be_read(copy: Environment, log: DictLog) -> None:
    with copy.write() as txn:
        txn.put(b"a", b"1", db=copy.db("one"))
    log.fails = Lost("another owner")
    for _ in range(2):
        with pytest.raises(Lost, match="another owner"), copy.write() as txn:
            txn.put(b"a", b"2", db=copy.db("one"))
        log.fails = None  # the log would take it again: too late
    assert rows(copy) == {("one", b"a"): b"1"}
    assert len(log.published) == 1


def test_what_the_log_has_and_lmdb_could_not_write_loses_the_partition(
    copy: Environment, log: DictLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local copy is behind: it must read the log again, not go on."""
    published = log.publish

    def full(changes: Changes) -> bytes:
        published(changes)
        return b"m" * 600_000_000  # no map takes that

    monkeypatch.setattr(log, "publish", full)
    with pytest.raises(Lost, match="could not be given"), copy.write() as txn:
        txn.put(b"a", b"1", db=copy.db("one"))
    monkeypatch.setattr(log, "publish", published)
    with pytest.raises(Lost, match="the local copy has not"), copy.write() as txn:
        txn.put(b"b", b"1", db=copy.db("one"))
    assert not rows(copy)
    assert ("one", b"a") in log.rows


def test_what_is_replayed_is_not_published(copy: Environment, log: DictLog) -> None:
    with copy.replay(b"7") as txn:
        txn.put(b"a", b"1", db=copy.db("one"))
    assert rows(copy) == {("one", b"a"): b"1"}
    assert copy.mark == b"7"
    assert not log.published


def test_the_mark_is_there_after_a_restart(tmp_path: Path, log: DictLog) -> None:
    with Environment.create(tmp_path / "copy", BUDGET, "partition", 1, durable=False) as copy:
        copy.dbs(TABLES)
        copy.follow(log)
        with copy.write() as txn:
            txn.put(b"a", b"1", db=copy.db("one"))
    with Environment.create(tmp_path / "copy", BUDGET, "partition", 1, durable=False) as copy:
        assert copy.mark == b"1"


def test_growth_within_a_transaction_is_seen(copy: Environment) -> None:
    """`has_room` asks the transaction that is under way."""
    with copy.write() as txn:
        before = copy.pages_in_use(txn)
        put_chunks(txn, copy.db("one"), b"a", b"v" * (100 * CHUNK_BYTES))
        assert copy.pages_in_use(txn) >= before + 100


def test_a_method_that_is_not_recorded_is_refused(copy: Environment) -> None:
    with copy.write() as txn:
        with pytest.raises(AttributeError, match="not recorded"):
            txn.cursor(db=copy.db("one")).delete_all()
        with pytest.raises(ValueError, match="passed over"):
            txn.cursor(db=copy.db("one")).putmulti([(b"a", b"1")], overwrite=False)


def test_durable_and_copy_do_not_share_a_handle(tmp_path: Path) -> None:
    """A reader takes what there is; a writer whose commits must be durable is refused beside a copy."""
    with Environment.create(tmp_path / "copy", BUDGET, "partition", 1, durable=False):
        reader = Environment.open(tmp_path / "copy", "partition", 1)
        assert reader is not None
        reader.close()
        (tmp_path / "copy" / "writer.lock").unlink()  # as if nobody had it
        with pytest.raises(StorageError, match="not durable"):
            Environment.create(tmp_path / "copy", BUDGET, "partition", 1)
    with Environment.create(tmp_path / "copy", BUDGET, "partition", 1) as durable:
        assert durable.mark is None
