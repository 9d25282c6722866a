"""What a period brought: issues and how long they stood, patterns that are new, services that are loud, and what grew. Connections are those of
`reading.opened`, so a reader's report is of its own domains alone; a store that lacks a table has nothing to tell of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.store.kept_reading import kept
from collector.store.reading import Readable
from collector.store.repair_times import Times, clocks, times
from collector.store.retention import MINUTE_NS

_PARTS = 12
_MOST = 10

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Of a period, nanoseconds.

    Args:
        repair: MTTA and MTTR by domain, component and level.
        volume: by level: records, and of the period before.
        trend: level → records in twelve parts of it, the oldest first.
        issues: those with the most events in it.
        patterns: first seen in it, those with the most records first.
        services: by records that are critical or warnings.
        kept: by domain: records, the bytes they take in the store and would in a month at this rate, what they cost.
        spent: domain → what destinations billed for it today and this month (UTC), where they do.
        domains: which are told of, where it is not all.
    """

    since_unix_nano: int
    until_unix_nano: int
    repair: Sequence[Times]
    volume: Sequence[Row]
    trend: dict[str, list[int]]
    issues: Sequence[Row]
    patterns: Sequence[Row]
    services: Sequence[Row]
    kept: Sequence[Row] = ()
    spent: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    domains: Sequence[str] | None = None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        told = ("domain", "component", "level", "acknowledged", "mtta_median_secs", "mtta_p90_secs", "resolved", "mttr_median_secs",
                "mttr_p90_secs", "unresolved")  # fmt: skip
        return {
            "since_unix_nano": self.since_unix_nano, "until_unix_nano": self.until_unix_nano, "domains": self.domains,
            "repair": [{name: getattr(each, name) for name in told} for each in self.repair],
            "volume": list(self.volume), "trend": self.trend, "issues": list(self.issues),
            "new_patterns": list(self.patterns), "noisy_services": list(self.services), "kept": list(self.kept),
            "spent": [{"domain": name, "today": today, "this_month": month} for name, (today, month) in self.spent.items()],
        }  # fmt: skip


def report(
    connection: Readable,
    since: int,
    until: int,
    domains: Sequence[str] | None = None,
    *,
    price: float = 0.0,
    spent: Mapping[str, tuple[float, float]] | None = None,
) -> Report:
    """Of what happened from `since` to `until`.

    Args:
        price: of a million records; 0: nobody bills them.
        spent: see `Report`.
    """
    first, last = since // MINUTE_NS, -(-until // MINUTE_NS)
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    return Report(
        since, until,
        times(clocks(connection, since)) if "issue_activity" in there else [],
        _volume(connection, first, last), _trend(connection, first, last),
        _rows(connection, _ISSUES, [first, last, _MOST]) if "issue_minutes" in there else [],
        _rows(connection, _PATTERNS, [first, last, since, until, _MOST]) if "pattern_minutes" in there else [],
        _services(connection, first, last), kept(connection, first, last, price), spent or {}, domains,
    )  # fmt: skip


_ISSUES = """WITH seen AS (SELECT domain, issue_id, sum(n) AS n FROM issue_minutes WHERE minute >= ?1 AND minute < ?2 GROUP BY 1, 2)
    SELECT i.domain, i.issue_id, i.title, i.state, i.priority, i.level, i.service, i.component, seen.n AS events, i.users, i.assignee, i.cause,
        i.suggestion, i.first_seen_unix_nano, i.last_seen_unix_nano
    FROM seen JOIN issues AS i USING (domain, issue_id) WHERE i.state != 'merged'
    ORDER BY CASE i.priority WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END, seen.n DESC, i.issue_id LIMIT ?3"""
_PATTERNS = """WITH seen AS (SELECT domain, pattern_id, sum(n) AS n, sum(n * (level IN ('critical', 'warning'))) AS urgent
        FROM pattern_minutes WHERE minute >= ?1 AND minute < ?2 GROUP BY 1, 2)
    SELECT p.domain, p.pattern_id, p.template, p.service, p.component, seen.n AS records, seen.urgent, p.first_seen_unix_nano
    FROM seen JOIN patterns AS p USING (domain, pattern_id)
    WHERE p.first_seen_unix_nano >= ?3 AND p.first_seen_unix_nano < ?4 AND ifnull(p.merged_into, '') = ''
    ORDER BY seen.urgent DESC, seen.n DESC, p.pattern_id LIMIT ?5"""
_SERVICES = """SELECT domain, service, sum(n * (minute >= ?1)) AS records,
        sum(n * (minute >= ?1 AND level = 'critical')) AS critical, sum(n * (minute >= ?1 AND level = 'warning')) AS warning,
        sum(n * (minute < ?1)) AS records_before, sum(n * (minute < ?1 AND level IN ('critical', 'warning'))) AS urgent_before
    FROM log_minutes WHERE minute >= ?3 AND minute < ?2 GROUP BY 1, 2 HAVING records > 0
    ORDER BY critical + warning DESC, records DESC, domain, service LIMIT ?4"""
_VOLUME = """SELECT level, sum(n * (minute >= ?1)) AS records, sum(n * (minute < ?1)) AS records_before
    FROM log_minutes WHERE minute >= ?3 AND minute < ?2 GROUP BY 1
    ORDER BY CASE level WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 WHEN 'info' THEN 2 ELSE 3 END, level"""


def _volume(connection: Readable, first: int, last: int) -> list[Row]:
    return _rows(connection, _VOLUME, [first, last, first - (last - first)])


def _services(connection: Readable, first: int, last: int) -> list[Row]:
    return _rows(connection, _SERVICES, [first, last, first - (last - first), _MOST])


def _trend(connection: Readable, first: int, last: int) -> dict[str, list[int]]:
    width = max(1, last - first)
    statement = "SELECT level, (minute - ?1) * ?3 / ?4 AS part, sum(n) FROM log_minutes WHERE minute >= ?1 AND minute < ?2 GROUP BY 1, 2"
    found: dict[str, list[int]] = {}
    for level, part, n in connection.execute(statement, [first, last, _PARTS, width]):
        found.setdefault(level, [0] * _PARTS)[min(part, _PARTS - 1)] += n
    return {level: found[level] for level in sorted(found)}


def _rows(connection: Readable, statement: str, parameters: Sequence[Any]) -> list[Row]:
    cursor = connection.execute(statement, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
