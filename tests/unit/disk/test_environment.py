"""Environment: one LMDB environment done right."""

from __future__ import annotations

import errno
import os
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from collector.disk.allocation import STEP_BYTES
from collector.disk.chunks import CHUNK_BYTES, delete_chunks, get_chunks, occupied_bytes, put_chunks
from collector.disk.directory import LOCK_TABLE_BYTES
from collector.disk.environment import CommitError, Environment
from collector.disk.freelist import PAGE_BYTES
from collector.errors import Replaced, StorageError

BUDGET = 8 << 20


def _lmdb_error(code: int) -> lmdb.Error:
    """As LMDB's binding raises it for an error of the system."""
    error = lmdb.Error(f"mdb_txn_commit: {os.strerror(code)}")
    error.code = code
    return error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "env"


@pytest.fixture
def environment(path: Path) -> Iterator[Environment]:
    with Environment.create(path, BUDGET, "journal", 1) as environment:
        yield environment


def test_files_are_private_whatever_the_umask(path: Path) -> None:
    """Directories 0700, files 0600, even with an open umask."""
    before = os.umask(0)
    try:
        Environment.create(path, BUDGET, "journal", 1).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {
        "data.mdb": 0o600,
        "lock.mdb": 0o600,
        "writer.lock": 0o600,
    }


def _allocated(environment: Environment) -> int:
    """The size of the file, all of which has its blocks."""
    data = (environment.path / "data.mdb").stat()
    assert data.st_blocks * 512 >= data.st_size
    return data.st_size


def test_a_small_map_is_allocated_at_first_start(environment: Environment) -> None:
    """A quarter above the budget, with blocks on disk: no ENOSPC later."""
    assert _allocated(environment) == BUDGET * 1.25


def test_the_file_grows_in_steps_ahead_of_need(path: Path) -> None:
    """One step at first, whatever the budget. Each page that is written had its block before the transaction began, and
    what is freed is used again before the file grows."""
    with Environment.create(path, 16 * STEP_BYTES, "journal", 1) as environment:
        table = environment.db("t")
        assert _allocated(environment) == STEP_BYTES
        for number in range(10):
            before = _allocated(environment)
            assert environment.has_room(occupied_bytes(4 << 20))
            grown = _allocated(environment)
            assert grown - before in (0, STEP_BYTES)
            with environment.write() as txn:
                put_chunks(txn, table, number.to_bytes(4, "big"), bytes(4 << 20))
            assert environment._handle.pages * PAGE_BYTES <= grown == _allocated(environment)
        assert _allocated(environment) == 2 * STEP_BYTES
        for number in range(20):
            with environment.write() as txn:
                delete_chunks(txn, table, number.to_bytes(4, "big"))
            with environment.write() as txn:
                put_chunks(txn, table, (number + 10).to_bytes(4, "big"), bytes(4 << 20))
        assert _allocated(environment) == 2 * STEP_BYTES
        assert environment.has_room(4 * STEP_BYTES)
        assert _allocated(environment) >= 5 * STEP_BYTES


@pytest.mark.parametrize("size", [3 * STEP_BYTES, 40 * STEP_BYTES], ids=["grown", "allocated in full"])
def test_what_a_file_has_it_keeps(path: Path, size: int) -> None:
    """A restart, and files that an earlier version allocated in full."""
    Environment.create(path, 32 * STEP_BYTES, "journal", 1).close()
    with (path / "data.mdb").open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    with Environment.create(path, 32 * STEP_BYTES, "journal", 1) as environment:
        assert _allocated(environment) == size
        assert environment.limit_bytes == min(32 * STEP_BYTES, int(size / 1.25))


