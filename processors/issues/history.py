"""What happened to an issue, the last of it: kept so that a store that was lost shows it again.

past/<id>    JSON: (version, when, change, reason, state, who, why, level, priority, assignee, events), the oldest first
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import orjson

from collector.component import State
from processors.issues.issue import Issue
from processors.issues.issue import State as Standing
from processors.issues.lifecycle import Change
from processors.issues.shelf import PAST
from processors.issues.telling import News

MOST = 12
"""Of an issue."""
_TEXT = 300


class _Happened(NamedTuple):
    version: int
    at: int
    change: str
    reason: str
    state: str
    who: str
    why: str
    level: str
    priority: str
    assignee: str
    events: int


def note(news: News, state: State) -> None:
    """Keep what is told of an issue, but for counts alone."""
    if news.counted or news.merged_into:
        return
    issue, change = news.issue, news.change
    happened = _Happened(
        issue.version, news.at, change.kind, change.reason[:_TEXT], str(issue.state), change.who[:_TEXT], change.why[:_TEXT],
        issue.level, issue.priority, issue.assignee, issue.events,
    )  # fmt: skip
    kept = state.get(PAST + issue.id.encode())
    rows = orjson.loads(kept) if kept else []
    state.put(PAST + issue.id.encode(), orjson.dumps([*rows, list(happened)][-MOST:]))


def again(issue: Issue, state: State) -> Iterator[News]:
    """An issue as it is, with the version that it has, and what happened to it, as it was then. What was before it was kept is not told."""
    kept = state.get(PAST + issue.id.encode())
    rows = [_Happened(*row) for row in orjson.loads(kept)] if kept else []
    for one in rows:
        change = Change(one.change, one.reason, one.who, one.why)
        if one.version < issue.version:
            yield News(_then(issue, one), change, one.at, retold=True)
    last = rows[-1] if rows and rows[-1].version == issue.version else None
    if last is None:
        yield News(issue, Change("changed", issue.reason), issue.last_seen, counted=True, retold=True)
    else:
        yield News(issue, Change(last.change, last.reason, last.who, last.why), last.at, retold=True)


def _then(issue: Issue, one: _Happened) -> Issue:
    """The issue as far as its activity tells of it: stores keep the newer row of the issue itself."""
    return replace(
        issue, version=one.version, state=Standing(one.state), level=one.level, priority=one.priority, assignee=one.assignee,
        events=one.events, variants={}, samples=[], hours=[], more={}, generated={},
    )  # fmt: skip
