"""Which rows are louder or quieter than usual, silent, or drifting, in the minute that was closed. Nothing here says what is told of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from processors.anomalies import tails
from processors.anomalies.series import ALL, BAD, Series
from processors.anomalies.table import Floats, Mask, Rows

FALSE_RATE = 0.002
"""Share of a minute's discoveries that may be false, over all rows of a domain."""
_BAD_LEVELS = (2, 3, BAD)
_WARM = 120


class Unusual(NamedTuple):
    """Rows, and for each how many records were seen and expected in `minutes`, and how surprising that is (-log10 p)."""

    rows: Rows
    seen: Floats
    expected: Floats
    surprise: Floats
    minutes: int


def with_mix(services: np.ndarray, five: Floats, mean5: Floats) -> Floats:
    """What is usual, with the bad ones of a service as its share of what all of it writes now: `services` has the rows of both."""
    if not len(services):
        return mean5
    every, bad = services[:, 0], services[:, 1]
    found = mean5.copy()
    found[bad] *= np.clip((five[every] + 5) / (mean5[every] + 5), 0.2, 5)
    return found


def loud(series: Series, now: Floats, five: Floats, mean5: Floats) -> Unusual:
    """Rows above what is usual, in the last five minutes and in most of the single ones."""
    rows = series.rows
    bad = np.isin(rows["level"], _BAD_LEVELS)
    mean1 = np.maximum(mean5 / 5, np.float32(1e-9))
    shape5 = series.shape(np.maximum(mean5, np.float32(1e-9)), 5)
    spread1 = np.sqrt(mean1 + np.square(mean1) / series.shape(mean1, 1))
    sharp = (now >= 2) & (now > 1.5 * mean1) & (now > mean1 + 2 * spread1)
    rows["hot"][:] = np.clip(rows["hot"] + np.where(sharp, 1, -1), 0, 10)
    spread = np.sqrt(mean5 + np.square(mean5) / shape5)
    beyond = (five >= 5) & (five > 2 * mean5) & (five - mean5 > 3 * spread) & (rows["age"] >= _WARM)
    needed = np.where(bad & (rows["level"] != BAD), 2, 3)
    some = np.flatnonzero(beyond & (rows["hot"] >= needed))
    surprise = tails.above(*_wide(five[some], mean5[some], shape5[some]))
    return _discovered(some, five, mean5, surprise, len(rows), 5)


def quiet(series: Series, now: Floats, five: Floats, mean5: Floats) -> Unusual:
    """Rows below what is usual, likewise; those of which late records came are not quiet."""
    rows = series.rows
    mean1 = mean5 / 5
    shape5 = series.shape(np.maximum(mean5, np.float32(1e-9)), 5)
    spread1 = np.sqrt(mean1 + np.square(mean1) / series.shape(np.maximum(mean1, np.float32(1e-9)), 1))
    flat = (now < 0.75 * mean1) & (mean1 >= 2) & (now < mean1 - 1.3 * spread1)
    alive = rows["heard"] > series.observed - 3
    rows["cold"][:] = np.clip(rows["cold"] + np.where(flat & ~alive, 1, -1), 0, 10)
    beyond = (mean5 >= 10) & (five < 0.65 * mean5) & (rows["cold"] >= 3) & (rows["age"] >= _WARM)
    some = np.flatnonzero(beyond & (rows["level"] != BAD))
    surprise = tails.below(*_wide(five[some], mean5[some], shape5[some]))
    return _discovered(some, five, mean5, surprise, len(rows), 5)


