"""What the store is asked for Loki's answers: records in either order, and counts by labels in windows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collector.console.loki.logql import Metric
from collector.console.loki.selection import LABELS, Selection, field_named, ready
from collector.console.refusal import Refused, TooSlow
from collector.query.searching import Wanted, domains_of, search
from collector.query.sql import of_rows
from collector.query.walking import walked
from collector.scope import Scope
from collector.store.reading import Readable

Row = Mapping[str, Any]
Labels = tuple[str | None, ...]
_BYTES = "sum(ifnull(length(CAST(body AS BLOB)), 0))"
_MOST_STEPS = 11_000
_MOST_SERIES = 5_000


def newest(wanted: Wanted, budget: float) -> Callable[[Readable], Sequence[Row]]:
    """Records, the newest first."""

    def ask(connection: Readable) -> Sequence[Row]:
        ready(connection)
        return search(connection, wanted, budget).rows

    return ask


def oldest(wanted: Wanted) -> Callable[[Readable], Sequence[Row]]:
    """Records, the oldest first."""
    condition = wanted.query.clause()
    statement = (
        f"SELECT {of_rows(field_named('level'))} AS level, logs.* FROM logs WHERE domain = ? AND time_unix_nano >= ? AND time_unix_nano < ?"  # noqa: S608
        f" AND generation IS NULL AND ({condition.sql}) ORDER BY time_unix_nano, record_id LIMIT ?"
    )

    def ask(connection: Readable) -> Sequence[Row]:
        ready(connection)
        found: list[Row] = []
        for domain in domains_of(connection, wanted.scope):
            given = (domain, wanted.since, wanted.until, *condition.parameters, wanted.limit)
            answer = connection.execute(statement, given)
            names = [column[0] for column in answer.description or ()]
            found += [dict(zip(names, row, strict=True)) for row in answer]
        return sorted(found, key=lambda row: (row["time_unix_nano"], row["record_id"]))[: wanted.limit]

    return ask


def counted(
    selected: Selection,
    scope: Scope,
    span: tuple[int, int],
    by: Sequence[str],
    budget: float,
    width: int = 0,
    *,
    sized: bool = False,
) -> Callable[[Readable], Counter[tuple[int, Labels]]]:
    """Records, or bytes of their lines, by (bucket of `width` ns from the beginning of the span on, labels). Raises `TooSlow`: part of an answer would be a wrong one."""
    condition = selected.clause()
    columns = "".join(f", {of_rows(field_named(name))}" for name in by)
    groups = ", ".join(str(at + 1) for at in range(len(by) + 1))
    bucket = "(time_unix_nano - CAST(? AS INTEGER)) / CAST(? AS INTEGER)"
    value = _BYTES if sized else "count(*)"
    statement = (
        f"SELECT {bucket}{columns}, {value} FROM logs WHERE domain = ? AND time_unix_nano >= ? AND time_unix_nano < ?"  # noqa: S608
        f" AND generation IS NULL AND ({condition.sql}) GROUP BY {groups}"
    )

    def ask(connection: Readable) -> Counter[tuple[int, Labels]]:
        ready(connection)
        found: Counter[tuple[int, Labels]] = Counter()
        domains = domains_of(connection, scope)

        def slice_(low: int, high: int) -> list[Any]:
            given = (span[0], width or span[1] - span[0])
            return [
                row for domain in domains for row in connection.execute(statement, (*given, domain, low, high, *condition.parameters))
            ]  # fmt: skip

        reached = span[1]
        for low, rows in walked(connection, span, budget, slice_):
            reached = low
            for at, *labels, n in rows:
                found[at, tuple(labels)] += n
        if reached > span[0]:
            raise TooSlow(budget)
        return found

    return ask


def windows(
    metric: Metric, scope: Scope, steps: range, budget: float
) -> Callable[[Readable], Mapping[Labels, Sequence[tuple[int, float]]]]:
    """Labels → (moment, value) for each step whose window (behind `moment - range`, up to it) holds records.

    Buckets are as wide as range and step can both be made of, so each window is a sum of whole ones.
    """
    width = math.gcd(metric.range_, steps.step)
    first, last = steps[0] - metric.range_ + 1, steps[-1] + 1
    if len(steps) > _MOST_STEPS or (last - first) // width > 8 * _MOST_STEPS:
        raise Refused(
            400,
            "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter",
        )
    count = counted(metric.selection, scope, (first, last), metric.by, budget, width, sized=metric.sized)
    many, stride = metric.range_ // width, steps.step // width

    def ask(connection: Readable) -> Mapping[Labels, Sequence[tuple[int, float]]]:
        series: dict[Labels, Counter[int]] = defaultdict(Counter)
        for (bucket, labels), n in count(connection).items():
            series[labels][bucket] += n
        if len(series) > _MOST_SERIES:
            raise Refused(400, f"maximum of series ({_MOST_SERIES}) reached for a single query")
        found = {labels: _summed(buckets, steps, many, stride, metric) for labels, buckets in series.items()}
        return _ranked(found, metric.top) if metric.top else found

    return ask


def _ranked(
    found: Mapping[Labels, Sequence[tuple[int, float]]], top: int
) -> Mapping[Labels, Sequence[tuple[int, float]]]:
    """Of each step so many series; of equal ones the first by their labels."""
    steps: dict[int, list[tuple[float, list[str], Labels]]] = defaultdict(list)
    for labels, values in found.items():
        for at, value in values:
            steps[at].append((-value if top > 0 else value, [one or "" for one in labels], labels))
    kept: dict[Labels, list[tuple[int, float]]] = defaultdict(list)
    for at in sorted(steps):
        for value, _, labels in sorted(steps[at], key=lambda one: one[:2])[: abs(top)]:
            kept[labels].append((at, -value if top > 0 else value))
    return kept


def _summed(buckets: Counter[int], steps: range, many: int, stride: int, metric: Metric) -> Sequence[tuple[int, float]]:
    """A running sum over buckets; windows without records have no sample, as in Loki."""
    upto, total = [0], 0
    for at in range((len(steps) - 1) * stride + many):
        total += buckets[at]
        upto.append(total)
    per = metric.range_ / 1e9 if metric.rate else 1
    counts = ((moment, upto[at * stride + many] - upto[at * stride]) for at, moment in enumerate(steps))
    return [(moment, n / per) for moment, n in counts if n]


def labelled(row: Row) -> dict[str, str]:
    """Labels of a record's stream; what is absent is none."""
    return {
        name: str(row[column])
        for name in LABELS
        if row[column := "level" if name == "level" else field_named(name).column] is not None
    }
