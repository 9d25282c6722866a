"""One LMDB environment done right: what the journal and the partitions of the ledger stand on.

    <path>/             0700
      data.mdb          0600, at most 1.25 times the budget; its blocks are taken in steps, ahead of need: no ENOSPC in a commit
      lock.mdb          0600, LMDB's table of readers, allocated too
      writer.lock       0600, flock: held by the one process that writes

Invariants
- A commit is on disk when `write()` ends: `sync` and `metasync` on, `writemap` off. A kill at any point leaves the
  last commit.
- A full map cannot even delete, so `MapFullError` is a defect, never a signal. Writers ask `has_room` before a
  transaction; the quarter of the map above the budget is for copy-on-write and for pages that the next commit frees.
- The same holds for the part of the file that has its blocks (`collector.disk.allocation`): four fifths of it are the
  budget until it has grown, which `has_room` and `write` see to. What the file system refuses makes the budget smaller for
  a while, and nothing else.
- Values go in chunks (`collector.disk.chunks`), so no write needs a contiguous run of pages.
- LMDB must not be opened twice in a process: all `Environment`s of one process on the same files share one handle.
- One with a `log` is a copy of that log (`collector.disk.changes`): what a transaction changes is durable there before LMDB commits it,
  LMDB's writer lock held meanwhile; and LMDB itself syncs nothing. A kill leaves the last commit or one that the log is ahead of; after the
  machine died the files are worth nothing.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import lmdb

from collector.disk.allocation import MAP_FACTOR, Allocation
from collector.disk.changes import MARK, Log, Publishing, Recorded
from collector.disk.compacting import settle
from collector.disk.directory import allocate_lock_table, lock_writer, make_directory, sync_directory
from collector.disk.freelist import PAGE_BYTES, pages_in_use
from collector.disk.handle import Handle, acquire
from collector.errors import Damaged, Lost, NoRoom, Replaced, StorageError, storage_error
from collector.release import newer, release

__all__ = ["CommitError", "Database", "Environment", "Transaction", "sync_directory"]

RESERVE_FACTOR = 1.125
_META = b"meta"
_DAMAGED = (
    lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError, lmdb.IncompatibleError,
    lmdb.BadTxnError,  # what a transaction says after one of the others
)  # fmt: skip
_COPY_ON_WRITE_PAGES = 64  # branch and leaf pages that any one transaction may touch besides its values

Transaction = Any
"""`lmdb.Transaction[bytes]`; the stubs' type parameter does not exist at run time."""
Database = Any
"""A handle from `Environment.db`."""


class CommitError(StorageError):
    """A transaction was not made durable; nothing of it was kept.

    `fatal`: the disk failed or the file is damaged; the process must exit. Otherwise (disk full, a transient
    refusal of the system) the same transaction may be tried again.
    """

    def __init__(self, path: Path, cause: Exception) -> None:
        self.fatal = _is_fatal(cause)
        said = f"{path}: the commit failed: {cause}"
        super().__init__(damaged(path, cause) if isinstance(cause, _DAMAGED) else said)


def _is_fatal(cause: Exception) -> bool:
    if isinstance(cause, (lmdb.PanicError, *_DAMAGED)):
        return True
    code = cause.errno if isinstance(cause, OSError) else getattr(cause, "code", 0)
    return code in (errno.EIO, errno.EROFS, errno.ENODEV, errno.ENXIO)