def silent(series: Series, usual: Floats) -> Unusual:
    """Rows that came regularly, or often, and do not any more."""
    rows = series.rows
    since = (series.observed - rows["last"]).astype(np.float32)
    gap, mean = rows["gap"], rows["mean"]
    slow = np.clip(mean / np.maximum(usual, 1e-9), 1, 10)
    limit = np.where(gap <= 2.5, gap + 2.5, 2 * gap + 1) * slow
    missed = since * usual
    shape = series.shape(np.maximum(missed, 1e-9), 5)
    surprise = shape * np.log10(1 + missed / shape)
    regular = (gap * mean <= 2) & (since > limit)
    often = (surprise >= 8) & (since >= 4) & (since > 1.5 * gap)
    often &= rows["peak"] <= 40 * mean  # what comes at its times is judged by its gaps
    regular &= since <= 3 * limit + 30  # what was not regular when it ended does not become so
    often &= since <= 3 * limit + 30
    known = (rows["beats"] >= 60) & (rows["age"] >= _WARM) & (rows["level"] != BAD)
    found = np.flatnonzero((regular | often) & known)
    return Unusual(found, np.zeros(len(found), np.float32), missed[found], np.maximum(surprise[found], 6), 0)


def drifting(series: Series) -> Unusual:
    """Rows that went away from what they are in a day, slowly enough to be nobody's burst."""
    rows = series.rows
    soon = (rows["soon_seen"] + 3) / (rows["soon_due"] + 3)
    ever = (rows["long_seen"] + 3) / (rows["long_due"] + 3)
    mean = np.asarray(rows["soon_due"] * ever)
    ratio = soon / np.maximum(ever, 1e-6)
    spread = np.sqrt(mean + np.square(mean) / series.shape(np.maximum(mean, 1e-9), 5))
    away = (np.abs(np.log(ratio)) > np.log(1.55)) & (np.abs(rows["soon_seen"] - mean) > 4 * spread + 10)
    away &= series.observed - rows["last"] < 4
    hour = rows["due"] * ever
    spread60 = np.sqrt(hour + np.square(hour) / series.shape(np.maximum(hour, 1e-9), 5))
    lasting = (rows["seen"] > 1.8 * hour) & (rows["seen"] - hour > 5 * spread60 + 15) & (rows["soon_seen"] > 1.5 * mean)
    away = (away | (lasting & np.isin(rows["level"], (2, 3)))) & (rows["held"] == 0)
    away &= (rows["age"] >= 2880) & (rows["heard"] <= series.observed - 30)
    rows["drift"][:] = np.clip(rows["drift"] + np.where(away, 1, -2), 0, 60)
    found = np.flatnonzero(rows["drift"] >= 8)
    surprise = np.minimum(np.abs(rows["soon_seen"] - mean)[found] / spread[found], 99.0)
    return Unusual(found, rows["soon_seen"][found], mean[found], surprise, 15)


def swing(series: Series, services: np.ndarray, now: Floats, minute: int) -> float:
    """The domain's swing with the minute that was closed: the median service beside its season, over some twenty minutes."""
    if not len(services):
        return 0.0
    expected = series.season(minute)
    every = services[:, 0]
    enough = every[expected[every] >= 1]
    if not len(enough):
        return series.swing * 0.95
    ratios = np.sort(np.log((now[enough] + 0.5) / (expected[enough] + 0.5)))
    middle = ratios[(len(ratios) - 1) // 2 : len(ratios) // 2 + 1]  # of two, the one that is nearer to its season
    ratio = float(middle[np.argmin(np.abs(middle))])
    pace = 20 if len(ratios) > 1 else 60  # one service alone may be the one with the incident
    return series.swing + (float(np.clip(ratio, -2.5, 2.5)) - series.swing) / pace


def _wide(*columns: Floats) -> tuple[tails.Floats, ...]:
    return tuple(column.astype(np.float64) for column in columns)


def _discovered(some: Rows, seen: Floats, mean: Floats, surprise: tails.Floats, tested: int, minutes: int) -> Unusual:
    kept: Mask = tails.discovered(surprise, tested, FALSE_RATE)
    some = some[kept]
    return Unusual(some, seen[some], mean[some], surprise[kept].astype(np.float32), minutes)


__all__ = ["ALL", "BAD", "Unusual", "drifting", "loud", "quiet", "silent", "swing", "with_mix"]
