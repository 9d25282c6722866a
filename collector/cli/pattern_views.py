"""Patterns on a terminal, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from collector.moments import shown
from collector.store.pattern_reading import BUCKETS, Advice, Listed, bars
from collector.visible import visible

_TEMPLATE = 110


def as_object(one: Advice) -> dict[str, Any]:
    """For programs."""
    listed = one.listed
    return {
        "domain": listed.domain, "pattern_id": listed.pattern_id, "template": listed.template, "rows_a_month": round(one.rows),
        "bytes_a_month": round(one.bytes_), "d1_usd_a_month": round(one.usd, 4), "rows_a_month_as_counts": round(one.rows_as_counts),
    }  # fmt: skip


def costs(found: Sequence[Advice]) -> Iterator[str]:
    """What each costs, and what it would save."""
    yield f"{'PATTERN':16}  {'ROWS/MONTH':>12}  {'MB/MONTH':>9}  {'D1 USD':>8}  {'AS COUNTS SAVES':>15}  TEMPLATE"
    for one in found:
        saved = 100 * (1 - one.rows_as_counts / one.rows)
        yield (
            f"{one.listed.pattern_id:16}  {one.rows:>12,.0f}  {one.bytes_ / 1e6:>9,.1f}  {one.usd:>8.2f}  {saved:>14.0f}%"
            f"  {visible(one.listed.template)[:_TEMPLATE]}"
        )
    yield "keep less: logboom patterns aggregate ID | sample ID --one-in 10 | drop ID; as before: logboom patterns keep ID"


def table(found: Sequence[Listed], since: int) -> Iterator[str]:
    """A line a pattern."""
    several = len({one.domain for one in found}) > 1
    width = max(len(str(one.count)) for one in found)
    yield f"{'PATTERN':16}  {'LEVEL':8}  {'COUNT':>{max(width, 5)}}  {'TREND':{BUCKETS}}  WHERE, TEMPLATE"
    for one in found:
        where = " ".join(filter(None, (one.domain if several else "", str(one.told.get("service") or ""))))
        new = "(new) " if one.is_new(since) else ""
        text = visible(f"{new}{where + ': ' if where else ''}{one.template}")[:_TEMPLATE]
        yield f"{one.pattern_id:16}  {one.level:8}  {one.count:>{max(width, 5)}}  {bars(one.trend):{BUCKETS}}  {text}"


def page(row: dict[str, Any]) -> Iterator[str]:
    """All of one."""
    yield f"{row['pattern_id']}  {row['template']}"
    if row["merged_into"]:
        yield f"  part of {row['merged_into']} now"
    told = {
        "domain": row["domain"], "found in": row["source"], "service": row["service"], "component": row["component"],
        "records": ", ".join(f"{n} {level}" for level, n in row["records"].items()),
        "seen": f"{_time(row['first_seen_unix_nano'])} to {_time(row['last_seen_unix_nano'])}" if row["count"] else "",
        "also under": ", ".join(row["aliases"][:8]),
    }  # fmt: skip
    yield from (f"  {name + ':':<12} {value}" for name, value in told.items() if value)
    parameters = row["parameters"] or {}
    for place, one in enumerate(parameters.get("wildcards", ()), 1):
        numbers = f", {one['least']:g} to {one['most']:g}" if one["least"] is not None else ""
        top = ", ".join(f"{value} ({n})" for value, n in one["top"][:6])
        yield f"  {f'<*> {place}:':<12} {one['kind']}, about {one['distinct']} values in {parameters['looks']} looks{numbers}: {top}"
    yield from (
        f"  {'sample:' if not at else '':<12} {line.splitlines()[0]}"
        for at, line in enumerate(row["samples"] or ())
        if line
    )


def _time(unix_nano: int | str | None) -> str:
    return shown(int(unix_nano) // 10**9) if unix_nano else ""
