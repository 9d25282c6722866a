"""When a number will reach its limit: Theil and Sen's slope through the last hours, told only of numbers that went where they never were of late.

A number that rises and falls with the day, or is cleaned up again and again, has been as high before: then its rise says nothing until it
is higher than that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.anomalies import context
from processors.anomalies.table import Rows, Table

STEP = 5
"""Minutes of a point."""
POINTS = 72
FIELDS = {"points": ("f4", (POINTS,)), "known": ("i2", ()), "peak": ("f4", ()), "sum": ("f4", ()), "number": ("i4", ()), "age": ("i4", ())}  # fmt: skip
MOST = 500
_FADE = np.float32(0.99995)
"""Of the peak, a point: half of what lies above the level in seven weeks."""
_BEYOND = 0.04
"""What is new lies so much of the way to the limit above all that was."""
_WINDOWS = (12, 24, 48, 72)
ODD = 1.9
"""Score from which a value is told: where false and missed ones weigh alike on the Numenta Anomaly Benchmark."""
_SURE, _STEADY = 4.0, 7.0
_PARTS = 6
_LEARNING_POINTS = 288
Floats = npt.NDArray[np.float64]


class Gauge(NamedTuple):
    """A number that a service says of itself, and where it ends; of one that falls to its limit both are negated."""

    service: str
    environment: str
    pattern: str
    name: str
    template: str
    limit: float


class Forecast(NamedTuple):
    """Minutes until the limit is reached: likely, and the bounds of 95 %."""

    row: int
    value: float
    minutes: float
    soonest: float
    latest: float
    confidence: float


class Odd(NamedTuple):
    """A value that its time of the day has not seen, what is usual then, and how far up it ranks."""

    row: int
    value: float
    usual: float
    score: float


class Forecasts:
    """Numbers of a domain."""

    def __init__(self) -> None:
        self.rows = Table(FIELDS)
        self.names: list[Gauge] = []
        self.index: dict[Gauge, int] = {}
        self.contexts = Table(context.FIELDS)

    def row(self, gauge: Gauge) -> int | None:
        """Its position; None: there are too many."""
        found = self.index.get(gauge)
        if found is None and len(self.names) < MOST:
            (found,) = self.rows.add(1)
            self.names.append(gauge)
            self.index[gauge] = found
            self.rows["peak"][found] = -np.inf
            self.contexts.add(1)
        return found

    def observe(self, row: int, value: float) -> None:
        """It was said."""
        self.rows["sum"][row] += value
        self.rows["number"][row] += 1

    def _odd(self, said: Rows, minute: int) -> list[Odd]:
        slot = context.slot_of(minute % 1440)
        values = self.rows["points"][said, -1].astype(np.float64)
        usual = np.array(
            [np.median(self.contexts["nearby"][row, slot, : max(1, self.contexts["held"][row, slot])]) for row in said]
        )
        scores = context.scores(self.contexts, said, values, slot)
        odd = np.flatnonzero((scores >= ODD) & (self.rows["age"][said] >= _LEARNING_POINTS))
        return [Odd(int(said[i]), float(values[i]), float(usual[i]), float(scores[i])) for i in odd]

    def close(self, minute: int) -> tuple[list[Forecast], list[Odd]]:
        """At the end of a step: what is foreseen, and which numbers their time of the day has not seen."""
        rows = self.rows
        if minute % STEP != STEP - 1 or not len(rows):
            return [], []
        said = rows["number"] > 0
        points, known = rows["points"], rows["known"]
        leaving = np.where(known >= POINTS, points[:, 0], -np.inf)
        rows["peak"][said] = np.maximum(_faded(rows["peak"], points[:, -1]), leaving)[said]
        points[said, :-1] = points[said, 1:]
        points[said, -1] = rows["sum"][said] / rows["number"][said]
        known[said] = np.minimum(known[said] + 1, POINTS)
        rows["age"][said] += 1
        odd = self._odd(np.flatnonzero(said), minute)
        rows["sum"][:] = 0
        rows["number"][:] = 0
        limits = np.array([gauge.limit for gauge in self.names], np.float32)
        peak = np.where(np.isfinite(rows["peak"]), rows["peak"], limits)
        new = points[:, -1] > peak + _BEYOND * np.abs(limits - peak)
        some = np.flatnonzero(said & new & (rows["age"] >= _LEARNING_POINTS) & (points[:, -1] < limits))
        found = (foreseen(points[row, -known[row] :].astype(np.float64), float(limits[row])) for row in some)
        return [each._replace(row=int(row)) for row, each in zip(some, found, strict=True) if each], odd


def _faded(peak: npt.NDArray[np.float32], level: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    above = np.where(np.isfinite(peak), peak - level, 0)
    return np.where(above > 0, level + above * _FADE, peak)


def foreseen(points: Floats, limit: float) -> Forecast | None:
    """When points, one each `STEP` minutes, reach their limit, if they surely rise: by the window that is surest."""
    best: tuple[float, int] | None = None
    for window in _WINDOWS:
        if len(points) >= window:
            sure = rising(points[-window:])
            if (
                sure >= _SURE
                and steadiness(points[-window:]) >= _STEADY
                and (best is None or sure / window**0.5 > best[0])
            ):
                best = sure / window**0.5, window
    if best is None:
        return None
    slope, low, high = slopes(points[-best[1] :])
    now = float(np.median(points[-3:]))
    if low <= 0:
        return None
    left = limit - now
    minutes, soonest, latest = (STEP * left / each for each in (slope, high, low))
    return Forecast(-1, now, minutes, soonest, latest, round(min(0.99, 0.8 + best[0] / 10), 2))


def rising(points: Floats) -> float:
    """Mann and Kendall's test: how many standard deviations more pairs rise than fall."""
    n = len(points)
    signs = np.sign(points[None, :] - points[:, None])[np.triu_indices(n, 1)]
    spread = (n * (n - 1) * (2 * n + 5) / 18) ** 0.5
    return float((signs.sum() - 1) / spread)


def steadiness(points: Floats) -> float:
    """How many standard errors the mean step between sixths of the window is above none: a walk here and there has no such steps."""
    steps = np.diff([np.median(part) for part in np.array_split(points, _PARTS)])
    return float(steps.mean() / max(steps.std(ddof=1) / len(steps) ** 0.5, 1e-9))


def slopes(points: Floats) -> tuple[float, float, float]:
    """Theil and Sen's slope a point, and the bounds of 95 %."""
    n = len(points)
    first, second = np.triu_indices(n, 1)
    all_ = np.sort((points[second] - points[first]) / (second - first))
    spread = 1.96 * (n * (n - 1) * (2 * n + 5) / 18) ** 0.5
    low, high = ((len(all_) - spread) / 2, (len(all_) + spread) / 2)
    return float(np.median(all_)), float(all_[max(0, int(low))]), float(all_[min(len(all_) - 1, int(high) + 1)])
