"""Patterns with records in a time, and what part of all they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.store.pattern_reading import Listed, listed
from collector.store.reading import Readable, Rows

_ALL = 100_000
_QUIET_PARTS = 3


@dataclass(frozen=True, slots=True)
class Patterns:
    """The first ones in an order; `records`: of all patterns, `patterns`: how many there are."""

    listed: Sequence[Listed]
    records: int
    patterns: int
    since: int

    def share(self, one: Listed) -> float:
        """Its part of all records, percent."""
        return 100 * one.count / self.records if self.records else 0.0

    def tag(self, one: Listed) -> str:
        """`new`: first seen in this time; `gone`: it had records, and none in the last quarter of it; else empty."""
        if one.is_new(self.since):
            return "new"
        return "gone" if not any(one.trend[-_QUIET_PARTS:]) else ""


def patterns(since: int, until: int, order: str, limit: int) -> Callable[[Readable], Patterns]:
    """Of a time (nanoseconds), in one of `pattern_reading.ORDERS`."""

    def ask(connection: Readable) -> Patterns:
        def rows(statement: str) -> Rows:
            answer = connection.execute(statement)
            return Rows([column[0] for column in answer.description], answer.fetchall())

        found = listed(rows, since, until, order, _ALL)
        return Patterns(found[:limit], sum(one.count for one in found), len(found), since)

    return ask
