"""A reader's place in the store, and what was committed behind it. All of it runs on the thread of tails.

Rows are found by their rowid, which grows with every commit, so late records and those of any number of writers are behind it (see
`collector.store.following`). What clients are given as the place is the id of a record that they may see: it says nothing of the
others, and names the same place in a copy of the store. Nothing waits in memory for a slow client: its place stays behind.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.query.query import Query
from collector.scope import Scope
from collector.store.following import BY_ID, LAST_OF_DOMAIN, MOST_OF_DOMAIN, NEWEST, Question, Wanted
from collector.store.reading import Readable

Row = Mapping[str, Any]

BEGINNING = "0"
"""The place in front of all records."""
MOST_ROWS = 50
"""Of a message."""
MOST_BEHIND, KEPT = 10_000, 500
"""Of more records than that which were not told yet, about so many of the newest are told and the others left out."""
_LOOK, _LOOK_BACK, _LOOK_ANEW = 2_000, 20_000, 5_000
"""Rows that one question looks at; in which a place is looked for; that are looked at where the place is not known."""
_COUNT_SECS = 0.5


@dataclass(frozen=True, slots=True)
class Records:
    """In the order of their commit. `place`: behind the last of them."""

    rows: Sequence[Row]
    place: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """So many were left out, since the client was too slow or too long away; not `complete`: at least so many."""

    count: int
    complete: bool
    place: str


@dataclass(frozen=True, slots=True)
class Reset:
    """The place is not known: its record is gone, or another store stands here. What follows begins among the newest."""

    place: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing of it is wanted up to this place."""

    place: str


Told = Records | Skipped | Reset | Quiet


class Tail:
    """Of what one client wants.

    Args:
        after: the place to go on from; empty: only what comes from now on.
        events: also what components made.
    """

    def __init__(self, query: Query, scope: Scope, after: str = "", *, events: bool = False) -> None:
        condition = query.filtering()
        wanted = condition.sql if events else f"generation IS NULL AND ({condition.sql})"
        self._wanted = Wanted(scope, also=Question(wanted, condition.parameters))
        self._all = Wanted(scope)
        self.scope = scope
        self._seen = self._counted = 0
        self._unknown = False
        self.place = after

    def begin(self, connection: Readable) -> None:
        """Find the place in a store: at first, and where another file has the name."""
        newest = _newest(connection)
        found = self._found(connection) if self.place else newest
        self._unknown = found is None
        self._seen = max(0, newest - _LOOK_ANEW) if found is None else found
        self._counted = 0
        if found is None or not self.place:
            self.place = self._place(connection, self._seen)

    def step(self, connection: Readable) -> Told | None:
        """What comes next; None: there is nothing more."""
        if self._unknown:
            self._unknown = False
            return Reset(self.place)
        newest = _newest(connection)
        if newest - max(self._seen, self._counted) > MOST_BEHIND and (skipped := self._skip(connection, newest)):
            return skipped
        return self._next(connection, newest) if self._seen < newest else None

    def _next(self, connection: Readable, newest: int) -> Told:
        through = min(newest, self._seen + _LOOK)
        rows = _rows(connection, self._wanted.fresh(self._seen, through, MOST_ROWS))
        if not rows:
            self.place = self._last(connection, self._seen, through) or self.place
            self._seen = through
            return Quiet(self.place)
        self._seen = rows[-1]["rowid"] if len(rows) == MOST_ROWS else through
        self.place = rows[-1]["record_id"]
        return Records([row for row in rows if row["domain"] in self.scope], self.place)

    def _skip(self, connection: Readable, newest: int) -> Skipped | None:
        """Count from the end on. None: there are few enough to tell them all, or nobody knows yet."""
        high = newest
        kept, left, begin, ends = 0, 0, newest, time.monotonic() + _COUNT_SECS
        while high > self._seen and time.monotonic() < ends:
            low = max(self._seen, high - _LOOK)
            found = self._count(connection, low, high)
            if kept < KEPT:
                kept, begin = kept + found, low
            else:
                left += found
            high = low
        complete = high <= self._seen
        if kept < KEPT or (complete and kept + left <= MOST_BEHIND):
            self._counted = newest
            return None
        self._seen, self.place, self._counted = begin, self._place(connection, begin), newest
        return Skipped(left, complete, self.place)

    def _count(self, connection: Readable, low: int, high: int) -> int:
        question = self._wanted.count(low, high)
        return int(connection.execute(question.statement, question.parameters).fetchone()[0])

    def _found(self, connection: Readable) -> int | None:
        """The rowid of the place."""
        if self.place == BEGINNING:
            return 0
        found = connection.execute(BY_ID, [self.place]).fetchone()
        return int(found[0]) if found is not None and found[1] in self.scope else None

    def _place(self, connection: Readable, through: int) -> str:
        """The last record up to there, in the order of commit, that the client may see."""
        high = max(0, through - _LOOK_BACK)
        return self._last(connection, high, through) or self._far_back(connection, high) or BEGINNING

    def _far_back(self, connection: Readable, high: int) -> str:
        """Where there is none among many. All rows of a small domain are looked at. Of a large one those that are the newest by time, and others
        may have come later with an older time: rows are looked through behind the last of them, as long as that may take."""
        looked = [connection.execute(LAST_OF_DOMAIN, [domain, high]).fetchone() for domain in self.scope.sorted()]
        known = max((int(newest or 0) for newest, _ in looked), default=0)
        ends = time.monotonic() + _COUNT_SECS
        while any(count >= MOST_OF_DOMAIN for _, count in looked) and high > known and time.monotonic() < ends:
            low = max(known, high - _LOOK_BACK)
            if found := self._last(connection, low, high):
                return found
            high = low
        return self._last(connection, known - 1, known)

    def _last(self, connection: Readable, after: int, through: int) -> str:
        question = self._all.last(after, through)
        found = connection.execute(question.statement, question.parameters).fetchone()
        return str(found[0]) if found is not None else ""


def _newest(connection: Readable) -> int:
    return int(connection.execute(NEWEST).fetchone()[0] or 0)


def _rows(connection: Readable, question: Question) -> list[Row]:
    answer = connection.execute(question.statement, question.parameters)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer]
