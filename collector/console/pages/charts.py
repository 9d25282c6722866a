"""Charts as geometry: x in percent and y in pixels, so that no text is stretched. `parts/chart.html` writes it as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.console.times import on_axis

PLOT = 112
"""Pixels from the top to the base line."""
_TOP = 20
_LEAST = 2.0
_GAP = 0.22
_LONGEST_NAME, _APART = 40, 30.0
_NARROW_NS = 25 * 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle; `kind`: a level, or `quiet`."""

    kind: str
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Flag:
    """A moment that is marked, with its name; `left`: the name stands left of it."""

    x: float
    name: str
    left: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn.

    Args:
        lines: (y, count) of at most two grid lines.
        ticks: (x in percent, text, anchor) under the base line.
        rows: (beginning, counts by kind) for the table that says the same.
        said: it in a sentence.
    """

    bars: Sequence[Bar]
    lines: Sequence[tuple[float, int]]
    ticks: Sequence[tuple[float, str, str]]
    flags: Sequence[Flag]
    rows: Sequence[tuple[str, Mapping[str, int]]]
    kinds: Sequence[str]
    said: str


def chart(
    counts: Mapping[str, Sequence[int]],
    since: int,
    until: int,
    zone: str,
    said: str,
    marks: Sequence[tuple[int, str]] = (),
) -> Chart:
    """Stacked bars, the first kind at the base line, over a time in nanoseconds; `marks`: (moment, name)."""
    most = max((sum(column) for column in zip(*counts.values(), strict=True)), default=0)
    top = _round(most)
    parts = len(next(iter(counts.values()), ()))
    begins = [since + (until - since) * n // max(parts, 1) for n in range(parts)]
    day = until - since > _NARROW_NS
    return Chart(
        _bars(counts, top), [(PLOT - (PLOT - _TOP) * n / top, n) for n in _lines(top)] if most else [],
        _ticks(since, until, zone), flags(marks, since, until),
        [(on_axis(at, zone, day=day), {kind: each[n] for kind, each in counts.items()}) for n, at in enumerate(begins)],
        list(counts), said,
    )  # fmt: skip


def _bars(counts: Mapping[str, Sequence[int]], top: int) -> list[Bar]:
    found: list[Bar] = []
    for at, column in enumerate(zip(*counts.values(), strict=True)):
        width, y = 100 / len(next(iter(counts.values()))), float(PLOT)
        for kind, n in zip(counts, column, strict=True):
            if n:
                tall = max(_LEAST, round((PLOT - _TOP) * n / top, 1))
                y -= tall
                bar_x, bar_width = at * width + width * _GAP / 2, width * (1 - _GAP)
                found.append(Bar(kind, round(bar_x, 3), round(bar_width, 3), round(y, 1), tall))
    return found


def _round(most: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 …: half of it is a whole number."""
    scale = 1
    while True:
        for top in (2, 4, 10):
            if top * scale >= most:
                return top * scale
        scale *= 10


def _lines(top: int) -> tuple[int, int]:
    return top // 2, top


def _ticks(since: int, until: int, zone: str) -> list[tuple[float, str, str]]:
    """The first and last time stand on the edges; four between them."""
    day = until - since > _NARROW_NS
    found = [(0.0, on_axis(since, zone, day=True), "start")]
    found += [(20.0 * n, on_axis(since + (until - since) * n // 5, zone, day=day), "middle") for n in range(1, 5)]
    return [*found, (100.0, on_axis(until, zone), "end")]


def flags(marks: Sequence[tuple[int, str]], since: int, until: int) -> list[Flag]:
    """In order of time; where two are close to each other, the earlier one stays without its name."""
    found: list[Flag] = []
    for at, name in sorted(marks, reverse=True):
        if since <= at < until:
            x = round(100 * (at - since) / max(until - since, 1), 2)
            named = next((flag.x for flag in reversed(found) if flag.name), None)
            short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
            found.append(Flag(x, short if named is None or named - x >= _APART else "", x > 60))
    return found[::-1]


def marks_of(deployments: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """Moment and name of each."""
    return [
        (each["time_unix_nano"], f"{each['service'] or ''} {each['service_version'] or ''}") for each in deployments
    ]
