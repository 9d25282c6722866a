"""`access.db`: who may come in, of a data directory, in SQLite (WAL, 0600). Keys stand in it, and sessions of the console.

    format 1    keys
    format 2    and sessions, links to log in, where the console is

It becomes format 2 when something of that is first kept: who asks for no login may go back to an older logboom.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.errors import LogboomError
from collector.sqlite_file import transaction

FILE = "access.db"
KEYS, SESSIONS = 1, 2
"""Formats, by what came with them."""
_NEWEST = SESSIONS
_TABLES = {
    KEYS: ("""CREATE TABLE keys (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, domain TEXT NOT NULL, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
  created_at INTEGER, not_before INTEGER, expires_at INTEGER, revoked_at INTEGER,
  networks TEXT NOT NULL, origins TEXT NOT NULL, scopes TEXT NOT NULL, multi_domain INTEGER NOT NULL, "limit" TEXT NOT NULL,
  successor TEXT NOT NULL, last_used INTEGER
) STRICT""",),
    SESSIONS: (
        """CREATE TABLE sessions (
  digest BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, login TEXT NOT NULL, who TEXT NOT NULL, mark TEXT NOT NULL, scopes TEXT NOT NULL,
  domains TEXT NOT NULL, address TEXT NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT""",
        """CREATE TABLE links (
  digest BLOB PRIMARY KEY, who TEXT NOT NULL, scopes TEXT NOT NULL, domains TEXT NOT NULL, expires_at INTEGER NOT NULL
) STRICT""",
        "CREATE TABLE console (address TEXT NOT NULL) STRICT",
    ),
}  # fmt: skip


class AccessUnreadable(LogboomError):
    """The file is there and can't be read, or is no such file: nobody can tell now who is who."""


def format_of(connection: sqlite3.Connection, path: Path, kind: type[AccessUnreadable]) -> int:
    """0 for an empty file. Raises `kind`: a later logboom wrote it."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > _NEWEST:
        raise kind(f"{path} was written by a later logboom (format {found}): use that one")
    return found


@contextmanager
def telling(path: Path, what: str, kind: type[AccessUnreadable]) -> Iterator[None]:
    """What the disk and SQLite say, in our words."""
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise kind(f"the {what} in {path} can't be read: {reason}") from error


@contextmanager
def writing(path: Path, format_: int, kind: type[AccessUnreadable]) -> Iterator[sqlite3.Connection]:
    """One transaction, durable at its end, on a file that has this format at least; made where there is none."""
    with transaction(path) as connection:
        _prepare(connection, path, format_, kind)
        yield connection


def _prepare(connection: sqlite3.Connection, path: Path, wanted: int, kind: type[AccessUnreadable]) -> None:
    there = format_of(connection, path, kind)
    for format_ in range(there + 1, wanted + 1):
        for statement in _TABLES[format_]:
            connection.execute(statement)
    if wanted > there:
        connection.execute(f"PRAGMA user_version = {wanted}")
