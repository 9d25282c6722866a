"""What a store says of patterns, in SQL that a file and D1 both answer: `Ask` is one of their `query`, so a reader sees its own rows alone.

Counts come from `pattern_minutes`, all else from `patterns`. A pattern that is part of another now is counted there, whatever id its
records have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from collector.levels import LEVELS
from collector.store.reading import Rows
from collector.store.rollup import OTHER

Ask = Callable[[str], Rows]
Key = tuple[str, str]
"""Domain and id."""
BUCKETS = 12
ORDERS = ("count", "new", "level")
_MINUTE_NS = 60_000_000_000
_OTHERS = "records of more patterns than a minute may have"
_TOLD = (
    "domain, pattern_id, template, source, service, component, first_seen_unix_nano, last_seen_unix_nano, merged_into"
)
_MANY = 10_000
_MONTH_NS = 30 * 86_400 * 10**9
_LOOKED_AT = 20_000
"""Rows, the newest, whose bytes are looked at."""
_ROW_BYTES = 250
"""Of a row and its index entries beside its texts, about."""
_D1_ROWS_A_RECORD, _D1_USD_A_MILLION_ROWS, _D1_USD_A_GB = 3, 1.00, 0.75
"""What Cloudflare bills: the row and two index entries, and a month of a GB."""
_JSON = ("levels", "parameters", "samples")


@dataclass(slots=True)
class Listed:
    """A pattern and its records since a time; `trend`: in twelve parts of it, the oldest first."""

    domain: str
    pattern_id: str
    told: Mapping[str, Any]
    levels: dict[str, int] = field(default_factory=dict)
    trend: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    last_minute: int = 0

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.levels.values())

    @property
    def level(self) -> str:
        """The most urgent level that a tenth of them have."""
        return next((level for level in LEVELS if 10 * self.levels.get(level, 0) >= self.count), "")

    @property
    def template(self) -> str:
        """Its text."""
        return _OTHERS if self.pattern_id == OTHER else str(self.told.get("template") or "")

    def is_new(self, since_unix_nano: int) -> bool:
        """Whether its first record came since then."""
        return int(self.told.get("first_seen_unix_nano") or 0) >= since_unix_nano


def listed(ask: Ask, since_unix_nano: int, until_unix_nano: int, order: str = "count", limit: int = 50) -> list[Listed]:
    """Patterns that had records since then: the most frequent, the newest or the most urgent first."""
    first = since_unix_nano // _MINUTE_NS
    width = max(1, -(-(until_unix_nano // _MINUTE_NS + 1 - first) // BUCKETS))
    counted = ask(
        f"SELECT domain, pattern_id, level, min((minute - {first}) / {width}, {BUCKETS - 1}), sum(n), max(minute)"  # noqa: S608 - numbers
        f" FROM pattern_minutes WHERE minute >= {first} GROUP BY 1, 2, 3, 4"
    )
    told = _told(ask)
    found: dict[Key, Listed] = {}
    for domain, pattern_id, level, bucket, n, minute in counted.values:
        key = standing(told, (str(domain), str(pattern_id)))
        one = found.setdefault(key, Listed(*key, told.get(key, {})))
        one.levels[str(level)] = one.levels.get(str(level), 0) + _number(n)
        one.trend[_number(bucket)] += _number(n)
        one.last_minute = max(one.last_minute, _number(minute))
    return sorted(found.values(), key=_ORDER[order])[:limit]


_ORDER: Mapping[str, Callable[[Listed], tuple[Any, ...]]] = {
    "count": lambda one: (-one.count, one.pattern_id),
    "new": lambda one: (-int(one.told.get("first_seen_unix_nano") or 0), one.pattern_id),
    "level": lambda one: (LEVELS.index(one.level) if one.level else len(LEVELS), -one.count, one.pattern_id),
}


def whole(ask: Ask, begin: str) -> list[dict[str, Any]]:
    """All that is told of the patterns whose id begins so (hexadecimal), three at most; `aliases`: ids that are part of it now; `records`: how many
    there are, by level."""
    if not begin or not set(begin) <= set("0123456789abcdef"):
        return []
    rows = _dicts(ask(f"SELECT * FROM patterns WHERE pattern_id >= '{begin}' AND pattern_id < '{begin}g' LIMIT 3"))  # noqa: S608
    for row in rows:
        into = ask(f"SELECT pattern_id FROM patterns WHERE merged_into = '{row['pattern_id']}' LIMIT 200")  # noqa: S608 - hexadecimal
        row["aliases"] = [str(one) for (one,) in into.values]
        row["records"] = _records(ask, [str(row["pattern_id"]), *row["aliases"]])
        row.update({name: orjson.loads(row[name]) for name in _JSON if row.get(name)})
    return rows


def _records(ask: Ask, ids: Sequence[str]) -> dict[str, int]:
    """How many there are in the store's counts, by level."""
    named = ", ".join(f"'{one}'" for one in ids)
    counted = ask(f"SELECT level, sum(n) FROM pattern_minutes WHERE pattern_id IN ({named}) GROUP BY 1")  # noqa: S608 - hexadecimal
    return {str(level): _number(n) for level, n in counted.values}


