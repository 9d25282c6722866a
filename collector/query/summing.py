"""How many sent records a query takes: by time and level, and by the values of a field. Counts by minute are asked where they know it; else rows are
looked at, newest first, in slices, within a budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.levels import SQL as LEVEL
from collector.query.fields import Field, Kind
from collector.query.int64 import MOST
from collector.query.minutes import COLUMNS, named
from collector.query.query import Query
from collector.query.searching import domains_of
from collector.query.sql import Clause, column_name, value_of
from collector.query.walking import walked
from collector.scope import Scope
from collector.store.minutes import LOG_MINUTES
from collector.store.reading import Readable, all_counted
from collector.store.rollup import OTHER

_MINUTE = 60 * 10**9
_BOUNDED = f"nullif({LOG_MINUTES.bounded}, '')"
"""The one text that full minutes don't have: where none of the time is full, it is exact as well."""
WIDTHS = tuple(
    seconds * 10**9
    for seconds in (
        1,
        2,
        5,
        10,
        15,
        30,
        60,
        120,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        14_400,
        21_600,
        43_200,
        86_400,
        604_800,
    )
)
"""How long a bucket may be, ns."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose records, of which time: nanoseconds, the end is no part of it."""

    query: Query
    scope: Scope
    since: int
    until: int


@dataclass(slots=True)
class Counts:
    """What was counted.

    Args:
        found: (beginning of the bucket, value) → records.
        counted_to: nanoseconds: all from here on is counted.
        complete: that is all of it.
        source: `minutes`, or `rows` where those had to be looked at.
    """

    counted_to: int
    found: Counter[tuple[int, str | None]] = field(default_factory=Counter)
    complete: bool = False
    source: str = "rows"

    @property
    def by_value(self) -> Counter[str | None]:
        """Over all of the time."""
        total: Counter[str | None] = Counter()
        for (_, value), n in self.found.items():
            total[value] += n
        return total


def width_for(since: int, until: int, buckets: int) -> int:
    """The shortest of `WIDTHS` of which no more than so many are needed; for decades a longest one that is doubled."""
    fits = (width for width in WIDTHS if (until - 1) // width - since // width < buckets)
    width = next(fits, WIDTHS[-1])
    while (until - 1) // width - since // width >= buckets:
        width = min(width * 2, MOST)
    return width


def by_level(connection: Readable, asked: Asked, buckets: int, budget_secs: float = 0.0) -> Counts:
    """Records by level in buckets that begin at multiples of their width; the first and the last hold what is within the time."""
    return _counts(
        connection, asked, width_for(asked.since, asked.until, buckets), Clause(LEVEL, ()), "level", budget_secs
    )


def by_field(connection: Readable, asked: Asked, wanted: Field, budget_secs: float = 0.0) -> Counts:
    """Records by the values of a field; None: those without it. One bucket."""
    known = None if wanted.column not in COLUMNS else named(wanted)
    value = value_of(wanted) if wanted.kind is not Kind.LEVEL else Clause(LEVEL, ())
    if wanted.column == LOG_MINUTES.texts[LOG_MINUTES.bounded]:
        counts = _counts(connection, asked, 0, value, _BOUNDED, budget_secs, column_name(wanted))
        if counts.source == "rows" or OTHER not in counts.by_value:
            return counts
    return _counts(connection, asked, 0, value, known, budget_secs, column_name(wanted))


def _counts(
    connection: Readable,
    asked: Asked,
    width: int,
    value: Clause,
    known: str | None,
    budget_secs: float,
    name: str = "value",
) -> Counts:
    domains = domains_of(connection, asked.scope)
    counts = Counts(asked.until)
    first, last = -(-asked.since // _MINUTE), asked.until // _MINUTE
    condition = asked.query.minutes()
    pieces = [(asked.since, asked.until)]
    if (
        condition is not None
        and known is not None
        and first < last
        and (not width or width % _MINUTE == 0)
        and all_counted(connection)
    ):
        counts.source = "minutes"
        for domain in domains:
            _add(counts, connection.execute(*_of_minutes(domain, first, last, width, condition, known)))
        pieces = [(last * _MINUTE, asked.until), (asked.since, first * _MINUTE)]
    ask = _asker(connection, asked, width, value, name, domains)
    counts.complete = all(
        _looked_at(connection, counts, piece, ask, budget_secs) for piece in pieces if piece[0] < piece[1]
    )
    return counts


def _looked_at(
    connection: Readable,
    counts: Counts,
    piece: tuple[int, int],
    ask: Callable[[int, int], list[Any]],
    budget_secs: float,
) -> bool:
    """Rows of a time, in slices; whether that was all of it."""
    for low, rows in walked(connection, piece, budget_secs, ask):
        _add(counts, rows)
        counts.counted_to = low
    return counts.counted_to == piece[0]


def _asker(
    connection: Readable, asked: Asked, width: int, value: Clause, name: str, domains: Sequence[str]
) -> Callable[[int, int], list[Any]]:
    condition = asked.query.clause()
    statement = (
        f"SELECT {_bucket('time_unix_nano', width)}, {value.sql} AS {name}, count(*) FROM logs WHERE domain = ? AND time_unix_nano >= ?"  # noqa: S608
        f" AND time_unix_nano < ? AND generation IS NULL AND ({condition.sql}) GROUP BY 1, 2"
    )

    def ask(low: int, high: int) -> list[Any]:
        return [
            row for domain in domains
            for row in connection.execute(statement, (*value.parameters, domain, low, high, *condition.parameters))
        ]  # fmt: skip

    return ask


def _of_minutes(
    domain: str, first: int, last: int, width: int, condition: Clause, known: str
) -> tuple[str, Sequence[Any]]:
    statement = (
        f"SELECT {_bucket(f'minute * {_MINUTE}', width)}, {known} AS value, sum(n) FROM log_minutes WHERE domain = ? AND minute >= ?"  # noqa: S608
        f" AND minute < ? AND ({condition.sql}) GROUP BY 1, 2"
    )
    return statement, (domain, first, last, *condition.parameters)


def _bucket(time_: str, width: int) -> str:
    return f"{time_} / {width} * {width}" if width else "0"


def _add(counts: Counts, rows: Any) -> None:
    for bucket, value, n in rows:
        counts.found[bucket, value] += n
