"""The SQLite file: opened, migrated and written by one thread.

WAL and `synchronous=FULL`: what `insert` returned for is on disk. A batch is one transaction, so it is there whole or
not at all, its counts by minute (`collector.store.minutes`) and what its events describe (`collector.store.describing`) with it, and
`ON CONFLICT DO NOTHING` on the record id makes a resend add nothing. Several processes may write the
same file: SQLite lets one at a time in, the others wait up to `busy_timeout_secs`.

Before and after each transaction the name is looked up: a file that was moved, deleted or replaced (a restored backup) is
left for the one that has the name now, and what was written in between is written again, so that rows that are
acknowledged after the change stand in the file of that name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import polars as pl

from collector.component import StoreMark
from collector.errors import StorageError, storage_error
from collector.named_file import NamedFile, identity
from collector.store import inserting, mark, minutes, schema
from collector.store.describing import Described
from collector.store.following import Question
from collector.store.projection import Projection
from collector.store.rollup import FEW

_PAGES = "PRAGMA page_size = 8192"
"""Of a file that is made now: half as many system calls for the same bytes. Others keep theirs."""
_PRAGMAS = (
    "synchronous = FULL",
    "cache_size = -8000",  # 8 MB: the upper pages of the indexes stay in memory; ids are in order of time, so leaves don't return
    "wal_autocheckpoint = 2000",  # pages, 16 MB: fewer, larger checkpoints; each page is copied back once
    "journal_size_limit = 67108864",
    "temp_store = MEMORY",
    "secure_delete = ON",  # what is deleted is overwritten: of a person, and by retention
)


class EmbeddedStore:
    """One connection for writing. All methods belong to one thread at a time.

    Raises:
        StorageError: the file can't be made, is not a store of ours, or needs a migration and `auto_migrate` is off.
        sqlite3.Error: what SQLite has to say; nothing of the call was kept.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_secs: float = 5.0,
        auto_migrate: bool = True,
        indexes: Sequence[str] | None = None,
    ) -> None:
        """`indexes`: names of `schema.OPTIONAL_INDEXES` to keep; None leaves those that are there."""
        self.path = path
        self._busy_timeout_secs = busy_timeout_secs
        self._auto_migrate = auto_migrate
        self._indexes = indexes
        self._connection: sqlite3.Connection | None = None
        self._name = NamedFile(path)
        self._told = ""
        self.mark: StoreMark | None = None
        """By what the file is known again; None before it was opened."""

    def open(self) -> None:
        """Open the file, make it if there is none (0600), bring its schema up to date. Every method that needs the file
        open does this when it is not."""
        self._make_file()
        self._name.opened()
        connection = sqlite3.connect(
            self.path, timeout=self._busy_timeout_secs, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(_PAGES)
            _enter_wal(connection, time.monotonic() + self._busy_timeout_secs)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.execute(inserting.PREPARE)
            self._prepare(connection)
            self.mark = StoreMark(*connection.execute(mark.READ).fetchone())
        except BaseException as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CANTOPEN:
                self._check_inodes()
            raise
        self._connection = connection

    def close(self) -> None:
        """Safe twice, and without `open`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def told(self) -> str:
        """What happened to the file since the last call and people must know, or ""."""
        told, self._told = self._told, ""
        return told

    def insert(self, rows: pl.DataFrame, described: Sequence[Described] = ()) -> int:
        """Rows with `COLUMNS`, and what events among them describe, in one durable transaction; returns how many were new."""
        new = self._insert(rows, described)
        return new if self._name.lost() is None else self._insert(rows, described)

    def _insert(self, rows: pl.DataFrame, described: Sequence[Described]) -> int:
        rollups = minutes.concerned(rows)
        counts = [(each, each.counted(rows)) for each in rollups] if rows.height > FEW else []
        with self._transaction() as connection:
            new = inserting.insert_rows(connection, rows)
            if counts and new == rows.height:
                for each, counted in counts:
                    inserting.write(connection, each.add_counted, counted)
            elif new:
                for each in rollups:
                    connection.execute(each.add_inserted, (new,))
            changed = _describe(connection, described) if described else self.mark
        self.mark = changed
        return new

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """One statement in its own transaction; returns how many rows it changed."""
        with self._transaction() as connection:
            return connection.execute(statement, tuple(parameters)).rowcount

    def select(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """All rows of a query."""
        return self._opened().execute(statement, tuple(parameters)).fetchall()

    def run(self, questions: Sequence[Question]) -> list[list[tuple[object, ...]]]:
        """Statements in one durable transaction; the rows of each."""
        with self._transaction() as connection:
            return [connection.execute(each.statement, tuple(each.parameters)).fetchall() for each in questions]

    def settle(self) -> None:
        """Bring all of the log into the file, and empty the log: what was deleted stands in neither. Raises `sqlite3.OperationalError`
        while a reader holds an older state."""
        busy, *_ = self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise sqlite3.OperationalError("database is locked: a reader holds an older state of the log")

    def _make_file(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):  # not opened then: closing it would drop SQLite's locks on it
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise storage_error(f"{self.path} can't be opened", error) from error

    def _check_inodes(self) -> None:
        """SQLite can't make its log beside the file where no more files can be made: a full disk, in other words. Raises
        NoRoom."""
        state = os.statvfs(self.path.parent)
        if state.f_files and not state.f_favail:
            full = OSError(errno.ENOSPC, "no inodes are left")
            raise storage_error(f"{self.path} can't be opened", full)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and (lost := self._name.lost()) is not None:
            self._told = lost
            self._leave()
        if self._connection is None:
            self.open()
        assert self._connection is not None
        return self._connection

    def _leave(self) -> None:
        """Give up a file that lost its name, complete: what is in its log goes into it first. A log that is left under the
        name would be taken for that of the next file."""
        assert self._connection is not None
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.close()
        if identity(self.path) is None:
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _transaction(self) -> _Transaction:
        return _Transaction(self._opened())

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Migrate under the write lock, so that two processes that start together migrate once."""
        with _Transaction(connection):
            tables = [name for (name,) in connection.execute(schema.TABLES)]
            applied = connection.execute(schema.APPLIED).fetchall() if "logboom_migrations" in tables else []
            needed = schema.pending(str(self.path), tables, applied)
            if needed and not self._auto_migrate:
                names = ", ".join(migration.name for migration in needed)
                raise StorageError(f"{self.path} needs migrations ({names}) and auto_migrate is off")
            if needed:
                _migrate(connection, needed)
            if self._indexes is not None:
                existing = [
                    name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
                ]
                for statement in schema.index_statements(self._indexes, existing):
                    connection.execute(statement)


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block or the commit fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _describe(connection: sqlite3.Connection, described: Sequence[Described]) -> StoreMark:
    """Few rows: events are rare, and each is one statement of some."""
    for table in described:
        inserting.write(connection, partial(upsert_statement, table.projection), table.rows)
    return StoreMark(*connection.execute(mark.CHANGED).fetchone())


def upsert_statement(projection: Projection, height: int) -> str:
    """The statement that writes `height` rows of a table of events where they are newer, flat parameters in row order."""
    row = f"({', '.join('?' * len(projection.all_columns))})"
    return projection.upsert("VALUES " + ", ".join([row] * height))


def _migrate(connection: sqlite3.Connection, needed: Sequence[schema.Migration]) -> None:
    connection.execute(schema.HISTORY)
    for migration in needed:
        for statement in migration.statements:
            connection.execute(statement)
        connection.execute(schema.RECORD, (migration.version, migration.name, time.time_ns() // 1_000_000))


def _enter_wal(connection: sqlite3.Connection, deadline: float) -> None:
    """SQLite does not wait for the lock that the change to WAL needs, so wait here."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
