"""A store's file as of one commit, copied while others write to it (SQLite's backup API)."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from collector.errors import StorageError

_IS_OURS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'logboom_migrations'"
_KEYS = "access.db"
"""The keys of domains (`collector.domains.key_store`), which are copied and followed like a store."""
_NEVER = "keys.db"
"""What would be readable with it (`collector.encryption`) must not stand beside it in a backup."""
_BUSY_SECS = 30.0


def stores_of(root: Path) -> list[Path]:
    """The stores of a data directory, and the keys of its domains; files that components keep there as a cache are none."""
    files = (path for path in sorted(root.glob("*.db")) if path.name != _NEVER)
    return [path for path in files if path.name == _KEYS or is_store(path)]


def is_store(path: Path) -> bool:
    """Whether logboom made this file as a store; one that is too damaged to say is taken for one, so that somebody hears of it."""
    try:
        with contextlib.closing(_connect(path)) as connection:
            return bool(connection.execute(_IS_OURS).fetchall())
    except sqlite3.DatabaseError:
        return True


def copy_store(path: Path, into: Path) -> None:
    """Copy it, page by page, with what is in its log; writers go on, the log grows meanwhile.

    Raises:
        StorageError: it can't be read, or there is no room.
    """
    try:
        with contextlib.closing(_connect(path)) as source, contextlib.closing(sqlite3.connect(into)) as target:
            target.execute("PRAGMA synchronous = OFF")
            source.backup(target)  # in one step: one reading transaction
    except sqlite3.Error as error:
        raise StorageError(f"{path} can't be copied: {error}") from error


def check_store(path: Path) -> str:
    """What is wrong with a store's pages; empty: nothing (`PRAGMA quick_check`)."""
    try:
        with contextlib.closing(_connect(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(found)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECS, isolation_level=None)
