"""How many records: over time by level, and by the values of fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.console.asking import Asked
from collector.levels import LEVELS
from collector.query import summing
from collector.query.fields import Field
from collector.store.reading import Readable

LONGEST_SIDE = 120
"""Buckets, at most."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """From `start` (ns) on; counts in the order of `LEVELS`."""

    start: int
    counts: Sequence[int]

    @property
    def total(self) -> int:
        """Of all levels."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Buckets of the whole time, the empty ones, too.

    Args:
        width: ns of a bucket.
        source: `minutes` or `rows`: where the counts come from.
        counted_to: ns: from here on all is counted.
    """

    width: int
    buckets: Sequence[Bucket]
    source: str
    complete: bool
    counted_to: int

    @property
    def totals(self) -> dict[str, int]:
        """Level → records."""
        return {level: sum(bucket.counts[at] for bucket in self.buckets) for at, level in enumerate(LEVELS)}

    @property
    def total(self) -> int:
        """Of all."""
        return sum(bucket.total for bucket in self.buckets)


@dataclass(frozen=True, slots=True)
class Facet:
    """The most frequent values of a field, None for records without it; and how many others there are."""

    field: str
    values: Sequence[tuple[str | None, int]]
    others: int
    source: str
    complete: bool


def histogram(asked: Asked, buckets: int, budget_secs: float) -> Callable[[Readable], Histogram]:
    """By level, in `buckets` at most."""

    def ask(connection: Readable) -> Histogram:
        wanted = summing.Asked(asked.query, asked.scope, asked.since, asked.until)
        width = summing.width_for(asked.since, asked.until, min(buckets, LONGEST_SIDE))
        counts = summing.by_level(connection, wanted, min(buckets, LONGEST_SIDE), budget_secs)
        starts = range(asked.since // width * width, asked.until, width)
        found = [Bucket(start, [counts.found[start, level] for level in LEVELS]) for start in starts]
        return Histogram(width, found, counts.source, counts.complete, counts.counted_to)

    return ask


def facet(asked: Asked, field: Field, top: int, budget_secs: float) -> Callable[[Readable], Facet]:
    """The `top` values of a field."""

    def ask(connection: Readable) -> Facet:
        wanted = summing.Asked(asked.query, asked.scope, asked.since, asked.until)
        counts = summing.by_field(connection, wanted, field, budget_secs)
        found = sorted(counts.by_value.items(), key=lambda one: (-one[1], one[0] or ""))
        return Facet(field.name, found[:top], sum(n for _, n in found[top:]), counts.source, counts.complete)

    return ask