@dataclass(frozen=True, slots=True)
class Advice:
    """What a pattern costs in a month, at the rate of the time that was looked at: rows, bytes in the store, USD of D1; and how many
    rows it would be as counts (one a minute)."""

    listed: Listed
    rows: float
    bytes_: float
    usd: float
    rows_as_counts: float


def advised(ask: Ask, since_unix_nano: int, until_unix_nano: int, limit: int = 20) -> list[Advice]:
    """The patterns that cost most, of those that are neither critical nor warnings and have no part in an issue."""
    found = listed(ask, since_unix_nano, until_unix_nano, limit=_MANY)
    months = max(until_unix_nano - since_unix_nano, _MINUTE_NS) / _MONTH_NS
    sizes, troubled, minutes = _sizes(ask), _troubled(ask), _minutes(ask, since_unix_nano)
    harmless = [one for one in found if one.pattern_id != OTHER and not {"critical", "warning"} & one.levels.keys()]
    quiet = [one for one in harmless if (one.domain, one.pattern_id) not in troubled][:limit]
    return [_cost(one, months, sizes, minutes) for one in quiet]


def _cost(one: Listed, months: float, sizes: Mapping[Key, float], minutes: Mapping[Key, int]) -> Advice:
    key = (one.domain, one.pattern_id)
    rows, counts = one.count / months, min(minutes.get(key, 1), one.count) / months
    size = sizes.get(key, len(one.template) + _ROW_BYTES)
    usd = rows * _D1_ROWS_A_RECORD / 1e6 * _D1_USD_A_MILLION_ROWS + rows * size / 1e9 * _D1_USD_A_GB
    return Advice(one, rows, rows * size, usd, counts)


def _sizes(ask: Ask) -> dict[Key, float]:
    """Bytes of a row by pattern, as the newest rows have them."""
    body = "length(CAST(ifnull(body, '') AS BLOB)) + length(CAST(attributes AS BLOB)) + length(CAST(resource AS BLOB))"
    counted = ask(
        f"SELECT domain, pattern_id, avg({body} + {_ROW_BYTES}) FROM"  # noqa: S608 - constants
        f" (SELECT * FROM logs WHERE rowid > (SELECT max(rowid) FROM logs) - {_LOOKED_AT})"
        " WHERE pattern_id IS NOT NULL GROUP BY 1, 2"
    )
    return {(str(domain), str(pattern)): float(str(size)) for domain, pattern, size in counted.values}


def _troubled(ask: Ask) -> set[Key]:
    """Patterns that had a part in an issue: of the records that are found by pattern, critical ones and warnings."""
    found = ask(
        "SELECT DISTINCT domain, pattern_id FROM logs WHERE pattern_id IS NOT NULL"
        " AND (triage_level = 'critical' OR triage_level = 'warning') AND issue_id IS NOT NULL"
    )
    return {(str(domain), str(pattern)) for domain, pattern in found.values}


def _minutes(ask: Ask, since_unix_nano: int) -> dict[Key, int]:
    counted = ask(
        "SELECT domain, pattern_id, count(*) FROM pattern_minutes"  # noqa: S608 - a number
        f" WHERE minute >= {since_unix_nano // _MINUTE_NS} GROUP BY 1, 2"
    )
    return {(str(domain), str(pattern)): _number(n) for domain, pattern, n in counted.values}


def standing(told: Mapping[Key, Mapping[str, Any]], key: Key) -> Key:
    """What a pattern is part of now, or itself."""
    seen = {key}
    while (into := told.get(key, {}).get("merged_into")) and (key[0], str(into)) not in seen:
        key = (key[0], str(into))
        seen.add(key)
    return key


def _told(ask: Ask) -> dict[Key, dict[str, Any]]:
    rows = _dicts(ask(f"SELECT {_TOLD} FROM patterns"))  # noqa: S608 - a constant
    return {(str(row["domain"]), str(row["pattern_id"])): row for row in rows}


def _dicts(rows: Rows) -> list[dict[str, Any]]:
    return [dict(zip(rows.columns, values, strict=True)) for values in rows.values]


def _number(value: object) -> int:
    return int(str(value))


def bars(trend: Sequence[int]) -> str:
    """Counts as a line of bars."""
    signs, most = "▁▂▃▄▅▆▇█", max(trend, default=0)
    return "".join(signs[(len(signs) - 1) * n // most] if n else " " for n in trend) if most else ""


def as_objects(found: Iterable[Listed], since_unix_nano: int) -> list[dict[str, Any]]:
    """For programs."""
    return [
        {
            "domain": one.domain, "pattern_id": one.pattern_id, "template": one.template, "level": one.level, "count": one.count,
            "levels": one.levels, "trend": one.trend, "new": one.is_new(since_unix_nano), "last_seen_unix_nano": one.last_minute * _MINUTE_NS,
            **{name: one.told.get(name) for name in ("source", "service", "component", "first_seen_unix_nano")},
        }
        for one in found
    ]  # fmt: skip
