"""Issues as events: each tells the whole issue, and what has happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.component import Work
from processors.issues import sketch
from processors.issues.issue import Issue
from processors.issues.lifecycle import Change

FRONT = "logboom.issue."
_SEVERITY = {"critical": (17, "ERROR"), "warning": (13, "WARN")}
_CALM = (9, "INFO")
_ALARMING = frozenset({"created", "escalating", "regressed", "reopened"})
_TREND_HOURS = 48
_QUIET = "changed"


class News(NamedTuple):
    """One event.

    Args:
        parent: position of the record that it is made of, in the batch; None: made of a command or a tick.
        counted: nothing but counts changed: it is no activity.
        retold: for a store that was lost: it alarms nobody.
    """

    issue: Issue
    change: Change
    at: int
    parent: int | None = None
    counted: bool = False
    merged_into: str = ""
    retold: bool = False

    @property
    def event(self) -> str:
        """The last word of the event's name."""
        return _QUIET if self.retold else event_of(self.change.kind)


def emit(news: Sequence[News], work: Work, *, rule: str = "") -> None:
    """Tell it, a batch for each kind of event."""
    for event in dict.fromkeys(each.event for each in news):
        told = [each for each in news if each.event == event]
        parents = [each.parent for each in told if each.parent is not None]
        series = pl.Series(parents, dtype=pl.UInt32) if parents else None
        work.emit(f"{FRONT}{event}", batch(told), parents=series, rule=rule)


def event_of(kind: str) -> str:
    """The last word of the event's name: what has none of its own is a change."""
    return kind if kind in _EVENTS else _QUIET


_EVENTS = frozenset("created escalating regressed resolved reopened archived assigned merged changed".split(" "))  # noqa: SIM905


def batch(news: Sequence[News]) -> LogBatch:
    """The events as records."""
    severities = [_SEVERITY.get(each.issue.level, _CALM) if each.event in _ALARMING else _CALM for each in news]
    columns = {
        "body": [_sentence(each) for each in news],
        "severity_number": [number for number, _ in severities],
        "severity_text": [text for _, text in severities],
        "time_unix_nano": [each.at for each in news],
    }
    rows = [snapshot(each) for each in news]
    attributes = {key: [row[key] for row in rows] for key in rows[0]}
    return LogBatch.of(
        columns,
        {k: v for k, v in attributes.items() if any(x is not None for x in v)},
        {"service.name": "logboom"},
        "logboom",
    )


def _sentence(news: News) -> str:
    issue, change = news.issue, news.change
    reason = f": {change.reason}" if change.reason and change.kind != "created" else ""
    return f"issue {issue.id} {change.kind}{reason}: {issue.title}"


def snapshot(news: News) -> dict[str, Any]:
    """All that is known of an issue, as attributes; None where there is nothing to say."""
    issue, change = news.issue, news.change
    said: dict[str, Any] = {
        "id": issue.id, "state": "merged" if news.merged_into else str(issue.state), "reason": issue.reason, "level": issue.level, "priority": issue.priority,
        "category": issue.category, "title": issue.title, "type": issue.type, "assignee": issue.assignee, "owner": issue.owner,
        "acknowledged": issue.acknowledged_at or None, "acknowledged_by": issue.acknowledged_by, "events": issue.events,
        "users": sketch.count(issue.users) or None, "first_seen": issue.first_seen, "last_seen": issue.last_seen,
        "resolved_in": issue.resolved.version if issue.resolved else "",
        "archived_until": issue.archived.until if issue.archived else "",
        "services": _json(issue.services), "endpoints": _json(issue.endpoints), "versions": _json(issue.versions),
        "environments": _json(issue.environments), "samples": _json(issue.samples),
        "variants": _json({key: [one.variant, one.frames, one.events] for key, one in issue.variants.items()}),
        "trend": _json([hour[:2] for hour in issue.hours[-_TREND_HOURS:]]),
        "details": _json(issue.more), "cause": issue.cause, "suggestion": issue.suggestion, "rule": issue.rule, "generated": _json(issue.generated),
        "change": change.kind, "change_reason": change.reason, "who": change.who, "why": change.why, "merged_into": news.merged_into,
        "activity": None if news.counted else issue.version,
    }  # fmt: skip
    own = {f"{FRONT}{name}": value if value != "" else None for name, value in said.items()}
    return own | {
        "logboom.version": issue.version, "service.name": issue.service or None, "logboom.component": issue.component or None,
        "deployment.environment.name": issue.environment or None, "logboom.triage.level": issue.level,
    }  # fmt: skip


def _json(value: Any) -> str:
    return orjson.dumps(value).decode() if value else ""
