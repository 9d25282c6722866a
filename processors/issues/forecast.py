"""How often an issue may happen before it counts as escalating.

The slow net is Sentry's: a ceiling for each day, from the hours of the last week. Beside it stand windows of one and five minutes with a
rule of the same shape over the highest such window of each hour, for a week's ceiling does not see a burst of a quarter of an hour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, pstdev

WEEK_HOURS = 168
DAYS = 14
_FEW_HOURS = 24
_YOUNG = 10
LEAST = {1: 10, 5: 25}
"""Minutes of a window → events below which it never counts as a burst."""


def ceilings(counts: Sequence[tuple[int, int]], today: int) -> list[int]:
    """Events an hour for `DAYS` days from `today` (days since 1970) on. `counts`: (hour since 1970, events), hours without events left out."""
    values = [events for _, events in counts]
    if not values:
        return [0] * DAYS
    if len(values) < WEEK_HOURS:
        return [_YOUNG * max(values)] * DAYS
    mean, deviation = fmean(values), pstdev(values)
    bursty = max(values) * _bursty(mean, deviation)
    return [int(max(bursty, _weighted(counts, today + day) + mean * _spike(mean, deviation))) for day in range(DAYS)]


def _weighted(counts: Sequence[tuple[int, int]], day: int) -> float:
    """The mean, with hours of the same weekday twice."""
    weights = [2 if (hour // 24 - day) % 7 == 0 else 1 for hour, _ in counts]
    return sum(events * weight for (_, events), weight in zip(counts, weights, strict=True)) / sum(weights)


def _bursty(mean: float, deviation: float) -> float:
    return min(5.0, max(2.0, 5 * math.exp(-0.65 * deviation / mean)))


def _spike(mean: float, deviation: float) -> float:
    return min(8.0, max(5.0, (mean + 5 * deviation) / mean))


def burst(highest: Sequence[int], minutes: int) -> int:
    """The most events in a window of so many minutes that is no burst. `highest`: of each hour before this one, its highest window."""
    if not highest:
        return 0
    if len(highest) < _FEW_HOURS:
        return max(LEAST[minutes], _YOUNG * max(highest))
    mean, deviation = fmean(highest), pstdev(highest)
    shaped = max(max(highest) * _bursty(mean, deviation), mean + mean * _spike(mean, deviation)) if mean else 0
    return max(LEAST[minutes], int(shaped))


def rate_limit(rates: Sequence[float]) -> float:
    """The hourly rate that 99 % of a domain's issues stay below; 0: too few to tell."""
    if len(rates) < 2:
        return 0.0
    ordered = sorted(rates)
    return ordered[min(len(ordered) - 1, math.ceil(0.99 * len(ordered)) - 1)]
