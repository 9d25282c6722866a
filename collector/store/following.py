"""New rows of the store, in the order in which they were committed.

SQLite lets one writer in at a time and the rowid grows with every insert, so the rows a reader has not seen are exactly
those above the largest rowid it has. That holds for any number of writers, late records and resends included; the
record id would not do, it sorts by the time of receipt. (Retention always leaves the newest row, and VACUUM may
renumber rows: nobody runs it under a follower.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.named_file import Identity, identity
from collector.store.reading import connect
from collector.store.retention import LEVELS

_PAGE = 500
_LEVEL = """coalesce(triage_level, CASE WHEN severity_number >= 17 THEN 'critical' WHEN severity_number >= 13 THEN 'warning'
    WHEN severity_number >= 9 OR severity_number = 0 THEN 'info' ELSE 'debug' END)"""
"""The triage level; for rows that were never triaged, what their severity says."""


def level_expression() -> str:
    """SQL for the triage level of a row of `logs`; for rows that were never triaged, what their severity says."""
    return _LEVEL


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to show; None = all. `level` means that level and the more urgent ones."""

    domain: str | None = None
    level: str | None = None
    service: str | None = None
    component: str | None = None

    def condition(self) -> tuple[str, list[object]]:
        """A WHERE clause and its parameters."""
        columns = {"domain": self.domain, "service_name": self.service, "component": self.component}
        named = {column: value for column, value in columns.items() if value is not None}
        clauses = [f"{column} = ?" for column in named]
        parameters: list[object] = list(named.values())
        if self.level is not None:
            levels = LEVELS[: LEVELS.index(self.level) + 1]
            clauses.append(f"{_LEVEL} IN ({', '.join('?' * len(levels))})")
            parameters += levels
        return " AND ".join(clauses) or "true", parameters


class Follower:
    """A reader's place in the store. Rows come as `sqlite3.Row`, with `level` beside the columns of `logs`."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self._path = path
        self._connection, self._file = _opened(path)
        self._condition, self._parameters = wanted.condition()
        self._seen = self._newest()

    def backlog(self, count: int) -> Sequence[sqlite3.Row]:
        """The `count` newest wanted rows that were there when following began, oldest first."""
        rows = self._select("rowid <= ?", "ORDER BY rowid DESC LIMIT ?", self._seen, count)
        return rows[::-1]

    def fresh(self) -> Iterator[sqlite3.Row]:
        """The wanted rows committed since the last call, each exactly once."""
        if identity(self._path) != self._file:
            self._reopen()
        newest = self._newest()
        while True:
            page = self._select("rowid > ? AND rowid <= ?", "ORDER BY rowid LIMIT ?", self._seen, newest, _PAGE)
            for row in page:
                self._seen = row["rowid"]
                yield row
            if len(page) < _PAGE:
                break
        self._seen = newest

    def close(self) -> None:
        """Safe twice."""
        self._connection.close()

    def _newest(self) -> int:
        newest: int | None = self._connection.execute("SELECT max(rowid) FROM logs").fetchone()[0]
        return newest or 0

    def _select(self, place: str, order: str, *parameters: int) -> list[sqlite3.Row]:
        *bounds, limit = parameters
        statement = f"SELECT rowid, {_LEVEL} AS level, * FROM logs WHERE {place} AND {self._condition} {order}"  # noqa: S608
        return self._connection.execute(statement, (*bounds, *self._parameters, limit)).fetchall()

    def _reopen(self) -> None:
        """Another file stands at the path: everything in it is new."""
        fresh, file = _opened(self._path)
        self._connection.close()
        self._connection, self._file, self._seen = fresh, file, 0


def _opened(path: Path) -> tuple[sqlite3.Connection, Identity | None]:
    """A connection, and which file it is on: the path named that one before and after it was opened."""
    while True:
        file = identity(path)
        connection = connect(path)
        if identity(path) == file:
            connection.row_factory = sqlite3.Row
            return connection, file
        connection.close()
