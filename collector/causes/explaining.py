"""What a store knows of an issue's cause: its records and all others of its time and before, deployments, how it was resolved before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from collector.causes import words
from collector.causes.cause import Cause
from collector.causes.deployed import SOON_NS, Deployed
from collector.causes.onset import Window, baseline_windows, fault_window, onset
from collector.causes.sentences import span
from collector.causes.stored import measures, read
from collector.causes.suggestion import Known, Resolution, Suggestion, suggest
from collector.causes.verdict import judge
from collector.store.reading import Readable

_LOOK_BACK_NS = 60 * 60 * 10**9
MOST_RECORDS, _MOST_OF_AN_ISSUE = 30_000, 20_000
_MOST_RESOLUTIONS = 5
_SHOWN, _TOLD = 6, 0.25
"""What changed less surely than that is in the document, not among what people are shown."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What changed, what probably caused an issue, and where to look. `records`: how many were looked at."""

    cause: Cause
    suggestions: Sequence[Suggestion] = ()
    records: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        told = [
            {"place": one.place, "target": one.target, "sentence": one.sentence, "confidence": round(one.confidence, 3),
             "because": one.because}
            for one in self.suggestions
        ]  # fmt: skip
        return {**self.cause.document(), "suggestions": told, "records_compared": self.records}

    def lines(self) -> list[str]:
        """For people; empty where nothing is known."""
        told = [f"cause: {self.cause.sentence} ({self.cause.confidence:.0%} sure)"] if self.cause.sentence else []
        told += [
            f"changed: {one.sentence}"
            for one in self.cause.findings[:_SHOWN]
            if one.sentence != self.cause.sentence and one.confidence >= _TOLD
        ]
        return told + [
            f"suggestion: {one.sentence} [{one.because}]" for one in self.suggestions[:3] if one.confidence >= _TOLD
        ]


@dataclass(frozen=True, slots=True)
class _Issue:
    domain: str
    id: str
    first_seen: int
    last_seen: int
    service: str
    type: str | None
    merged: Sequence[str] = field(default_factory=tuple)

    @property
    def ids(self) -> list[str]:
        """Its own, and of those that were merged into it: records keep the id that they were stored with."""
        return [self.id, *self.merged]


def explain_issue(
    connection: Readable, domain: str, issue_id: str, most_records: int = MOST_RECORDS
) -> Explained | None:
    """What is known of an issue's cause, as of its last records; None where the store has no such issue.

    Args:
        connection: to a store, as `collector.store.reading.opened` gives it, for a scope with the domain.
        most_records: that are looked at of the time of the fault, and of the time before; other days a third of that each.
    """
    issue = _issue(connection, domain, issue_id)
    if issue is None:
        return None
    since = max(issue.first_seen, issue.last_seen - _LOOK_BACK_NS)
    times = _times(connection, issue, since)
    began = onset(times, min(since, int(times[0])) if len(times) else since, issue.last_seen + 1)
    window = fault_window(began, issue.last_seen + 1)
    every, issues = read(connection, domain, window, most_records)
    baseline = _baseline(connection, domain, window, most_records)
    failing = issues.is_in(issue.ids).fill_null(False)
    known_before = set(measures(baseline))
    both = [name for name in measures(every) if name in known_before]
    said = [*dict.fromkeys([*words.names(every), *words.names(baseline)])]
    cause = judge(window, every, failing, baseline, _deployments(connection, domain, began), both, said)
    texts = every.filter(failing).get_column("text").to_list()
    known = Known(issue.service, texts, _resolutions(connection, issue))
    return Explained(cause, suggest(known, cause), every.height + baseline.height)


def _issue(connection: Readable, domain: str, issue_id: str) -> _Issue | None:
    named = (
        "SELECT first_seen_unix_nano, last_seen_unix_nano, service, type FROM issues WHERE domain = ? AND issue_id = ?"
    )
    row = connection.execute(named, (domain, issue_id)).fetchone()
    if row is None:
        return None
    into = "SELECT issue_id FROM issues WHERE domain = ? AND merged_into = ? ORDER BY 1"
    merged = tuple(one for (one,) in connection.execute(into, (domain, issue_id)))
    return _Issue(domain, issue_id, row[0] or 0, row[1] or 0, row[2] or "", row[3], merged)


def _times(connection: Readable, issue: _Issue, since: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    marks = ", ".join("?" * len(issue.ids))
    rows = connection.execute(
        f"SELECT time_unix_nano FROM logs WHERE domain = ? AND issue_id IN ({marks}) AND time_unix_nano BETWEEN ? AND ?"  # noqa: S608
        " AND generation IS NULL ORDER BY time_unix_nano LIMIT ?",
        (issue.domain, *issue.ids, since, issue.last_seen, _MOST_OF_AN_ISSUE),
    )
    return np.array([time for (time,) in rows], np.int64)


def _baseline(connection: Readable, domain: str, window: Window, most: int) -> pl.DataFrame:
    """As long just before, and at the same time of yesterday and a week ago."""
    just_before, *other_days = baseline_windows(window)
    parts = [read(connection, domain, just_before, most, latest=True)[0]]
    parts += [read(connection, domain, other, most // 3)[0] for other in other_days]
    return pl.concat(parts, how="diagonal")


def _deployments(connection: Readable, domain: str, began: int) -> list[Deployed]:
    rows = connection.execute(
        "SELECT service, service_version, environment, time_unix_nano FROM deployments"
        " WHERE domain = ? AND time_unix_nano BETWEEN ? AND ? ORDER BY time_unix_nano, deployment_id",
        (domain, began - SOON_NS, began),
    )
    return [
        Deployed(service or "", version or "", environment or "", at, marked=True)
        for service, version, environment, at in rows
    ]


def _resolutions(connection: Readable, issue: _Issue) -> list[Resolution]:
    """Of itself first, then of others of the same type and service: the newest first."""
    rows = connection.execute(
        "SELECT a.who, a.why, i.resolved_in, a.time_unix_nano FROM issue_activity AS a"
        " JOIN issues AS i ON i.domain = a.domain AND i.issue_id = a.issue_id"
        " WHERE a.domain = ?1 AND a.change = 'resolved' AND a.time_unix_nano <= ?2"
        " AND (a.issue_id = ?3 OR (i.type = ?4 AND i.service = ?5))"
        " ORDER BY a.issue_id = ?3 DESC, a.time_unix_nano DESC LIMIT ?6",
        (issue.domain, issue.last_seen, issue.id, issue.type, issue.service, _MOST_RESOLUTIONS),
    )
    return [
        Resolution(who or "", why or "", version or "", f"{span(issue.last_seen - (at or 0))} before")
        for who, why, version, at in rows
    ]
