"""New rows of the store, in the order in which they were committed.

SQLite lets one writer in at a time and the rowid grows with every insert, so the rows a reader has not seen are exactly
those above the largest rowid it has. That holds for any number of writers, late records and resends included; the
record id would not do, it sorts by the time of receipt. (Retention always leaves the newest row, and VACUUM may
renumber rows: nobody runs it under a follower.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.levels import LEVELS, SQL
from collector.named_file import Identity, identity
from collector.scope import Scope
from collector.store.reading import connect

_PAGE = 500
NEWEST = "SELECT max(rowid) AS newest FROM logs"
_ROWS = f"SELECT logs.rowid AS rowid, {SQL} AS level, logs.*"
_LOOK = 20_000
_URGENT = LEVELS[:2]  # what `logs_urgent` holds
_BY_ROWID = "SELECT rowid AS at FROM logs WHERE rowid <= ? ORDER BY rowid DESC"
_BY_TIME = "SELECT rowid AS at FROM logs WHERE domain = ? AND +rowid <= ? ORDER BY time_unix_nano DESC, rowid DESC"
MOST_OF_DOMAIN = 20_000
LAST_OF_DOMAIN = (
    "SELECT max(at) AS newest, count(*) AS looked FROM (SELECT rowid AS at FROM logs WHERE domain = ? AND +rowid <= ?"  # noqa: S608 - a constant
    f" ORDER BY time_unix_nano DESC LIMIT {MOST_OF_DOMAIN})"
)
"""The largest rowid up to one, of so many rows of a domain that are the newest by time; and how many there were."""
BY_ID = "SELECT rowid, domain FROM logs WHERE record_id = ?"
_BY_LEVEL = (
    "SELECT rowid AS at FROM logs WHERE domain = ? AND triage_level = ? AND +rowid <= ?"
    " ORDER BY time_unix_nano DESC, rowid DESC"
)


@dataclass(frozen=True, slots=True)
class Question:
    """SQL and its parameters."""

    statement: str
    parameters: Sequence[object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows to show: of whom, and None = all. `level` means that level and the more urgent ones."""

    scope: Scope
    level: str | None = None
    service: str | None = None
    component: str | None = None
    also: Question | None = None
    """A further condition, with its parameters."""

    def fresh(self, after: int, through: int, count: int) -> Question:
        """The first `count` rows behind the rowid `after`, up to `through`, in the order of their commit."""
        condition, filtering = self._condition()
        statement = f"{_ROWS} FROM logs WHERE rowid > ? AND rowid <= ? AND {condition} ORDER BY rowid LIMIT ?"
        return Question(statement, (after, through, *filtering, count))

    def last(self, after: int, through: int) -> Question:
        """The id and rowid of the last row between them."""
        condition, filtering = self._condition()
        statement = f"SELECT record_id, rowid FROM logs WHERE rowid > ? AND rowid <= ? AND {condition} ORDER BY rowid DESC LIMIT 1"  # noqa: S608
        return Question(statement, (after, through, *filtering))

    def count(self, after: int, through: int) -> Question:
        """How many rows there are between them."""
        condition, filtering = self._condition()
        statement = f"SELECT count(*) FROM logs WHERE rowid > ? AND rowid <= ? AND {condition}"  # noqa: S608
        return Question(statement, (after, through, *filtering))

    def backlog(self, newest: int, count: int) -> list[Question]:
        """The `count` newest rows up to the rowid `newest`, as questions whose answers are put together: by time where
        an index has it (in a domain), else by rowid. Each looks at `_LOOK` rows at most, so that a filter that fits
        few rows costs no walk through the store; urgent rows of a domain have an index of their own."""
        condition, filtering = self._condition()
        return [
            Question(
                f"{_ROWS} FROM ({walk.statement} LIMIT {_LOOK}) AS newest CROSS JOIN logs ON logs.rowid = newest.at"
                f" WHERE {condition} LIMIT ?",
                (*walk.parameters, *filtering, count),
            )
            for walk in self._walks(newest)
        ]

    def _walks(self, newest: int) -> list[Question]:
        """Rowids, newest first."""
        if self.scope.is_everything:
            return [Question(_BY_ROWID, (newest,))]
        urgent = self._levels() if self.level in _URGENT else ()
        walks: list[Question] = []
        for domain in self.scope.sorted():
            walks.append(Question(_BY_TIME, (domain, newest)))
            walks += [Question(_BY_LEVEL, (domain, level, newest)) for level in urgent]
        return walks

    def _levels(self) -> Sequence[str]:
        return LEVELS[: LEVELS.index(self.level) + 1] if self.level is not None else ()

    def put_together(self, found: Iterable[Any], count: int) -> list[Any]:
        """The answers of `backlog` as one, oldest first."""
        place = ("rowid",) if self.scope.is_everything else ("time_unix_nano", "rowid")
        unique = {row["rowid"]: row for row in found}
        ordered = sorted(unique.values(), key=lambda row: [row[name] for name in place])
        return ordered[-count:] if count else []

    def _condition(self) -> tuple[str, Sequence[object]]:
        """A WHERE clause and its parameters. `+` keeps the planner from an index on the column: rows come in the order
        of their commit or of their time, and sorting those of a whole domain would cost seconds."""
        columns = {"service_name": self.service, "component": self.component}
        named = {column: value for column, value in columns.items() if value is not None}
        clauses = [f"+{column} = ?" for column in named]
        parameters: list[object] = list(named.values())
        if not self.scope.is_everything:
            domains = self.scope.sorted()
            clauses.append(f"+domain IN ({', '.join('?' * len(domains))})")
            parameters += domains
        if levels := self._levels():
            clauses.append(f"{SQL} IN ({', '.join('?' * len(levels))})")
            parameters += levels
        if self.also is not None:
            clauses.append(f"({self.also.statement})")
            parameters += self.also.parameters
        return " AND ".join(clauses) or "true", parameters


class Follower:
    """A reader's place in the store. Rows come as `sqlite3.Row`, with `level` beside the columns of `logs`."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self._path = path
        self._connection, self._file = _opened(path)
        self._wanted = wanted
        self._seen = self._newest()

    def backlog(self, count: int) -> Sequence[sqlite3.Row]:
        """The `count` newest wanted rows that were there when following began, oldest first; of the newest 20,000 (of the
        domain), and of all critical and warning ones of a domain when only such are wanted."""
        found = [row for question in self._wanted.backlog(self._seen, count) for row in self._ask(question)]
        return self._wanted.put_together(found, count)

    def fresh(self) -> Iterator[sqlite3.Row]:
        """The wanted rows committed since the last call, each exactly once."""
        if identity(self._path) != self._file:
            self._reopen()
        newest = self._newest()
        while True:
            page = self._ask(self._wanted.fresh(self._seen, newest, _PAGE))
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
        newest: int | None = self._connection.execute(NEWEST).fetchone()[0]
        return newest or 0

    def _ask(self, question: Question) -> list[sqlite3.Row]:
        return self._connection.execute(question.statement, tuple(question.parameters)).fetchall()

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
