"""How many records of each series come a minute, and how many would be usual: the state behind spikes, drops, silence and drift.

A row is a series (pattern, service, environment, level) or a sum over those of a service: of all, and of its warnings and worse.
All of it is array operations over all rows of a domain, once a minute.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from processors.anomalies import season
from processors.anomalies.table import Floats, Mask, Rows, Table

RING = 24
"""Minutes whose counts are at hand: ten that are closed, and up to fourteen that are not."""
ALL_ROWS = slice(None)
ALL, BAD = 4, 5
"""Levels of the rows that are sums."""
FIELDS = {
    "service": ("i4", ()), "level": ("i1", ()), "slot": ("i4", ()),
    "age": ("i4", ()), "first": ("i4", ()), "last": ("i4", ()), "beats": ("i4", ()), "gap": ("f4", ()), "heard": ("i4", ()),
    "mean": ("f4", ()), "peak": ("f4", ()), "of_hour": ("f4", ()), "of_day": ("f4", ()),
    "seen": ("f4", ()), "due": ("f4", ()), "soon_seen": ("f4", ()), "soon_due": ("f4", ()), "long_seen": ("f4", ()), "long_due": ("f4", ()),
    "off1": ("f4", ()), "square1": ("f4", ()), "plain1": ("f4", ()),
    "off5": ("f4", ()), "square5": ("f4", ()), "plain5": ("f4", ()),
    "hot": ("i1", ()), "cold": ("i1", ()), "drift": ("i1", ()), "held": ("u1", ()), "fresh": ("u1", ()),
    "ring": ("u2", (RING,)),
}  # fmt: skip
_SOON, _SHORT, _LONG, _SPREAD, _MEAN = 15, 60, 1440, 3 * 1440, 1440
_LITTLE = 3.0
"""Records that a ratio leans on."""
_OWN_SPREAD, _OWN_CLUSTER, _BELIEF = 0.05, 2.0, 720
"""Over-dispersion of who is not known yet: a share of the squared mean, and records at once; for so many minutes."""
_MOST_A_MINUTE = 65535
_MOST_OFF = 500.0
_TAUGHT_AT_MOST = 4.0
"""Standard deviations: what is further off teaches of the scatter of a row that writes often no more than that."""
LAG = 9
"""Minutes ago: what was then is the newest that the usual rate knows of. So what begins is not taken for usual while it is judged."""
_FADE = np.float32(0.99976)
_LOG5 = np.float32(np.log(5))


class Series:
    """Counts and what is usual, of one domain. Minutes are since the epoch; `observed` counts those in which the domain sent anything."""

    def __init__(self) -> None:
        self.rows = Table(FIELDS)
        self.slots = Table(season.SLOTS)
        self.domain = season.Usual()
        self.observed = 0
        self.of_hour = 0
        self.of_day = 0
        self._at = (-1, 0)
        self._season = np.zeros(0, np.float32)
        self._scatters: dict[int, tuple[Mask, Floats, Floats]] = {}
        self.swing = 0.0
        """Natural logarithm of how the whole domain is beside its season."""

    def count(self, rows: npt.NDArray[np.intp], minute: int, counts: npt.NDArray[np.int64]) -> None:
        """So many records more of each row in a minute that is not closed."""
        column = self.rows["ring"][:, minute % RING]
        column[rows] = np.minimum(column[rows].astype(np.int64) + counts, _MOST_A_MINUTE).astype(np.uint16)

    def count_late(self, rows: npt.NDArray[np.intp], counts: npt.NDArray[np.int64]) -> None:
        """Records of minutes that are closed: the season knows them, nobody is called for them, and who writes them is alive."""
        self.rows["of_hour"][rows] += counts
        self.rows["of_day"][rows] += counts
        self.rows["heard"][rows] = self.rows["last"][rows] = self.observed + 1

    def window(self, minute: int, length: int, some: Rows | None = None) -> Floats:
        """Records in the minutes up to `minute`, of all rows or some."""
        columns = [(minute - back) % RING for back in range(length)]
        ring = self.rows["ring"][:, columns] if some is None else self.rows["ring"][some[:, None], columns]
        return np.asarray(ring.sum(axis=1, dtype=np.float32))

    def forget_scatter(self) -> None:
        """What `shape` remembers of a minute: rows say something else from now on."""
        self._scatters.clear()

    def active(self, minute: int, length: int, some: Rows) -> Floats:
        """In how many of the minutes up to `minute` some rows wrote."""
        columns = [(minute - back) % RING for back in range(length)]
        return np.asarray((self.rows["ring"][some[:, None], columns] > 0).sum(axis=1), np.float32)

    def forget(self, minute: int) -> None:
        """The place of a minute that is to come is free."""
        self.rows["ring"][:, minute % RING] = 0

    def season(self, minute: int) -> Floats:
        """What the rows write at that minute, if they and the domain are as they used to be."""
        if self._at != (minute, len(self.rows)):
            self._at = minute, len(self.rows)
            self._season = season.expected(self.rows, self.slots, self.domain, minute)
        return self._season

    def usual(self, minute: int) -> Floats:
        """The rate that each row should have now: its season, as the domain goes today, as the row went of late."""
        rows = self.rows
        ratio = (rows["seen"] + _LITTLE) / (rows["due"] + _LITTLE)
        return np.asarray(self.season(minute) * np.float32(np.exp(self.swing)) * ratio, np.float32)

    def over_a_day(self) -> Floats:
        """How many times `usual` it would be by the last day instead of the last hour, 1 where that is less."""
        rows = self.rows
        day = (rows["long_seen"] + _LITTLE) / (rows["long_due"] + _LITTLE)
        hour = (rows["seen"] + _LITTLE) / (rows["due"] + _LITTLE)
        return np.asarray(np.maximum(day / hour, 1), np.float32)

    def shape(self, mean: Floats, window: int, some: Rows | slice = ALL_ROWS) -> Floats:
        """How the counts of a window of some minutes scatter about that mean: the shape of a negative binomial distribution.

        Known are those of 1 and of 5 minutes. From one to the other the shape grows fivefold where minutes know nothing of each other, not
        at all where what one has too much the next has, too; longer windows go on as the row does.

        Args:
            mean: of each of `some`.
        """
        often, share, cluster = (each[some] for each in self._scatter(min(window, 5)))
        if window > 5:
            share1, cluster1 = (each[some] for each in self._scatter(1)[1:])
            longer = np.float32(window / 5)
            share = share * longer ** np.clip(np.log(share / share1) / _LOG5, 0, 1)
            cluster = cluster * longer ** np.clip(np.log(cluster / cluster1) / _LOG5, -1, 0)
        return np.asarray(np.clip(np.where(often, share, mean * cluster), 1e-5, 1e7), np.float32)

    def activity(self, mean1: Floats, some: Rows) -> Floats:
        """The share of minutes in which some rows write anything, at that rate."""
        shape = self.shape(mean1, 1, some)
        return np.asarray(-np.expm1(-shape * np.log1p(mean1 / shape)), np.float32)

    def _scatter(self, window: int) -> tuple[Mask, Floats, Floats]:
        """Whether a row writes often; 1 / variance beyond Poisson as a share of the squared mean, and 1 / it in records at once."""
        found = self._scatters.get(window)
        if found is None:
            rows, end = self.rows, str(window)
            off, square, plain = (rows[name + end] for name in ("off", "square", "plain"))
            belief = np.float32(_BELIEF) / (np.minimum(rows["age"], _SPREAD).astype(np.float32) + _BELIEF)
            share = np.maximum(off / np.maximum(square, 1e-9), 0) * (1 - belief) + _OWN_SPREAD * belief
            cluster = np.maximum(off / np.maximum(plain, 1e-9), 0) * (1 - belief) + _OWN_CLUSTER * belief
            found = (plain >= 5, 1 / np.maximum(share, np.float32(0.003)), 1 / np.maximum(cluster, np.float32(0.2)))
            self._scatters[window] = found
        return found

    def learn(self, minute: int, usual: Floats, now: Floats, five: Floats) -> None:
        """A minute is closed: what it says of the rows that nothing is wrong with (`held` = 0)."""
        rows = self.rows
        season_ = self.season(minute) * np.float32(np.exp(self.swing))
        alive = rows["heard"] > self.observed - 3
        held = (rows["held"] > 0) | alive
        counted = np.where(held, usual, now)
        for length, seen, due, level in (
            (_SHORT, "seen", "due", self._before(minute, usual, counted)),
            (_SOON, "soon_seen", "soon_due", _near(counted, usual)),
            (_LONG, "long_seen", "long_due", _near(counted, usual)),
        ):
            rows[seen][:] += level - rows[seen] / length
            rows[due][:] += season_ - rows[due] / length
        self._learn_spread(usual, now, five, held)
        self.forget_scatter()
        rows["peak"][:] = np.maximum(rows["peak"] * _FADE, np.where(held, np.float32(0), five))
        age = rows["age"]
        rows["mean"][:] += (counted - rows["mean"]) * _share(age, _MEAN)
        rows["of_hour"][:] += counted
        rows["of_day"][:] += counted
        age += 1

    def _before(self, minute: int, usual: Floats, counted: Floats) -> Floats:
        """What the minute `LAG` ago says of how rows go of late: nothing where it was not observed, and of young rows the newest one."""
        rows, then = self.rows, self.window(minute - LAG, 1)
        unknown = (rows["held"] > 0) | (rows["heard"] > self.observed - 3 - LAG) | (not then.any())
        return _near(np.where(rows["age"] <= LAG, counted, np.where(unknown, usual, then)), usual)

    def _learn_spread(self, usual: Floats, now: Floats, five: Floats, held: Mask) -> None:
        rows = self.rows
        long = rows["held"] > 1  # what is short may be a job of every night: how far such go is learned
        frozen = held & (long | (rows["level"] == 2) | (rows["level"] == 3))
        share = np.where(frozen, np.float32(0), _share(rows["age"], _SPREAD))
        for end, mean, count in (("1", usual, now), ("5", 5 * usual, five)):
            most = np.where(
                rows["plain" + end] >= 5,
                _TAUGHT_AT_MOST**2
                * (mean + np.square(mean) / self.shape(np.maximum(mean, np.float32(1e-9)), int(end))),
                np.square(8 * mean + _MOST_OFF),
            )
            off = np.minimum(np.square(count - mean), most) - mean
            rows["off" + end][:] += (off - rows["off" + end]) * share
            rows["square" + end][:] += (mean * mean - rows["square" + end]) * share
            rows["plain" + end][:] += (mean - rows["plain" + end]) * share

    def keep(self, kept: Mask, new: Rows) -> None:
        """Forget all other rows; `new`: where those that stay stand then."""
        slots = self.slots["row"]
        stay = kept[slots] if len(slots) else np.zeros(0, np.bool_)
        self.slots.keep(stay)
        self.slots["row"][:] = new[self.slots["row"]]
        self.rows.keep(kept)
        self.rows["slot"][:] = 0
        self.rows["slot"][self.slots["row"]] = np.arange(len(self.slots)) + 1
        self._at = (-1, 0)
        self.forget_scatter()

    def beat(self, now: Floats) -> None:
        """Who wrote, and after how long: the longest gap fades by half in some two days."""
        rows = self.rows
        wrote = now > 0
        gap = (self.observed - rows["last"]).astype(np.float32)
        known = wrote & (rows["beats"] > 0) & (rows["held"] == 0)
        rows["gap"][:] *= 1 - np.minimum(1 - _FADE, 0.003 * rows["mean"])
        rows["gap"][:] = np.where(known, np.maximum(gap, rows["gap"]), rows["gap"])
        rows["last"][wrote] = self.observed
        rows["beats"][:] += wrote

    def turn(self, minute: int, *, most_slots: int) -> None:
        """Hours and days that end before `minute`."""
        if minute % 60 == 0:
            season.gain_slots(self.rows, self.slots, most=most_slots)
            season.hour_ended(self.rows, self.slots, self.domain, minute, self.of_hour)
            self.of_hour = 0
        if minute % 1440 == 0:
            season.day_ended(self.rows, self.slots, self.domain, minute, self.of_day)
            self.of_day = 0


def _near(counted: Floats, usual: Floats) -> Floats:
    """As far from what is usual as a minute may say of how a row goes of late: a burst is not that."""
    near = 3 * np.sqrt(usual) + 1
    return np.asarray(np.clip(counted, usual / 2 - near, 2 * usual + near), np.float32)


def _share(age: npt.NDArray[np.int32], length: int) -> Floats:
    """How much a new value counts in a mean over `length` minutes that has seen `age`."""
    return (1 / np.minimum(age + 1, length)).astype(np.float32)
