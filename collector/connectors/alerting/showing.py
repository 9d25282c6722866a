"""A group as a notice: which of its alerts are shown, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from collector.connectors.alerting.group import Alert, Group
from collector.notices import Alert as Shown

_RANK = {"critical": 3, "warning": 2, "info": 1}


def shown(group: Group, marks: Sequence[str], now: int, resolve_after: int, most: int) -> list[Shown]:
    """The alerts of a group as a message shows them: what goes on first, the worst and the most frequent before the others."""
    order = sorted(marks, key=lambda mark: _rank(group.alerts[mark], now, resolve_after))
    return [_alert(mark, group.alerts[mark], now, resolve_after) for mark in order[:most]]


def _rank(alert: Alert, now: int, resolve_after: int) -> tuple[bool, int, int]:
    return not alert.firing(now, resolve_after), -_RANK.get(alert.labels.get("level", ""), 0), -alert.count


def _alert(mark: str, alert: Alert, now: int, resolve_after: int) -> Shown:
    firing = alert.firing(now, resolve_after)
    notes = {"summary": alert.notes.get("title") or summary(alert), **alert.notes}
    if alert.ended:
        notes["ended"] = alert.ended
    return Shown(
        mark, "firing" if firing else "resolved", alert.labels, notes, moment(alert.began), "" if firing else moment(alert.seen),
        alert.count, tuple(alert.samples),
    )  # fmt: skip


def summary(alert: Alert) -> str:
    """An alert in a line: its first line of text, else what it is called."""
    if alert.samples:
        return alert.samples[0].split("\n", 1)[0]
    return alert.labels.get("rule") or alert.labels.get("error_type") or "alert"


def place(labels: Mapping[str, str]) -> str:
    """Where something is, in words: `shop/Checkout of tamyla.com, production`."""
    what = "/".join(labels[name] for name in ("service", "component") if labels.get(name))
    where = ", ".join(labels[name] for name in ("domain", "environment") if labels.get(name))
    return f"{what} of {where}" if what and where else what or where or "all"


def sentence(group: Group, firing: Sequence[str], over: Sequence[str], level: str, by: str = "") -> str:
    """A group in a line, for people. `by`: who has acknowledged it, where that is the news."""
    marks = firing or over
    if not marks:
        return f"{place(group.labels)}: over"
    first = max((group.alerts[mark] for mark in marks), key=lambda alert: alert.count)
    labels = {**group.labels, **{k: v for k, v in first.labels.items() if k in ("service", "component", "environment")}}
    said = first.notes.get("title") or summary(first)
    total = sum(group.alerts[mark].count for mark in marks)
    others = f" and {len(marks) - 1} more" if len(marks) > 1 else ""
    if not firing:
        return f"RESOLVED: {place(labels)}: {said}{others}, {total} in all"
    if by:
        return f"ACKNOWLEDGED by {by}: {place(labels)}: {said}{others}, {total} since {moment(first.began)}"
    return f"{level.upper()}: {place(labels)}: {said}{others}, {total} since {moment(first.began)}"


def moment(unix_nano: int) -> str:
    """RFC 3339, in seconds and UTC."""
    return datetime.fromtimestamp(unix_nano / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
