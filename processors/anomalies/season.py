"""What a series writes at an hour of the day and on a day of the week: 24 + 7 slots of 2 bytes, once it writes something each hour.

A slot is a rate in 1/2,048 octaves, 0 = not known yet. The expected rate is the hour's, between the middles of two hours, times the
day's; where slots have seen little it leans on the mean. Series without slots have their mean alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from processors.anomalies.table import Floats, Mask, Rows, Table

HOURS, DAYS = 24, 7
SLOTS = {"row": ("i4", ()), "hour": ("u2", (HOURS,)), "day": ("u2", (DAYS,))}
_STEPS, _OCTAVES = 2048, 16
_LEAST_A_MINUTE = 1 / 60
_DAYS_IN_MIND, _LEAN = 4, 30
_HOUR_SHARE, _DAY_SHARE = 0.25, 0.3
_MINUTES_A_DAY = 1440
_ODD = 0.75
_MONDAY = 4
"""Minute 0 of the epoch was in a Thursday; days are counted from Monday."""


def packed(rate: Floats) -> npt.NDArray[np.uint16]:
    """Rates as slots."""
    octaves = np.log2(np.maximum(rate, 2.0**-15.99)) + _OCTAVES
    found: npt.NDArray[np.uint16] = np.clip(np.rint(octaves * _STEPS), 1, 65535).astype(np.uint16)
    return found


def unpacked(slots: npt.NDArray[np.uint16]) -> Floats:
    """Slots as rates; 0 for what is not known."""
    rates = np.exp2(slots.astype(np.float32) / _STEPS - _OCTAVES)
    return np.where(slots > 0, rates, np.float32(0))


def day_of_week(minute: int) -> int:
    """0 = Monday, of a minute since the epoch."""
    return (minute // _MINUTES_A_DAY + _MONDAY - 1) % DAYS


class Usual:
    """How the domain as a whole goes beside its mean: what a series does not know of itself yet, it takes from there."""

    def __init__(self) -> None:
        self.hour = np.ones(HOURS, np.float32)
        self.day = np.ones(DAYS, np.float32)
        self.known = np.zeros(DAYS, np.bool_)
        self.odd = np.zeros(DAYS, np.int8)

    def is_odd(self, day: int, factors: Floats) -> bool:
        """Whether a day was so unlike its weekday that it teaches nothing: a holiday, unless it is the second one in a row."""
        if not len(factors) or not self.known[day]:
            return False
        beside = float(np.median(factors)) / float(self.day[day])
        self.odd[day] = self.odd[day] + 1 if not _ODD < beside < 1 / _ODD else 0
        return bool(self.odd[day] == 1)

    def learn_hours(self, level: Floats, hours: Floats, hour: int) -> None:
        """The median of the series that know that hour."""
        known = (hours[:, hour] > 0) & (level > 0)
        if known.any():
            self.hour[hour] = np.median(hours[known, hour] / level[known])

    def learn_day(self, days: Floats, day: int) -> None:
        """Likewise, of a day of the week."""
        known = days[:, day] > 0
        if known.any():
            self.day[day] = np.median(days[known, day])
            self.known[day] = True


def expected(series: Table, slots: Table, domain: Usual, minute: int) -> Floats:
    """The rate of each series at that minute, if it is as it used to be."""
    mean = np.asarray(series["mean"]).copy()
    rows = slots["row"]
    if not len(rows):
        return mean
    of_day = minute % _MINUTES_A_DAY
    first = (of_day - 30) // 60 % HOURS
    second = (first + 1) % HOURS
    weight = np.float32((of_day - 30) % 60 / 60)
    level = mean[rows]
    one, two = (unpacked(slots["hour"][:, hour]) for hour in (first, second))
    one = np.where(one > 0, one, np.where(two > 0, two, level * domain.hour[first]))
    two = np.where(two > 0, two, one)
    rate = (one * (1 - weight) + two * weight) * _day(slots, domain, minute)
    known = level * (60 * _DAYS_IN_MIND)
    trust = known / (known + _LEAN)
    mean[rows] = rate * trust + level * (1 - trust)
    return mean


def _day(slots: Table, domain: Usual, minute: int) -> Floats:
    """The day's factor, gliding from one to the other in the hours about midnight."""
    before, after = day_of_week(minute - 60), day_of_week(minute + 60)
    part = np.float32((minute % _MINUTES_A_DAY + 60) % _MINUTES_A_DAY / 120 if before != after else 1)
    one, two = (unpacked(slots["day"][:, day]) for day in (before, after))
    one, two = np.where(one > 0, one, domain.day[before]), np.where(two > 0, two, domain.day[after])
    return np.asarray(one * (1 - part) + two * part)


def hour_ended(series: Table, slots: Table, domain: Usual, minute: int, observed: int) -> None:
    """The hour before `minute` is over, of which so many minutes were observed: it goes into its slot."""
    rows = slots["row"]
    if observed >= 30 and len(rows):
        before = minute - 1
        today = day_of_week(before)
        hour, day = before % _MINUTES_A_DAY // 60, unpacked(slots["day"][:, today])
        seen = series["of_hour"][rows] / observed / np.where(day > 0, day, domain.day[today])
        old = unpacked(slots["hour"][:, hour])
        whole = series["age"][rows] >= observed - 2
        learned = packed(np.where(old > 0, old + _HOUR_SHARE * (seen - old), seen))
        slots["hour"][:, hour] = np.where(whole, learned, slots["hour"][:, hour])
        domain.learn_hours(series["mean"][rows], unpacked(slots["hour"]), hour)
    series["of_hour"][:] = 0


def day_ended(series: Table, slots: Table, domain: Usual, minute: int, observed: int) -> None:
    """The day before `minute` is over: how it was beside the hours of all days."""
    rows = slots["row"]
    if observed >= _MINUTES_A_DAY // 2 and len(rows):
        hours = unpacked(slots["hour"])
        usual = hours.sum(axis=1) / np.maximum((hours > 0).sum(axis=1), 1)
        whole = (hours > 0).sum(axis=1) >= HOURS - 4
        seen = np.clip(series["of_day"][rows] / observed / np.maximum(usual, 1e-6), 0.05, 20).astype(np.float32)
        day = day_of_week(minute - 1)
        old = unpacked(slots["day"][:, day])
        if domain.is_odd(day, seen[whole]):
            series["of_day"][:] = 0
            return
        old = np.where(old > 0, old, domain.day[day] if domain.known[day] else 0)
        learned = packed(np.where(old > 0, old + _DAY_SHARE * (seen - old), seen))
        slots["day"][:, day] = np.where(whole, learned, slots["day"][:, day])
        domain.learn_day(unpacked(slots["day"]), day)
    series["of_day"][:] = 0


def gain_slots(series: Table, slots: Table, *, most: int) -> None:
    """Slots for series that write once an hour or more, up to `most` in all."""
    wanting: Mask = (series["slot"] == 0) & (series["mean"] >= _LEAST_A_MINUTE)
    rows: Rows = np.flatnonzero(wanting)[: max(0, most - len(slots))]
    if len(rows):
        place = slots.add(len(rows))
        slots["row"][place.start :] = rows
        series["slot"][rows] = np.arange(place.start, place.stop) + 1
