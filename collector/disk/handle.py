"""The one LMDB handle of a process on one set of files, counted by its users.

LMDB's locks belong to (process, file): a second open in the same process would share and then drop the first one's.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lmdb

from collector.errors import StorageError

_MAX_TABLES = 32
_FORMAT_0_9 = 0  # `collector.disk.freelist` reads the data format of LMDB 0.9

Identity = tuple[int, int]
_handles: dict[Identity, Handle] = {}
_registry = threading.Lock()


class Handle:
    """An open `lmdb.Environment`, with the tables opened in it. Made by `acquire` alone."""

    def __init__(self, path: Path, map_bytes: int, *, durable: bool) -> None:
        self._data = path / "data.mdb"
        self._name = str(self._data)
        self.durable = durable
        before = _identity(self._data)
        self.lmdb = _open(path, map_bytes, durable)
        try:
            self.data_fd = os.open(self._data, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.lmdb.close()
            raise
        opened = os.fstat(self.data_fd)
        self.identity: Identity = (opened.st_dev, opened.st_ino)
        if before not in (None, self.identity):  # else the name of one file would stand for the contents of another
            self._close()
            raise OSError(errno.ESTALE, f"{self._data} was replaced while it was being opened")
        self.users = 0
        self._tables: dict[bytes, Any] = {}
        self._lock = threading.Lock()

    @property
    def map_bytes(self) -> int:
        return self.lmdb.info()["map_size"]

    @property
    def pages(self) -> int:
        """Up to where the file has pages, those that are free again included."""
        return self.lmdb.info()["last_pgno"] + 1

    @property
    def tables(self) -> int:
        """How many tables the last commit left."""
        return int(self.lmdb.stat()["entries"])

    def grow(self, map_bytes: int) -> None:
        with self._lock:  # a reader of this process may be in a write transaction of `dbs`, and LMDB refuses meanwhile
            if map_bytes > self.map_bytes:
                self.lmdb.set_mapsize(map_bytes)

    def names(self) -> dict[Any, str]:
        """The handle of each open table → its name."""
        return {table: name.decode() for name, table in self._tables.items()}

    def begin_read(self) -> Any:
        """A read transaction; follows a map that the writer's process has grown."""
        try:
            return self.lmdb.begin()
        except lmdb.MapResizedError:
            with self._lock:
                self.lmdb.set_mapsize(0)
            return self.lmdb.begin()

    def dbs(self, names: Sequence[bytes], *, create: bool) -> list[Any]:
        """The tables' handles; None for one that is missing when `create` is False. All that are made are made in one commit."""
        if not all(name in self._tables for name in names):
            with self._lock:
                # In a write transaction of our own: only that publishes the handles, and `open_db` alone would wait for the
                # writer's lock without giving up the GIL, for ever if the writer is a thread of this process.
                with self.lmdb.begin(write=True) as txn:
                    found = {name: self._opened(name, txn, create) for name in names if name not in self._tables}
                self._tables |= {name: table for name, table in found.items() if table is not None}
        return [self._tables.get(name) for name in names]

    def _opened(self, name: bytes, txn: Any, create: bool) -> Any:
        try:
            return self.lmdb.open_db(name, txn=txn, create=create)
        except lmdb.NotFoundError:
            return None

    def growth(self, txn: Any) -> int:
        """Pages by which the tables are larger in `txn` than in the last commit; 0 when they shrank."""
        tables = list(self._tables.values())
        with self.begin_read() as committed:
            before = sum(_pages(committed.stat(table)) for table in tables)
        return max(0, sum(_pages(txn.stat(table)) for table in tables) - before)

    def is_current(self) -> bool:
        return _identity(self._name) == self.identity

    def release(self) -> None:
        with _registry:
            self.users -= 1
            if self.users == 0:
                del _handles[self.identity]
                self._close()

    def _close(self) -> None:
        self.lmdb.close()
        os.close(self.data_fd)


def acquire(path: Path, map_bytes: int, *, durable: bool | None = None) -> Handle:
    """The process's handle on `path`, one user more. `map_bytes` 0: the size found on disk.

    Args:
        durable: whether commits wait for the disk; None: as the process has it open already, else they do. One that is open and does
            wait goes on so, whoever joins.

    Raises:
        StorageError: the files can't be opened, or commits must be durable and are not.
    """
    with _registry:
        identity = _identity(path / "data.mdb")
        handle = _handles.get(identity) if identity else None
        try:
            if handle is None:
                handle = Handle(path, map_bytes, durable=durable is not False)
                _handles[handle.identity] = handle
            elif durable and not handle.durable:
                raise StorageError(f"{path} is open in this process as a copy of a log, whose commits are not durable")
            else:
                handle.grow(map_bytes)
        except (lmdb.Error, OSError) as error:
            hint = (
                "; move the directory aside and start again: what is in it is lost"
                if isinstance(error, lmdb.Error)
                else ""
            )
            raise StorageError(f"{path} can't be opened: {error}{hint}") from error
        handle.users += 1
        return handle


def _open(path: Path, map_bytes: int, durable: bool) -> lmdb.Environment:
    # Readers open it for writing too (`Environment` keeps them from it): a handle opened for reading could not be
    # shared with a writer that starts later in the same process.
    return lmdb.open(
        str(path),
        map_size=map_bytes,
        mode=0o600,
        create=False,
        max_dbs=_MAX_TABLES,
        sync=durable,
        max_spare_txns=1,
        lib_version=_FORMAT_0_9,
    )


def _pages(stat: Any) -> int:
    return int(stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"])


def _identity(data: Path | str) -> Identity | None:
    try:
        found = os.stat(data)  # noqa: PTH116 - each commit asks; a Path costs as much again
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
