"""Whether a number is one that its time of the day has not seen: how far it is from the nearest of those that came at that time before.

That distance, and its mean over the last six, are ranked among all that were before; what ranks high is told once in `APART` values. Nothing
is assumed of how the number goes, so what comes each day is usual, whatever its shape. Many numbers at once, in arrays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from processors.anomalies.table import Rows, Table

SLOTS, REMEMBERED = 48, 24
BINS, _A_OCTAVE, _LOWEST = 256, 4, -32
_SMOOTHED = 6
APART, _MORE = 80, 0.3
LEAST, _FLOOR = 50, 0.5
FIELDS = {
    "nearby": ("f4", (SLOTS, REMEMBERED)), "held": ("u1", (SLOTS,)), "next": ("u1", (SLOTS,)),
    "one": ("u2", (BINS,)), "smooth": ("u2", (BINS,)), "last": ("f4", (_SMOOTHED,)), "values": ("i4", ()),
    "told": ("i4", ()), "told_at": ("f4", ()),
}  # fmt: skip
_ENOUGH = 4
Floats = npt.NDArray[np.float64]


def scores(table: Table, rows: Rows, values: Floats, slot: int) -> Floats:
    """How unusual a new value of each of some rows is, 0 to some 5: half the sum of -log10 of both ranks; 0 where it is told already.

    Args:
        slot: of the day, in `SLOTS`.
    """
    distance = _distance(table, rows, values, slot)
    last = table["last"]
    last[rows, :-1] = last[rows, 1:]
    last[rows, -1] = distance
    smooth = last[rows].mean(axis=1)
    found = (_ranked(table["one"], rows, distance) + _ranked(table["smooth"], rows, smooth)) / 2
    found[table["values"][rows] < LEAST] = 0
    table["values"][rows] += 1
    return _once(table, rows, found)


def _distance(table: Table, rows: Rows, values: Floats, slot: int) -> Floats:
    nearby, held, place = table["nearby"], table["held"][:, slot], table["next"][:, slot]
    known = np.arange(REMEMBERED)[None, :] < held[rows, None]
    apart = np.where(known, np.abs(nearby[rows, slot] - values[:, None]), np.inf).min(axis=1)
    nearby[rows, slot, place[rows]] = values
    place[rows] = (place[rows] + 1) % REMEMBERED
    enough = held[rows] >= _ENOUGH
    held[rows] = np.minimum(held[rows] + 1, REMEMBERED)
    return np.where(enough, apart, 0.0)


def _ranked(histograms: npt.NDArray[np.uint16], rows: Rows, sizes: Floats) -> Floats:
    """-log10 of the share of those before that were as large; then they are counted."""
    octaves = np.log2(np.maximum(sizes, 2.0**_LOWEST)) - _LOWEST
    bins = np.clip((octaves * _A_OCTAVE).astype(np.int64), 0, BINS - 1)
    own = histograms[rows].astype(np.int64)
    larger = np.where(np.arange(BINS)[None, :] >= bins[:, None], own, 0).sum(axis=1)
    full = own.max(axis=1) >= 65_000
    own[full] //= 2
    own[np.arange(len(rows)), bins] += 1
    histograms[rows] = own.astype(np.uint16)
    return np.asarray(-np.log10((1 + larger) / (own.sum(axis=1) + 1)))


def _once(table: Table, rows: Rows, found: Floats) -> Floats:
    """A score is told when it is larger than the one that was told lately."""
    count = table["values"][rows]
    new = (count - table["told"][rows] > APART) | (table["told"][rows] == 0) | (found > table["told_at"][rows] + _MORE)
    told = new & (found > _FLOOR)
    table["told"][rows[told]] = count[told]
    table["told_at"][rows[told]] = found[told]
    return np.where(told, found, 0.0)


def slot_of(minute_of_day: int) -> int:
    """The part of the day."""
    return minute_of_day * SLOTS // 1440
