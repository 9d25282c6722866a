"""Patterns that never were, at all or in their service: told at once, and a reason to call when they are bad and stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from processors.anomalies.findings import Finding
from processors.anomalies.policy import Policy
from processors.anomalies.table import Floats, Table

if TYPE_CHECKING:
    from processors.anomalies.watch import Watch

_YOUNG = 24 * 60
_CRITICAL, _WARNING = 3, 2
_LEAST = {_CRITICAL: 5, _WARNING: 10}
_SILENT_AT_FIRST = 60
"""Minutes of a domain in which every pattern is new."""
_NEW, _TOLD, _ELSEWHERE = 1, 2, 4
"""Bits of `fresh`: not told to the end yet; told that it came; other services had the pattern before."""


def met(rows: Table, row: int, *, elsewhere: bool) -> None:
    """A row was made."""
    rows["fresh"][row] = _NEW | (_ELSEWHERE if elsewhere else 0)


def judge(policy: Policy, watch: Watch, five: Floats, minute: int) -> Iterator[Finding]:
    """Those that are told now: each when it comes, and once more when it is a reason to call."""
    rows = watch.series.rows
    fresh, first = rows["fresh"], rows["first"]
    some = np.flatnonzero(((fresh & _NEW) > 0) & (five > 0) & (first > minute - _YOUNG))
    for row in some[first[some] >= watch.began + _SILENT_AT_FIRST].tolist():
        page = policy.learned and _stays(watch, row, float(five[row]), minute)
        if fresh[row] & _TOLD and not page:
            continue
        where = "service" if fresh[row] & _ELSEWHERE else "domain"
        fresh[row] = 0 if page else fresh[row] | _TOLD
        more = (("logboom.anomaly.new_in", where),)
        subject = watch.standing(row).subject
        page = page and policy.calls(subject)
        yield Finding("new_pattern", subject, page, 0.0, float(five[row]), 5, int(first[row]), 0.95, more=more)


def _stays(watch: Watch, row: int, five: float, minute: int) -> bool:
    """Bad, in several minutes, and more than the service always has of what is not good."""
    rows = watch.series.rows
    level = int(rows["level"][row])
    recent = [(minute - back) % rows["ring"].shape[1] for back in range(5)]
    if five < _LEAST.get(level, 1 << 30) or int((rows["ring"][row, recent] > 0).sum()) < 2:
        return False
    usual_bad = 5 * float(rows["mean"][watch.sums[rows["service"][row], 1]])
    return level == _CRITICAL or five >= 3 * usual_bad + 10
