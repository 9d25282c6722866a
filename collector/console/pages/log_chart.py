"""The geometry of bars by level over time: x in percent, y in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.console.pages.charts import Flag, flags
from collector.console.views.counts import Histogram
from collector.levels import LEVELS

HEIGHT = 96
_GAP, _LEAST = 0.22, 2.0
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle."""

    level: str
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, the lines behind them as (count, y), and times below as (x, ns)."""

    bars: Sequence[Bar]
    grid: Sequence[tuple[int, float]]
    times: Sequence[tuple[float, int]]
    since: int
    until: int
    flags: Sequence[Flag] = ()


def chart(found: Histogram, marks: Sequence[tuple[int, str]] = ()) -> Chart:
    """`marks`: moment and name of what was deployed. Critical stands on the base line; what is not nothing is at least two pixels high."""
    most = _above(max((bucket.total for bucket in found.buckets), default=0))
    count = len(found.buckets) or 1
    since, until = found.buckets[0].start, found.buckets[-1].start + found.width
    bars = [bar for at, bucket in enumerate(found.buckets) for bar in _stack(bucket.counts, at, count, most)]
    grid = [(most * part // 2, HEIGHT - HEIGHT * part / 2) for part in (1, 2)] if most > 1 else [(most, 0.0)]
    times = [(100 * part / 4, since + (until - since) * part // 4) for part in range(5)]
    return Chart(bars, grid, times, since, until, flags(marks, since, until))


def _stack(counts: Sequence[int], at: int, count: int, most: int) -> list[Bar]:
    made, top, width = list[Bar](), float(HEIGHT), 100 / count
    for level, n in zip(LEVELS, counts, strict=True):
        if n:
            tall = max(_LEAST, HEIGHT * n / most)
            top -= tall
            x, wide = round(at * width + width * _GAP / 2, 3), round(width * (1 - _GAP), 3)
            made.append(Bar(level, x, wide, round(top, 1), round(tall, 1)))
    return made


def _above(most: int) -> int:
    """A round number that is not below it, and even where it can be."""
    size = 10 ** (len(str(max(most, 1))) - 1)
    return next(int(size * step) for step in _STEPS if int(size * step) >= most and (most < 2 or size * step % 2 == 0))
