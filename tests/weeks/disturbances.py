"""What happens to everybody and is no incident: seasons, a holiday, swells of load, deploys, outages of the collector, clocks that jump."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weeks.world import SERVICES

MINUTES_A_DAY = 1440
DAYS = 28
MINUTES = DAYS * MINUTES_A_DAY
Floats = npt.NDArray[np.float64]
_WEEK = np.array([1.0, 1.05, 1.05, 1.0, 0.95, 0.6, 0.5])  # from Monday on
_HOLIDAY, _HOLIDAY_SHARE = 17, 0.45
"""A Thursday on which people do what they do on Sundays."""
OUTAGES = ((5, 610, 10, False), (9, 1130, 45, False), (13, 120, 180, False), (19, 700, 12, True), (24, 900, 40, True))
"""Day, minute, length of the collector's outages; whether what senders kept comes afterwards."""
CLOCKS = ((7, 840, 20, "mail", 420), (11, 600, 30, "users", -40), (15, 1000, 60, "stock", -7), (21, 300, 25, "cart", 3))
"""Day, minute, length, service whose clock is wrong, by so many minutes."""


@dataclass(frozen=True, slots=True)
class Deploy:
    """A service gets a new version: it restarts, some of what it logs changes for good, and new lines appear."""

    minute: int
    service: str
    version: str
    factors: Floats
    """For each series of the service in production: its rate is so many times what it was."""
    retired: int
    """Position among them of the one that is logged no more, -1: none. Another pattern takes its place."""


def load(random: np.random.Generator) -> Floats:
    """The load of the whole company, a value a minute, 1 in the mean of a usual week."""
    minute = np.arange(MINUTES)
    day, hour = minute // MINUTES_A_DAY, minute % MINUTES_A_DAY / 60
    daily = 1 + 0.65 * np.sin((hour - 9) / 24 * 2 * np.pi) + 0.15 * np.sin((hour - 6) / 12 * 2 * np.pi)
    weekly = _WEEK[day % 7]
    weekly = np.where(day == _HOLIDAY, _HOLIDAY_SHARE, weekly)
    smooth = np.convolve(np.pad(weekly, 60, mode="edge"), np.ones(121) / 121, mode="valid")
    swells = np.ones(MINUTES)
    for week in range(DAYS // 7):  # a letter to all customers
        start = (7 * week + int(random.integers(5))) * MINUTES_A_DAY + int(random.integers(600, 1000))
        swells[start : start + 70] *= 1 + 0.5 * np.minimum(1, np.minimum(np.arange(70), np.arange(70)[::-1]) / 10)
    found = daily * smooth * swells
    return np.asarray(found / found.mean())


def wander(random: np.random.Generator) -> Floats:
    """How the load of one service goes beside that: slowly, by some 8 %."""
    steps = random.normal(0, 0.08 * np.sqrt(1 - 0.97**2), MINUTES)
    found = np.empty(MINUTES)
    last = 0.0
    for minute, step in enumerate(steps):
        last = 0.97 * last + step
        found[minute] = last
    return np.exp(found)


def deploys(random: np.random.Generator, sizes: dict[str, int]) -> list[Deploy]:
    """Some two a week and service, in working hours; `sizes`: service → its series in production."""
    found = []
    for service in SERVICES:
        version = 0
        for week in range(DAYS // 7):
            for day in random.choice(5, size=2, replace=False):
                version += 1
                minute = (7 * week + int(day)) * MINUTES_A_DAY + int(random.integers(9 * 60, 17 * 60))
                factors = np.where(random.random(sizes[service]) < 0.2, random.uniform(0.8, 1.25, sizes[service]), 1.0)
                retired = int(random.integers(sizes[service])) if random.random() < 0.3 else -1
                found.append(Deploy(minute, service, f"1.{version}.0", factors, retired))
    return sorted(found, key=lambda each: each.minute)


def down() -> npt.NDArray[np.bool_]:
    """For each minute whether the collector is down."""
    found = np.zeros(MINUTES, dtype=np.bool_)
    for day, minute, length, _ in OUTAGES:
        found[day * MINUTES_A_DAY + minute :][:length] = True
    return found


def resent() -> list[tuple[int, int]]:
    """The outages [start, end) behind which what senders kept comes."""
    return [
        (day * MINUTES_A_DAY + minute, day * MINUTES_A_DAY + minute + n) for day, minute, n, kept in OUTAGES if kept
    ]


def clocks(service: str) -> npt.NDArray[np.int64]:
    """By how many minutes the clock of a service is wrong, a value a minute."""
    found = np.zeros(MINUTES, dtype=np.int64)
    for day, minute, length, whose, wrong in CLOCKS:
        if whose == service:
            found[day * MINUTES_A_DAY + minute :][:length] = wrong
    return found
