"""When it began: the change point of counts, and the windows that are compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from collector.causes.significance import Floats

_SLOTS = 120
_SURE = 12.0
"""Log-likelihood by which a step must explain the counts better than a steady rate, after looking at all places for it."""
_SHORTEST_NS, _LONGEST_NS = 60 * 10**9, 30 * 60 * 10**9
_DAY_NS = 86_400 * 10**9


class Window(NamedTuple):
    """From `since` (with it) to `until` (without it), nanoseconds."""

    since: int
    until: int

    def before(self, by_ns: int) -> Window:
        """The same length, so much earlier."""
        return Window(self.since - by_ns, self.until - by_ns)


def onset(times: npt.NDArray[np.int64], since: int, until: int) -> int:
    """When the rate of events rose, if it did between `since` and `until`: the first event behind the change; else that of the first one
    (`since` where there is none)."""
    inside = np.sort(times[(times >= since) & (times < until)])
    if not len(inside):
        return since
    step = max(1, (until - since) // _SLOTS)
    counts = np.bincount((inside - since) // step, minlength=(until - since) // step + 1)[:_SLOTS].astype(np.float64)
    at = _step_up(counts)
    behind = inside[inside >= since + at * step]
    return int(behind[0]) if len(behind) else int(inside[0])


def _step_up(counts: Floats) -> int:
    """The slot with which a higher rate begins; 0: a steady rate says as much."""
    n = len(counts)
    if n < 2:
        return 0
    before = np.cumsum(counts)[:-1]
    length = np.arange(1, n)
    after, rest = counts.sum() - before, n - length
    likelihood = _poisson(before, length) + _poisson(after, rest) - _poisson(counts.sum(), n)
    rising = np.where(after / rest > before / length, likelihood, -np.inf)
    best = int(np.argmax(rising))
    return best + 1 if rising[best] > _SURE or before[best] == 0 else 0


def _poisson(events: Floats, slots: npt.ArrayLike) -> Floats:
    rate = np.maximum(np.asarray(events, np.float64) / np.asarray(slots, np.float64), 1e-12)
    return np.asarray(events * np.log(rate), np.float64)


def fault_window(began: int, now: int) -> Window:
    """From the onset to now; a minute at least, half an hour at most."""
    return Window(began, min(max(now, began + _SHORTEST_NS), began + _LONGEST_NS))


def baseline_windows(fault: Window) -> list[Window]:
    """As long just before it, and at the same time of yesterday and a week ago."""
    length = fault.until - fault.since
    return [fault.before(length), fault.before(_DAY_NS), fault.before(7 * _DAY_NS)]
