"""What each error of SQLite means for delivery (result codes: sqlite.org/rescode.html)."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from collector.errors import StorageError
from collector.outcomes import Blocked, Ok, Retry, Split, Verdict

STORE_ERRORS = (sqlite3.Error, StorageError)

_CURE = (
    "move it aside, with its -wal and -shm, and a new one is begun (`sqlite3 FILE .recover` saves what can be read), or put a "
    "backup in its place"
)
_BLOCKED = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CORRUPT: f"the file is damaged; {_CURE}",
    sqlite3.SQLITE_NOTADB: f"the file is damaged, or not a SQLite database; {_CURE}",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_PERM: "no permission for the file",
    sqlite3.SQLITE_AUTH: "no permission for the file",
    sqlite3.SQLITE_CANTOPEN: "the file can't be opened",
    sqlite3.SQLITE_ERROR: "the schema does not fit",
    sqlite3.SQLITE_IOERR: "the disk fails",
}
_SPLIT = {
    sqlite3.SQLITE_TOOBIG: "a value is larger than SQLite takes",
    sqlite3.SQLITE_MISMATCH: "a value does not fit its column",
    sqlite3.SQLITE_CONSTRAINT: "a value breaks a rule of the table",
}


@dataclass(frozen=True, slots=True)
class Inserted:
    """A request is in the file.

    Args:
        new: how many of its rows were not there yet.
        told: what happened to the file, for people.
    """

    new: int
    told: str = ""


def verdict_of(answer: object) -> Verdict:
    """The verdict on what `send` answered or raised."""
    if isinstance(answer, StorageError):
        return Blocked(str(answer))
    if isinstance(answer, sqlite3.DataError | sqlite3.InterfaceError | OverflowError) and not _code(answer):
        return Split(f"a value does not fit: {answer}")  # from the binding, before SQLite saw it
    if isinstance(answer, BaseException):
        return _by_code(_code(answer), answer)
    return Ok(warning=answer.told, moved=bool(answer.told)) if isinstance(answer, Inserted) else Ok()


def waits(error: sqlite3.Error) -> bool:
    """Whether the exporter starts in spite of it, and waits: what may pass by itself, a disk without room, and a damaged
    file, which must stop nothing but this exporter."""
    return isinstance(verdict_of(error), Retry) or _code(error) & 0xFF in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def _by_code(code: int, error: BaseException) -> Verdict:
    primary = code & 0xFF
    if reason := _BLOCKED.get(primary):
        return Blocked(f"{reason}: {error}")
    if reason := _SPLIT.get(primary):
        return Split(f"{reason}: {error}")
    return Retry(f"{error}" or type(error).__name__)  # busy, locked, out of memory, interrupted, timed out


def _code(error: BaseException) -> int:
    """The extended result code; 0 when the error is not SQLite's own."""
    return getattr(error, "sqlite_errorcode", None) or 0
