"""Small SQLite files of ours (WAL, 0600) that one process writes and others follow: who may come in, keys."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

BUSY_SECS = 5.0


def connect(path: Path, busy_secs: float = BUSY_SECS) -> sqlite3.Connection:
    """A connection to a file that is there."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=busy_secs, isolation_level=None, check_same_thread=False)


@contextmanager
def transaction(path: Path, busy_secs: float = BUSY_SECS) -> Iterator[sqlite3.Connection]:
    """One, durable at its end; the file is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(connect(path, busy_secs)) as connection:
        _enter_wal(connection, busy_secs)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _enter_wal(connection: sqlite3.Connection, busy_secs: float) -> None:
    """SQLite does not wait for the lock that the first change to WAL needs, so wait here."""
    deadline = time.monotonic() + busy_secs
    connection.execute("PRAGMA synchronous = FULL")
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