class Environment:
    """A place on disk with transactions: many readers, one writer.

    `id` (16 hex digits, random) names these files for ever: a wiped directory gets another one.
    """

    def __init__(
        self,
        path: Path,
        handle: Handle,
        meta: dict[str, str],
        lock_fd: int | None = None,
        allocation: Allocation | None = None,
    ) -> None:
        self.path = path
        self.kind = meta["kind"]
        self.id = meta["id"]
        self.budget_bytes = int(meta["budget_bytes"])
        self.readonly = lock_fd is None
        self._handle = handle
        self._allocation = allocation
        self._lock_fd = lock_fd
        self._closed = False
        self._publishing: Publishing | None = None

    @classmethod
    def create(
        cls,
        path: Path,
        budget_bytes: int,
        kind: str,
        format_version: int,
        oldest_format: int | None = None,
        *,
        durable: bool = True,
    ) -> Self:
        """Open for writing; the first start makes the files.

        The budget may change between starts; a map never shrinks. Files from `oldest_format` on (default: this one) are
        taken, and are of `format_version` from now on: an older logboom refuses them. Not `durable`: a commit waits for no disk; for a
        copy of a log.

        Raises:
            StorageError: another process or another writer of this process holds it, the files are of another kind or
                format, or the file system has no room for the first step.
        """
        make_directory(path)
        most_bytes = int(budget_bytes * MAP_FACTOR) // PAGE_BYTES * PAGE_BYTES
        with contextlib.ExitStack() as undo:
            lock_fd = lock_writer(path)
            undo.callback(os.close, lock_fd)
            _settle(path)
            allocate_lock_table(path)
            handle = acquire(path, most_bytes, durable=durable)
            undo.callback(handle.release)
            allocation = Allocation.take(path, most_bytes, min(handle.pages * PAGE_BYTES, handle.map_bytes))
            undo.callback(allocation.close)
            try:
                meta = _claim(handle, path, budget_bytes, kind, Formats(format_version, oldest_format))
            except lmdb.Error as error:
                raise _unreadable(path, error) from error
            undo.pop_all()
        return cls(path, handle, meta, lock_fd, allocation)

    @classmethod
    def open(
        cls, path: Path, kind: str, format_version: int, oldest_format: int | None = None, *, durable: bool = True
    ) -> Self | None:
        """Open for reading, in any process. None when the writer has not made it yet. Formats as in `create`. Not `durable`: a writer of this
        process that comes later need not be, either.

        Raises:
            StorageError: the files are of another kind or format, or can't be read.
        """
        data = path / "data.mdb"
        if not data.exists() or data.stat().st_size == 0:
            return None
        handle = acquire(path, 0, durable=None if durable else False)
        try:
            meta = _read_meta(handle, path)
            if meta:
                _check(path, meta, kind, Formats(format_version, oldest_format))
        except BaseException as error:
            handle.release()
            if isinstance(error, lmdb.Error):
                raise _unreadable(path, error) from error
            raise
        if not meta:
            handle.release()
            return None
        return cls(path, handle, meta)

    @property
    def file(self) -> Path:
        """Where its pages stand."""
        return self.path / "data.mdb"

    def db(self, name: str) -> Database | None:
        """The handle of a named table; see `dbs`."""
        return self.dbs([name])[name]

    def dbs(self, names: Iterable[str]) -> dict[str, Database | None]:
        """The handles of named tables. A writer makes those that are missing, in one commit; a reader gets None for them.

        The first call for a name takes the writer's lock for a moment: never call it inside `write()`.
        """
        wanted = list(names)
        try:
            found = self._handle.dbs([name.encode() for name in wanted], create=not self.readonly)
            return dict(zip(wanted, found, strict=True))
        except lmdb.Error as cause:
            raise _unreadable(self.path, cause) from cause

    @property
    def tables(self) -> int:
        """How many there are beside our own; LMDB counts them elsewhere than it names them."""
        return self._handle.tables - 1

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """One write transaction: on disk when the block ends, nothing kept when it raises.

        Raises:
            CommitError: LMDB, the disk or the log refused.
            Lost: see `follow`; each call from then on.
        """
        if self.readonly:
            raise StorageError(f"{self.path} is open for reading only")
        with contextlib.suppress(NoRoom):
            self.has_room(0)  # the file grows ahead of those, too, who need not ask
        recorded: Recorded | None = None
        try:
            with self._handle.lmdb.begin(write=True) as txn:
                if self._publishing is None:
                    yield txn
                else:
                    recorded = self._publishing.begin(txn, self._handle.names())
                    yield recorded
                    self._publishing.end(txn, recorded)
        except (lmdb.Error, OSError) as cause:
            if recorded is not None and recorded.published:
                raise Lost(f"{self.path}: the log has what the local copy could not be given: {cause}") from cause
            raise CommitError(self.path, cause) from cause

    def follow(self, log: Log) -> None:
        """From now on each transaction's changes are durable in the log first. The environment closes it."""
        self._publishing = Publishing(log, self._meta())

    @property
    def replicated(self) -> bool:
        """Whether a log has all that stands in it."""
        return self._publishing is not None

    @contextlib.contextmanager
    def replay(self, mark: bytes) -> Iterator[Transaction]:
        """One write transaction with rows that stand in the log already, up to `mark`.

        Raises:
            CommitError: LMDB or the disk refused.
        """
        with contextlib.suppress(NoRoom):
            self.has_room(0)
        meta = self._meta()
        try:
            with self._handle.lmdb.begin(write=True) as txn:
                yield txn
                txn.put(MARK, mark, db=meta)
        except (lmdb.Error, OSError) as cause:
            raise CommitError(self.path, cause) from cause

    @property
    def mark(self) -> bytes | None:
        """Up to where it has what stands in the log; None: nothing."""
        with self.read() as txn:
            mark: bytes | None = txn.get(MARK, db=self._meta())
            return mark

    def _meta(self) -> Database:
        return self._handle.dbs([_META], create=True)[0]

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """One snapshot. Copy what you need and leave: it pins every page that is freed meanwhile.

        Raises:
            StorageError: LMDB refused (too many readers).
            Damaged: a page or a row can't be what was written.
        """
        try:
            with self._handle.begin_read() as txn:
                yield txn
        except lmdb.Error as cause:
            raise _unreadable(self.path, cause) from cause
        except (struct.error, UnicodeDecodeError, json.JSONDecodeError) as cause:
            raise Damaged(damaged(self.path, f"a row makes no sense: {cause}")) from cause

    def copy(self, into: Path, txn: Transaction) -> None:
        """Write what a reading transaction shows as an environment of its own, without the pages that are free; durable.

        Args:
            into: a directory that exists and holds no environment.

        Raises:
            StorageError: the disk refused, or a page can't be read.
        """
        try:
            self._handle.lmdb.copy(str(into), compact=True, txn=txn)
            (into / "lock.mdb").unlink(missing_ok=True)  # of who reads it, not of what stands in it
        except lmdb.Error as cause:
            raise _unreadable(self.path, cause) from cause
        except OSError as cause:
            raise storage_error(f"{into} can't be written", cause) from cause

    def pages_in_use(self, txn: Transaction | None = None) -> int:
        """Pages of 4 KiB that can't be reused: held by data, by LMDB's own tree, or pinned by a reader.

        Exact for the last commit. With the write transaction under way: plus what its tables grew by so far.
        """
        try:
            committed = pages_in_use(self._handle.lmdb, self._handle.data_fd)
        except (lmdb.Error, OSError, struct.error) as cause:
            raise StorageError(f"{self.path}: the free list can't be read: {cause}") from cause
        return committed + (self._handle.growth(txn) if txn is not None else 0)

    def bytes_in_use(self) -> int:
        """`pages_in_use` in bytes."""
        return self.pages_in_use() * PAGE_BYTES

    @property
    def limit_bytes(self) -> int:
        """What transactions may fill now: the budget, or the same part of what has blocks as the budget is of the map."""
        if self._allocation is None:
            return self.budget_bytes
        return min(self.budget_bytes, int(self._allocation.size_bytes / MAP_FACTOR))

    @property
    def usable_bytes(self) -> int:
        """The budget now: less than `budget_bytes` while the file system refuses blocks for all of it."""
        return self.limit_bytes if self.growth_refused else self.budget_bytes

    @property
    def growth_refused(self) -> str:
        """Why the file system gave no room for the last step of growth; empty when it did."""
        return self._allocation.refused if self._allocation is not None else ""

    def has_room(
        self, additional_bytes: int, txn: Transaction | None = None, *, reserve: bool = False, within: int | None = None
    ) -> bool:
        """Whether a transaction that adds `additional_bytes` (counted in whole pages) stays within the budget and within
        what has blocks on disk; the file grows for it.

        `reserve`: within the budget and half of what the map has above it. Transactions that delete may go that far:
        they copy pages before they free any, and are the only way out of a full environment.
        `within`: what may be in use for this, where that is less than the budget.
        """
        wanted = -(-additional_bytes // PAGE_BYTES) + _COPY_ON_WRITE_PAGES
        wanted += self._handle.growth(txn) if txn is not None else 0
        while not self._fits(wanted, self.limit_bytes):
            if self._allocation is None or not self._allocation.grow():
                return reserve and self._fits(wanted, int(self.limit_bytes * RESERVE_FACTOR))
        return within is None or self._fits(wanted, within)

    def _fits(self, pages: int, limit_bytes: int) -> bool:
        # The free list needs to be read only when the file has once been as large as the limit.
        limit = limit_bytes // PAGE_BYTES
        return self._handle.pages + pages <= limit or self.pages_in_use() + pages <= limit

    def room_bytes(self) -> int:
        """How many bytes, in whole pages, the next transaction may add; the file does not grow for the answer."""
        pages = self.limit_bytes // PAGE_BYTES - self.pages_in_use() - _COPY_ON_WRITE_PAGES
        return max(0, pages) * PAGE_BYTES

    def last_transaction(self) -> int:
        """The number of the last commit, by whichever process; costs no transaction.

        It may be ahead of what a transaction that begins now sees: LMDB writes the number before the commit is on disk,
        and shows the commit after. So it tells that there is something new, never that something was seen; what was
        read is named by its own snapshot's `id()`.
        """
        return self._handle.lmdb.info()["last_txnid"]

    def reader_check(self) -> int:
        """Forget readers whose process died; returns how many. At start, after a child's death, each minute."""
        return self._handle.lmdb.reader_check()

    def is_current(self) -> bool:
        """False when the files at `path` are not those that are open: the directory was wiped."""
        return self._handle.is_current()

    def check_current(self) -> None:
        """Raises `Replaced` when what is written goes to files that nobody will find again."""
        if not self.is_current():
            raise Replaced(
                f"{self.path} was moved, deleted or replaced while logboom ran: what it held is not processed further; "
                "a new start goes on with what stands there now"
            )

    def close(self) -> None:
        """Let go of the files; safe twice. The last user in the process closes the map."""
        if self._closed:
            return
        self._closed = True
        if self._publishing is not None:
            self._publishing.log.close()
        self._handle.release()
        if self._allocation is not None:
            self._allocation.close()
        if self._lock_fd is not None:
            os.close(self._lock_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _settle(path: Path) -> None:
    try:
        settle(path)
    except OSError as error:
        raise storage_error(f"{path}: a compact copy that was begun can't be ended", error) from error


def _unreadable(path: Path, cause: lmdb.Error) -> StorageError:
    """What LMDB's refusal to read means; for a damaged file, with the way out."""
    if isinstance(cause, _DAMAGED):
        return Damaged(damaged(path, cause))
    if isinstance(cause, lmdb.PanicError):  # this process can't go on with it
        return StorageError(damaged(path, cause))
    return StorageError(f"{path}: reading failed: {cause}")


def damaged(path: Path, cause: object) -> str:
    """The sentence on a file that can't be read any more: what to do, and what that costs."""
    lost = "what was accepted and not processed yet"
    if path.parent.name == "partition":
        lost = "what was processed and not delivered yet, dead letters and processors' state"
    return (
        f"{path} is damaged ({cause}): stop logboom, move the directory aside (mv {path} {path}.damaged) and start again; "
        f"{lost} is in it and will not be delivered"
    )


def _read_meta(handle: Handle, path: Path) -> dict[str, str]:
    db = handle.dbs([_META], create=False)[0]
    if db is None:
        if handle.tables:
            raise Damaged(damaged(path, "it does not say what it is"))
        return {}
    with handle.begin_read() as txn:
        return {key.decode(): value.decode() for key, value in txn.cursor(db=db)}


class Formats(NamedTuple):
    """Which formats of a kind are read; `newest` is written."""

    newest: int
    oldest: int | None = None

    def include(self, written: str) -> bool:
        oldest = self.newest if self.oldest is None else self.oldest
        return written in map(str, range(oldest, self.newest + 1))

    def __str__(self) -> str:
        if self.oldest in (None, self.newest):
            return f"format {self.newest} only"
        return f"formats {self.oldest} to {self.newest}"


def _claim(handle: Handle, path: Path, budget_bytes: int, kind: str, formats: Formats) -> dict[str, str]:
    """Check what is there, or sign a new environment; store the format and the budget of this start."""
    meta = _read_meta(handle, path)
    if meta:
        _check(path, meta, kind, formats)
    signed = {"kind": kind, "id": secrets.token_hex(8)} | meta
    signed |= {"format": str(formats.newest), "budget_bytes": str(budget_bytes), "logboom": release()}
    if signed != meta:
        db = handle.dbs([_META], create=True)[0]
        try:
            with handle.lmdb.begin(write=True) as txn:
                for key, value in signed.items():
                    txn.put(key.encode(), value.encode(), db=db)
        except lmdb.Error as error:
            raise CommitError(path, error) from error
    return signed


def _check(path: Path, meta: dict[str, str], kind: str, formats: Formats) -> None:
    if {"kind", "format", "id"} - meta.keys():
        raise Damaged(damaged(path, "it does not say what it is"))
    if meta["kind"] != kind:
        raise StorageError(f"{path} is a {meta['kind']}, not a {kind}")
    if not formats.include(meta["format"]):
        raise StorageError(_foreign(path, meta, formats))


def _foreign(path: Path, meta: dict[str, str], formats: Formats) -> str:
    if meta["format"].isdigit() and int(meta["format"]) < formats.newest:
        return (
            f"{path} was written in format {meta['format']}; this version reads {formats}: start a version between the two "
            "on it first"
        )
    return newer(path, meta["format"], meta.get("logboom", ""), str(formats))
