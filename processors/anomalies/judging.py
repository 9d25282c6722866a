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
_ACTIVE = 6
"""Of ten minutes those in which what is bad must have come, to last."""


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


def loud(series: Series, minute: int, now: Floats, mean5: Floats) -> list[Unusual]:
    """Rows above what is usual, in the last five minutes and in most of the single ones; what is bad also in the last ten.

    What is usual is the larger one of what it was in the last hour and in the last day: an hour of few records is noise.
    """
    rows = series.rows
    mean5 = mean5 * series.over_a_day()
    _heat(series, now, mean5)
    bad = np.isin(rows["level"], _BAD_LEVELS[:2])
    old = rows["age"] >= _WARM
    hot = old & (rows["hot"] >= np.where(bad, 2, 3))
    return [
        _above(series, minute, mean5, 5, np.flatnonzero(hot), 2),
        _above(series, minute, mean5, 10, np.flatnonzero(old & bad), _ACTIVE),
    ]


def _above(series: Series, minute: int, mean5: Floats, minutes: int, some: Rows, least: int) -> Unusual:
    """Of some rows those above what is usual in so many minutes, if they wrote in at least some of them."""
    seen, mean = series.window(minute, minutes, some), mean5[some] * np.float32(minutes / 5)
    shape, active = (
        series.shape(np.maximum(mean, np.float32(1e-9)), minutes, some),
        series.active(minute, minutes, some),
    )
    far = (seen >= minutes) & (seen > 2 * mean) & (seen - mean > 3 * np.sqrt(mean + np.square(mean) / shape))
    some, seen, mean, shape, active = (each[far & (active >= least)] for each in (some, seen, mean, shape, active))
    surprise = tails.above(*_wide(seen, mean, shape))
    surprise = np.maximum(surprise, _often(series, some, active, mean / minutes, minutes))
    return _discovered(some, seen, mean, surprise, len(series.rows), minutes)


def _heat(series: Series, now: Floats, mean5: Floats) -> None:
    """For how many minutes each row is loud, less those in which it is not."""
    mean1 = np.maximum(mean5 / 5, np.float32(1e-9))
    spread1 = np.sqrt(mean1 + np.square(mean1) / series.shape(mean1, 1))
    sharp = (now >= 2) & (now > 1.5 * mean1) & (now > mean1 + 2 * spread1)
    hot = series.rows["hot"]
    hot[:] = np.clip(hot + np.where(sharp, 1, -1), 0, 10)


def _often(series: Series, some: Rows, active: Floats, mean1: Floats, minutes: int) -> tails.Floats:
    """How surprising it is in how many minutes they wrote at all: of what comes many at once, and seldom, that tells more than how many."""
    mean = np.maximum(mean1, np.float32(1e-9))
    rate = series.activity(mean, some) * np.float32(minutes)
    together = 5 * series.shape(mean, 1, some) / series.shape(5 * mean, 5, some)  # of minutes that know of each other
    shape = rate / np.maximum(together - 1, np.float32(0.1))
    return tails.above(*_wide(active, np.maximum(rate, np.float32(1e-6)), np.maximum(shape, np.float32(1e-6))))


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
    return _discovered(some, five[some], mean5[some], surprise, len(rows), 5)


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
    bad = np.flatnonzero(np.isin(rows["level"], _BAD_LEVELS[:2]))
    shape = series.shape(np.maximum(mean, 1e-9), 5)  # what has one minute too much the next may have, too
    shape[bad] = series.shape(np.maximum(mean[bad], 1e-9), 15, bad)
    spread = np.sqrt(mean + np.square(mean) / shape)
    away = (np.abs(np.log(ratio)) > np.log(1.55)) & (np.abs(rows["soon_seen"] - mean) > 4 * spread + 10)
    away &= series.observed - rows["last"] < 4
    away[bad] |= _lasting(series, bad, ever[bad]) & (rows["soon_seen"][bad] > 1.5 * mean[bad])
    away &= (rows["held"] == 0) & (rows["age"] >= 2880) & (rows["heard"] <= series.observed - 30)
    rows["drift"][:] = np.clip(rows["drift"] + np.where(away, 1, -2), 0, 60)
    found = np.flatnonzero(rows["drift"] >= 8)
    surprise = np.minimum(np.abs(rows["soon_seen"] - mean)[found] / spread[found], 99.0)
    return Unusual(found, rows["soon_seen"][found], mean[found], surprise, 15)


def _lasting(series: Series, some: Rows, ever: Floats) -> Mask:
    """Which of some rows wrote more in an hour than the last day lets expect."""
    seen, hour = series.rows["seen"][some], series.rows["due"][some] * ever
    spread = np.sqrt(hour + np.square(hour) / series.shape(np.maximum(hour, 1e-9), 60, some))
    return np.asarray((seen > 1.8 * hour) & (seen - hour > 5 * spread + 15))


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
    return Unusual(some[kept], seen[kept], mean[kept], surprise[kept].astype(np.float32), minutes)


__all__ = ["ALL", "BAD", "Unusual", "drifting", "loud", "quiet", "silent", "swing", "with_mix"]
