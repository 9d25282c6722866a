"""How long issues wait until somebody looks after them, and until they are resolved: MTTA and MTTR, from `issue_activity`.

The clock of an issue begins when it was first seen, and again when it regresses or is reopened. It is acknowledged when somebody says so or
assigns it, and resolved when somebody says so; each clock gives at most one time of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from typing import NamedTuple

from collector.store.reading import Readable

_ACTIVITY = """SELECT domain, issue_id, ifnull(component, ''), ifnull(level, ''), change, ifnull(assignee, ''), first_seen_unix_nano, time_unix_nano
    FROM issue_activity WHERE (domain, issue_id) IN (SELECT domain, issue_id FROM issue_activity WHERE time_unix_nano >= ?)
    ORDER BY domain, issue_id, activity"""
_BEGINS = frozenset({"created", "regressed", "reopened"})
_NANOS = 1e9


class Clock(NamedTuple):
    """One time that an issue was open. Seconds; None: not yet. `ended_unix_nano`: when it was resolved, else 0."""

    domain: str
    component: str
    level: str
    began_unix_nano: int
    acknowledged_secs: float | None
    resolved_secs: float | None
    ended_unix_nano: int


@dataclass(frozen=True, slots=True)
class Times:
    """Of the clocks of one domain, component and level: how many, and median and 90th percentile in seconds; None where there are none."""

    domain: str
    component: str
    level: str
    acknowledged: int
    mtta_median_secs: float | None
    mtta_p90_secs: float | None
    resolved: int
    mttr_median_secs: float | None
    mttr_p90_secs: float | None
    unresolved: int


def clocks(connection: Readable, since_unix_nano: int) -> list[Clock]:
    """Those of issues to which something has happened since then, and that were open then or later."""
    rows = connection.execute(_ACTIVITY, (since_unix_nano,)).fetchall()
    found = [clock for _, own in groupby(rows, lambda row: row[:2]) for clock in _of_issue(list(own))]
    return [clock for clock in found if not clock.ended_unix_nano or clock.ended_unix_nano >= since_unix_nano]


def _of_issue(rows: Sequence[tuple[str, str, str, str, str, str, int, int]]) -> Iterator[Clock]:
    began = acknowledged = 0
    domain, _, component, level = rows[-1][:4]
    for *_, change, assignee, first_seen, at in rows:
        if change in _BEGINS and not began:
            began, acknowledged = (first_seen or at) if change == "created" else at, 0
        elif began and not acknowledged and (change == "acknowledged" or (change == "assigned" and assignee)):
            acknowledged = at
        elif began and change in ("resolved", "merged"):
            if change == "resolved":
                yield _clock(domain, component, level, began, acknowledged, at)
            began = 0
    if began:
        yield _clock(domain, component, level, began, acknowledged, 0)


def _clock(domain: str, component: str, level: str, began: int, acknowledged: int, ended: int) -> Clock:
    taken = max(0, acknowledged - began) / _NANOS if acknowledged else None
    return Clock(domain, component, level, began, taken, max(0, ended - began) / _NANOS if ended else None, ended)


def times(found: Iterable[Clock]) -> list[Times]:
    """By domain, component and level, in that order."""
    ordered = sorted(found, key=lambda clock: clock[:3])
    return [_times(key, list(own)) for key, own in groupby(ordered, lambda clock: clock[:3])]


def _times(key: tuple[str, str, str], own: Sequence[Clock]) -> Times:
    taken = sorted(clock.acknowledged_secs for clock in own if clock.acknowledged_secs is not None)
    mended = sorted(clock.resolved_secs for clock in own if clock.resolved_secs is not None)
    return Times(
        *key, len(taken), _share(taken, 0.5), _share(taken, 0.9), len(mended), _share(mended, 0.5), _share(mended, 0.9),
        len(own) - len(mended),
    )  # fmt: skip


def _share(ordered: Sequence[float], share: float) -> float | None:
    """The smallest time that at least that share of them does not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None