def test_a_step_that_is_refused_is_a_smaller_budget_for_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is begun that has no room; deleting may go into the reserve; the file grows when the disk lets it."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Environment.create(path, 4 * STEP_BYTES, "journal", 1) as environment:
        with monkeypatch.context() as disk:
            disk.setattr(os, "posix_fallocate", full)
            assert not environment.has_room(STEP_BYTES)
            assert environment.growth_refused == "No space left on device"
            assert environment.usable_bytes == int(STEP_BYTES / 1.25)
            room = environment.room_bytes()
            assert environment.has_room(room)
            assert not environment.has_room(room + 1)
            assert environment.has_room(room + STEP_BYTES // 20, reserve=True)
        environment._allocation._retry_at = 0.0  # a second later
        assert environment.has_room(STEP_BYTES)
        assert not environment.growth_refused
        assert environment.usable_bytes == 4 * STEP_BYTES


def test_the_table_of_readers_is_allocated_before_it_is_mapped(environment: Environment) -> None:
    """A page of a map without a block ends the process when the disk is full; the size is what LMDB itself takes."""
    table = (environment.path / "lock.mdb").stat()
    assert table.st_blocks * 512 >= table.st_size == LOCK_TABLE_BYTES
    assert environment._handle.lmdb.info()["max_readers"] == 126


def test_the_id_lasts_as_long_as_the_files(path: Path) -> None:
    with Environment.create(path, BUDGET, "journal", 1) as first:
        identity = first.id
    assert len(identity) == 16
    assert int(identity, 16) >= 0
    with Environment.create(path, BUDGET, "journal", 1) as again:
        assert again.id == identity
    for file in path.iterdir():
        file.unlink()
    with Environment.create(path, BUDGET, "journal", 1) as wiped:
        assert wiped.id != identity


@pytest.mark.parametrize(
    ("kind", "version", "message"),
    [("partition", 1, "is a journal, not a partition"), ("journal", 2, "was written in format 1")],
)
def test_foreign_files_are_refused(path: Path, kind: str, version: int, message: str) -> None:
    """A format or kind that this version does not know is never read or written."""
    Environment.create(path, BUDGET, "journal", 1).close()
    with pytest.raises(StorageError, match=message):
        Environment.create(path, BUDGET, kind, version)
    with pytest.raises(StorageError, match=message):
        Environment.open(path, kind, version)
    Environment.create(path, BUDGET, "journal", 1).close()  # the refusal held on to nothing


def test_a_damaged_file_is_refused(path: Path) -> None:
    Environment.create(path, BUDGET, "journal", 1).close()
    (path / "data.mdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(StorageError, match="can't be opened"):
        Environment.create(path, BUDGET, "journal", 1)


def test_a_second_writer_is_refused(environment: Environment) -> None:
    """In the same process and in another one."""
    with pytest.raises(StorageError, match="already has a writer"):
        Environment.create(environment.path, BUDGET, "journal", 1)
    script = (
        "import sys; from pathlib import Path; from collector.disk.environment import Environment\n"
        "Environment.create(Path(sys.argv[1]), 8 << 20, 'journal', 1)"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(environment.path)], capture_output=True, text=True, check=False
    )
    assert other.returncode != 0
    assert "already has a writer" in other.stderr


def test_a_reader_waits_for_the_writers_first_start(path: Path) -> None:
    assert Environment.open(path, "journal", 1) is None
    path.mkdir(parents=True)
    assert Environment.open(path, "journal", 1) is None
    (path / "data.mdb").touch()
    assert Environment.open(path, "journal", 1) is None


def test_reader_and_writer_of_one_process_share_the_handle(path: Path) -> None:
    """Whoever comes first, and whoever leaves first."""
    Environment.create(path, BUDGET, "journal", 1).close()
    reader = Environment.open(path, "journal", 1)
    assert reader is not None
    writer = Environment.create(path, 2 * BUDGET, "journal", 1)
    table = writer.db("t")
    with writer.write() as txn:
        txn.put(b"k", b"v", db=table)
    with reader.read() as txn:
        assert txn.get(b"k", db=reader.db("t")) == b"v"
    writer.close()
    writer.close()
    with reader.read() as txn:
        assert txn.get(b"k", db=reader.db("t")) == b"v"
    again = Environment.create(path, BUDGET, "journal", 1)
    again.close()
    reader.close()


def test_a_reader_can_not_write(environment: Environment) -> None:
    reader = Environment.open(environment.path, "journal", 1)
    assert reader is not None
    with reader:
        assert reader.db("missing") is None
        with pytest.raises(StorageError, match="reading only"), reader.write():
            pass


def test_a_raising_block_keeps_nothing(environment: Environment) -> None:
    table = environment.db("t")

    def defect() -> None:
        with environment.write() as txn:
            txn.put(b"k", b"v", db=table)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        defect()
    with environment.read() as txn:
        assert txn.get(b"k", db=table) is None


def test_a_full_map_is_an_error_that_can_be_survived(environment: Environment) -> None:
    """`MapFullError` never reaches a caller; what was committed stays and the next transaction works."""
    table = environment.db("t")
    with environment.write() as txn:
        txn.put(b"kept", b"v", db=table)
    with pytest.raises(CommitError) as caught, environment.write() as txn:
        put_chunks(txn, table, b"k", bytes(2 * BUDGET))
    assert not caught.value.fatal
    with environment.write() as txn:
        txn.put(b"next", b"v", db=table)
    with environment.read() as txn:
        assert txn.get(b"kept", db=table) == b"v"
        assert txn.stat(table)["entries"] == 2


@pytest.mark.parametrize(
    ("cause", "fatal"),
    [
        (OSError(errno.EIO, "I/O error"), True),
        (_lmdb_error(errno.EIO), True),
        (lmdb.PanicError("begin"), True),
        (lmdb.CorruptedError("get"), True),
        (lmdb.BadTxnError("open, after that"), True),
        (OSError(errno.EROFS, "read-only"), True),
        (lmdb.DiskError("commit"), False),
        (lmdb.MapFullError("put"), False),
        (lmdb.ReadersFullError("begin"), False),
    ],
    ids=repr,
)
def test_which_failures_end_the_process(cause: Exception, fatal: bool) -> None:
    """A disk that fails can't be trusted again; a full one can."""
    assert CommitError(Path("x"), cause).fatal is fatal


@pytest.mark.parametrize("size", [0, 1, 2030, 4079, 4080, 4081, 8159, 8160, 8161, 1 << 20, (1 << 20) + 1])
def test_chunks_return_the_same_bytes(environment: Environment, size: int) -> None:
    """Every boundary; neighbours are not touched by reading or deleting."""
    table = environment.db("t")
    value = os.urandom(size)
    with environment.write() as txn:
        for key in (b"a1", b"a2", b"a3"):
            put_chunks(txn, table, key, value)
    with environment.read() as txn:
        assert get_chunks(txn, table, b"a2") == value
        assert get_chunks(txn, table, b"a0") is None
        assert get_chunks(txn, table, b"a4") is None
    with environment.write() as txn:
        chunks = txn.stat(table)["entries"] // 3
        assert delete_chunks(txn, table, b"a2") == chunks
        assert delete_chunks(txn, table, b"a2") == 0
        assert delete_chunks(txn, table, b"a3") == chunks  # the last of the table
    with environment.read() as txn:
        assert get_chunks(txn, table, b"a1") == value
        assert get_chunks(txn, table, b"a2") is None
        assert txn.stat(table)["entries"] == chunks


def test_a_chunk_takes_exactly_one_page(environment: Environment) -> None:
    """No contiguous runs, no page half used."""
    table = environment.db("t")
    with environment.write() as txn:
        put_chunks(txn, table, b"k", bytes(100 * CHUNK_BYTES))
        assert txn.stat(table)["overflow_pages"] == 100


@pytest.mark.parametrize("size", [0, 1, 300, 1899, 1901, 2030, 4080, 4081, 6000, 100_000, 1 << 20])
def test_occupied_bytes_is_an_upper_bound(environment: Environment, size: int) -> None:
    """For values put in any order, whatever their size: the budget is counted with it."""
    table = environment.db("t")
    count = max(4, min(800, (4 << 20) // (size + 100)))
    keys = [number.to_bytes(12, "big") for number in range(count)]
    random.Random(size).shuffle(keys)
    before = environment.pages_in_use()
    for start in range(0, count, 50):
        with environment.write() as txn:
            for key in keys[start : start + 50]:
                put_chunks(txn, table, key, bytes(size))
    grown = (environment.pages_in_use() - before) * PAGE_BYTES
    assert grown <= count * occupied_bytes(size) + 8 * PAGE_BYTES


@pytest.mark.slow
def test_pages_in_use_agree_with_lmdb(environment: Environment) -> None:
    """After any history: all tables, the two meta pages and the free list's own pages, as LMDB counts them."""
    table = environment.db("t")
    dice = random.Random(7)
    for _ in range(300):
        with environment.write() as txn:
            for _ in range(20):
                key = dice.randrange(60).to_bytes(4, "big")
                delete_chunks(txn, table, key)
                put_chunks(txn, table, key, bytes(dice.choice([0, 300, 2500, 6000, 40_000])))
        with environment.read() as txn:
            live = sum(_pages(txn.stat(db)) for db in (table, environment.db("meta")))
        main = _pages(environment._handle.lmdb.stat())
        in_use = environment.pages_in_use()
        free_list = in_use - (2 + main + live)
        assert 1 <= free_list <= 8
    assert environment._handle.lmdb.info()["last_pgno"] > in_use  # else nothing was ever free


def test_pages_in_use_inside_a_transaction(environment: Environment) -> None:
    """They grow with what the transaction has put so far, and not with what it deletes."""
    table = environment.db("t")
    before = environment.pages_in_use()
    with environment.write() as txn:
        put_chunks(txn, table, b"k", bytes(100 * CHUNK_BYTES))
        assert 100 <= environment.pages_in_use(txn) - before <= 110
        assert environment.has_room(BUDGET - (before + 180) * PAGE_BYTES, txn)
        assert not environment.has_room(BUDGET - (before + 150) * PAGE_BYTES, txn)
    with environment.write() as txn:
        delete_chunks(txn, table, b"k")
        assert environment.pages_in_use(txn) >= before + 100


def test_room_follows_the_budget(environment: Environment) -> None:
    """`has_room` and `room_bytes` agree; the reserve reaches further than the budget."""
    room = environment.room_bytes()
    assert environment.has_room(room)
    assert not environment.has_room(room + 1)
    assert environment.has_room(room + BUDGET // 10, reserve=True)
    assert not environment.has_room(room + BUDGET // 7, reserve=True)


def test_a_reader_pins_what_is_freed(environment: Environment) -> None:
    """While a snapshot is held, deleted pages stay in use; they are free when it ends."""
    table = environment.db("t")
    with environment.write() as txn:
        put_chunks(txn, table, b"k", bytes(200 * CHUNK_BYTES))
    full = environment.pages_in_use()
    with environment.read():
        with environment.write() as txn:
            delete_chunks(txn, table, b"k")
        assert environment.pages_in_use() >= full
    assert environment.pages_in_use() <= full - 200


def test_a_directory_that_was_wiped_is_noticed(environment: Environment) -> None:
    assert environment.is_current()
    (environment.path / "data.mdb").unlink()
    assert not environment.is_current()


def _pages(stat: dict[str, int]) -> int:
    return stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]


def test_damaged_pages_are_told_in_one_sentence_with_the_way_out(path: Path) -> None:
    """Whoever opens it; what to set aside, and what that costs."""
    Environment.create(path, BUDGET, "journal", 1).close()
    with (path / "data.mdb").open("r+b") as file:
        file.seek(2 * PAGE_BYTES)
        file.write(os.urandom(14 * PAGE_BYTES))
    for opening in (
        lambda: Environment.create(path, BUDGET, "journal", 1),
        lambda: Environment.open(path, "journal", 1),
    ):
        with pytest.raises(StorageError) as caught:
            opening()
        said = str(caught.value)
        assert "is damaged" in said
        assert f"mv {path} {path}.damaged" in said
        assert "will not be delivered" in said
        assert "\n" not in said


def test_files_that_lost_their_name_are_noticed(environment: Environment) -> None:
    environment.check_current()
    environment.path.rename(environment.path.with_name("aside"))
    with pytest.raises(Replaced, match="was moved, deleted or replaced while logboom ran"):
        environment.check_current()
