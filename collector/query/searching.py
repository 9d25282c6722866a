"""Stored records that a query takes, the newest first, within a budget: time is walked backwards in slices, and the answer says how far it got."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from collector.levels import SQL as LEVEL
from collector.query.query import Query
from collector.query.walking import walked
from collector.scope import Scope
from collector.store.reading import Answer, Readable

Row = Mapping[str, Any]

DOMAINS = """WITH RECURSIVE known(name) AS (SELECT min(domain) FROM logs
    UNION ALL SELECT (SELECT min(domain) FROM logs WHERE domain > name) FROM known WHERE name IS NOT NULL)
SELECT name FROM known WHERE name IS NOT NULL"""
"""The domains of a store, each found by one look at the index."""


class Place(NamedTuple):
    """Of a record among all: what is behind it is older, or of the same moment with a smaller id."""

    time_unix_nano: int
    record_id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Args:
        since, until: nanoseconds; the end is no part of it.
        before: only what is behind this place: the last one of the page before.
        limit: so many records.
        events: also what components made; else what was sent alone.
    """

    query: Query
    scope: Scope
    since: int
    until: int
    limit: int
    before: Place | None = None
    events: bool = False


@dataclass(slots=True)
class Found:
    """A page.

    Args:
        rows: columns of `logs`, and `level`; the newest first.
        searched_to: nanoseconds: all records from here on were looked at.
        complete: there are no others.
        next: where the next page begins; None: at `searched_to`, if it is not complete.
    """

    searched_to: int
    rows: list[Row] = field(default_factory=list)
    complete: bool = False
    next: Place | None = None


def search(connection: Readable, wanted: Wanted, budget_secs: float = 0.0) -> Found:
    """One page, in `budget_secs` (0: however long it takes).

    Raises:
        sqlite3.Error: the store can't be read.
    """
    until = min(wanted.until, wanted.before.time_unix_nano + 1) if wanted.before else wanted.until
    found, domains = Found(until), domains_of(connection, wanted.scope)

    def ask(low: int, high: int) -> list[Row]:
        return list(islice(_slice(connection, wanted, domains, low, high), wanted.limit + 1 - len(found.rows)))

    for low, rows in walked(connection, (wanted.since, until), budget_secs, ask):
        found.rows += rows
        if len(found.rows) > wanted.limit:
            return _full(found, wanted.limit)
        found.searched_to = low
    found.complete = found.searched_to <= wanted.since
    return found


def domains_of(connection: Readable, scope: Scope) -> Sequence[str]:
    """Those whose rows are looked at: each by itself, for the index begins with it."""
    return scope.sorted() if scope.domains is not None else [row[0] for row in connection.execute(DOMAINS)]


def _full(found: Found, limit: int) -> Found:
    del found.rows[limit:]
    found.next = Place(found.rows[-1]["time_unix_nano"], found.rows[-1]["record_id"])
    found.searched_to = found.next.time_unix_nano
    return found


def statement(wanted: Wanted, domain: str, low: int, high: int, limit: int) -> tuple[str, Sequence[Any]]:
    """The newest rows of a domain within a slice."""
    condition = wanted.query.clause()
    behind = " AND (time_unix_nano, record_id) < (?, ?)" if wanted.before else ""
    sent = "" if wanted.events else " AND generation IS NULL"
    sql = (
        f"SELECT {LEVEL} AS level, logs.* FROM logs WHERE domain = ? AND time_unix_nano >= ? AND time_unix_nano < ?{behind}{sent}"  # noqa: S608
        f" AND ({condition.sql}) ORDER BY time_unix_nano DESC, record_id DESC LIMIT ?"
    )
    return sql, (domain, low, high, *(wanted.before or ()), *condition.parameters, limit)


def _slice(connection: Readable, wanted: Wanted, domains: Sequence[str], low: int, high: int) -> Iterator[Row]:
    """Of all domains, by time."""
    asked = (statement(wanted, domain, low, high, wanted.limit + 1) for domain in domains)
    answers = [list(_rows(connection.execute(sql, parameters))) for sql, parameters in asked]
    return merge(*answers, key=lambda row: (row["time_unix_nano"], row["record_id"]), reverse=True)


def _rows(answer: Answer) -> Iterator[Row]:
    names = [column[0] for column in answer.description or ()]
    return (dict(zip(names, row, strict=True)) for row in answer)
