"""Issues on a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from collector.moments import shown
from collector.store.issue_reading import Row, Whole
from collector.visible import visible

if TYPE_CHECKING:
    from collector.causes.explaining import Explained

_BARS = "▁▂▃▄▅▆▇█"
_TREND_HOURS = 48
_COLUMNS = ("ISSUE", "STATE", "PRIORITY", "EVENTS", "USERS", "LAST SEEN", "WHERE", "WHO", "TITLE")
_TITLE = 90
_PARTS = (("evidence", "because"), ("check", "look at"))


def table(rows: Sequence[Row], now: float | None = None) -> str:
    """One line an issue."""
    at = time.time() if now is None else now
    several = len({row["domain"] for row in rows}) > 1
    cells = [_COLUMNS, *(tuple(_line(row, at, several=several)) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(_COLUMNS) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in cells
    )


def _line(row: Row, now: float, *, several: bool) -> Iterator[str]:
    where = " ".join(filter(None, (row["domain"] if several else "", row["service"], row["component"])))
    yield row["issue_id"]
    yield row["state"]
    yield row["priority"] or ""
    yield str(row["events"] or 0)
    yield str(row["users"] or "")
    yield ago(row["last_seen_unix_nano"], now)
    yield visible(where)[:40]
    yield visible(row["assignee"] or row["owner"] or "")[:24]
    yield visible(row["title"] or "")[:_TITLE]


def ago(unix_nano: int | None, now: float) -> str:
    """How long something is over, in one unit."""
    secs = max(0.0, now - (unix_nano or 0) / 1e9)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if secs >= length:
            return f"{secs / length:.0f} {unit} ago"
    return f"{secs:.0f} s ago"


def as_object(found: Whole, explained: Explained | None = None) -> dict[str, Any]:
    """For programs. `explained`: what the store knows of its cause."""
    told = {"explained": explained.document()} if explained is not None else {}
    return {**found.issue, "variants": found.variants, "activity": found.activity, "hours": found.hours, **told}


def page(found: Whole, explained: Explained | None = None) -> str:
    """All of it, for people."""
    return "\n".join(visible(line) for line in _page(found, explained))


def _page(found: Whole, explained: Explained | None) -> Iterator[str]:
    issue = found.issue
    yield f"{issue['issue_id']}  {issue['title']}"
    yield f"  {issue['state']}, priority {issue['priority']}, {issue['level']}: {issue['reason'] or 'seen'}"
    told = {
        "domain": issue["domain"], "type": issue["type"], "category": issue["category"],
        "where": " ".join(filter(None, (issue["service"], issue["component"], issue["environment"]))),
        "assignee": issue["assignee"], "owner": issue["owner"],
        "acknowledged": " ".join(filter(None, (_time(issue["acknowledged_unix_nano"]), issue["acknowledged_by"]))),
        "resolved in": issue["resolved_in"], "archived until": issue["archived_until"], "merged into": issue["merged_into"],
        "seen": f"{_time(issue['first_seen_unix_nano'])} to {_time(issue['last_seen_unix_nano'])}, {issue['events'] or 0} events",
        "users": issue["users"] or "", "triage rule": issue["triage_rule"],
        "services": _counted(issue["services"]), "endpoints": _counted(issue["endpoints"]),
        "versions": _counted(issue["versions"]), "environments": _counted(issue["environments"]),
        "trend": _trend(found.hours), **(issue["details"] or {}),
    }  # fmt: skip
    yield from (f"  {name + ':':<15} {value}" for name, value in told.items() if value)
    yield from _why(issue, explained)
    yield from _generated(issue.get("generated") or {})
    yield "  why it is one issue:"
    for one in found.variants:
        yield f"    {one['grouping']}  {one['variant']}, {one['events']} events"
        yield from (f"      {frame}" for frame in one["frames"])
    yield "  samples:"
    for record_id, at, body in issue["samples"] or ():
        yield f"    {_time(at)}  {record_id}  {str(body).splitlines()[0] if body else ''}"
    yield "  what happened:"
    for one in found.activity:
        who = f" ({one['who']}{': ' + one['why'] if one['why'] else ''})" if one["who"] else ""
        yield f"    {_time(one['time_unix_nano'])}  {one['change']}: {one['reason'] or one['state']}{who}"


def _why(issue: Mapping[str, Any], explained: Explained | None) -> Iterator[str]:
    """What probably caused it: by all that the store has, else as it was told when it came."""
    lines = explained.lines() if explained is not None else []
    told = (("cause", issue["cause"]), ("suggestion", issue["suggestion"]))
    lines = lines or [f"{name}: {text}" for name, text in told if text]
    if lines:
        yield "  what changed:"
        yield from (f"    {line}" for line in lines)


def _generated(said: Mapping[str, Any]) -> Iterator[str]:
    """Marked as what it is: a model's words, which may be wrong."""
    if not said:
        return
    yield f"  generated by {said['model']}, {_time(said['at'])}; it may be wrong:"
    yield f"    {said['summary']}"
    for one in said["hypotheses"]:
        yield f"    perhaps: {one['claim']}"
        yield from (f"      {name}: {one[part]}" for part, name in _PARTS if one.get(part))


def _time(unix_nano: int | None) -> str:
    return shown(unix_nano // 10**9) if unix_nano else ""


def _counted(values: Mapping[str, int] | None) -> str:
    ordered = sorted((values or {}).items(), key=lambda each: -each[1])
    return ", ".join(f"{name} ({events})" for name, events in ordered[:8])


def _trend(hours: Sequence[tuple[int, int]]) -> str:
    """Events of each hour as bars, to the last one with any."""
    if not hours:
        return ""
    last, found = hours[-1][0], dict(hours)
    first = max(hours[0][0], last - _TREND_HOURS + 1)
    counts = [found.get(hour, 0) for hour in range(first, last + 1)]
    most = max(counts)
    bars = "".join(_BARS[(len(_BARS) - 1) * count // most] if count else " " for count in counts)
    return f"|{bars}| at most {most} an hour"
