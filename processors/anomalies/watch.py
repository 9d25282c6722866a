"""All that is known of one domain, and what happens when a minute of it is closed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.anomalies import concluding, judging, novelty
from processors.anomalies.episodes import COUNTED, Episodes
from processors.anomalies.findings import LEVELS, Finding, Subject
from processors.anomalies.forecast import Forecasts, Gauge
from processors.anomalies.forgetting import forget
from processors.anomalies.latency import Endpoint, Latency
from processors.anomalies.observation import Observation
from processors.anomalies.policy import Policy, Standing
from processors.anomalies.series import ALL, BAD, RING, Series
from processors.anomalies.table import Floats, Rows
from processors.anomalies.values import Values

LATEST, EARLIEST = 2, 15
"""Minutes that a record may be ahead of its receipt (whose minutes end a little late), and behind it."""
_AFTER_A_GAP = 2
_A_JOB = 15
"""Minutes that what comes each night may take."""
_VERSIONS = 8
OTHERS = "others"
"""Stands for the patterns of series that there is no room for."""
Ints = npt.NDArray[np.int64]


class Key(NamedTuple):
    """A series."""

    pattern: str
    service: str
    environment: str
    level: str


class Watch:
    """One domain. Minutes are since the epoch.

    Args:
        most_series: rows that are kept; of more, those that tell least are forgotten.
    """

    def __init__(self, most_series: int = 20_000) -> None:
        self.series = Series()
        self.keys: list[Key] = []
        self.templates: dict[str, str] = {}
        self.index: dict[Key, int] = {}
        self.services: list[tuple[str, str]] = []
        self.sums = np.zeros((0, 2), np.intp)
        self.changed: dict[tuple[str, str], int] = {}
        """(service, environment) → minute of its newest version."""
        self.versions: dict[tuple[str, str], list[str]] = {}
        self.closed = -1
        self.began = -1
        self.unsure = 0
        """Minutes that are not judged: the collector was away."""
        self.episodes = Episodes()
        self.values = Values()
        self.latency = Latency()
        self.forecasts = Forecasts()
        self._place: dict[tuple[str, str], int] = {}
        self._most = most_series

    def _new(self, key: Key, template: str, minute: int) -> int:
        place = self._place.get((key.service, key.environment))
        if place is None:
            place = len(self.services)
            self._place[key.service, key.environment] = place
            self.services.append((key.service, key.environment))
            pair = [self._add(Key("", key.service, key.environment, ""), place, level, minute) for level in (ALL, BAD)]
            self.sums = np.concatenate([self.sums, np.array([pair], np.intp)])
        elsewhere = key.pattern in self.templates
        row = self._add(key, place, max(0, LEVELS.index(key.level) - 1), minute)
        self.templates[key.pattern] = template
        novelty.met(self.series.rows, row, elsewhere=elsewhere and bool(key.pattern))
        return row

    def _add(self, key: Key, service: int, level: int, minute: int) -> int:
        (row,) = self.series.rows.add(1)
        self.series.rows["service"][row] = service
        self.series.rows["level"][row] = level
        self.series.rows["first"][row] = minute
        self.series.rows["last"][row] = self.series.observed
        self.keys.append(key)
        if key.level or key.pattern:
            self.index[key] = row
        return row

    def observe(self, at: int, rows: Rows, minutes: Ints, counts: Ints) -> None:
        """Records that were received in minute `at`, and say `minutes`; they are counted where their receipt allows."""
        if self.closed < 0:
            self.closed, self.began = at - 1, at
        said = np.minimum(minutes, at + LATEST)
        timely = (said > self.closed) & (said >= at - EARLIEST)
        for minute in np.unique(said[timely]):
            mine = timely & (said == minute)
            self.series.count(rows[mine], int(minute), counts[mine])
        if not timely.all():
            self.series.count_late(rows[~timely], counts[~timely])
            late = np.unique(self.series.rows["service"][rows[~timely]])
            self.series.count_late(self.sums[late].ravel(), np.zeros(2 * len(late), np.int64))

    def apply(self, seen: Observation) -> list[Finding]:
        """Learn what a step says; minutes that are over by the receipt of its records are closed, and what is to be told of them."""
        told: list[Finding] = []
        began = seen.counted[0][0] if seen.counted else self.closed + 1
        rows = np.array([self._row(each, began) for each in seen.series], np.intp)
        for at, own, minutes, counts in seen.counted:
            if 0 <= self.closed < at - 1:
                told += self.close(at - 1)
            self.observe(at, rows[own], minutes, counts)
        for row, field, value, records, minute in seen.values:
            self.values.observe(int(rows[row]), field, value, records, min(minute, self.closed + 1))
        for service, environment, version in seen.versions:
            self._version(service, environment, version)
        self._measure(seen)
        return told

    def _row(self, given: int | tuple[str, str, str, str, str], minute: int) -> int:
        if isinstance(given, int):
            return given
        *names, template = given
        key = Key(*names)
        row = self.index.get(key)
        if row is None and len(self.keys) >= self._most * 5 // 4:  # more than are kept come in a minute: they are one
            key = key._replace(pattern=OTHERS)
            row = self.index.get(key)
        return self._new(key, template, minute) if row is None else row

    def _measure(self, seen: Observation) -> None:
        for service, environment, name, version, minute, histogram in seen.durations:
            if self.closed < minute <= self.closed + 1 + LATEST:
                for each in {"", version}:
                    row = self.latency.row(Endpoint(service, environment, name, each))
                    if row is not None:
                        self.latency.observe(row, minute, histogram)
        for service, environment, pattern, name, template, limit, value in seen.numbers:
            row = self.forecasts.row(Gauge(service, environment, pattern, name, template, limit))
            if row is not None:
                self.forecasts.observe(row, value)

    def _version(self, service: str, environment: str, version: str) -> None:
        known = self.versions.setdefault((service, environment), [])
        if version not in known:
            if known:
                self.changed[service, environment] = self.closed + 1
            known.append(version)
            del known[:-_VERSIONS]

    def close(self, minute: int) -> list[Finding]:
        """All minutes up to this one are over; what is to be told of them."""
        told: list[Finding] = []
        if minute - self.closed > RING // 2:  # nothing can be in most of them
            self._skip(minute - RING // 2)
        while self.closed < minute:
            told += self._close(self.closed + 1)
        return told

    def _skip(self, to: int) -> None:
        for minute in range(self.closed + 1, to + 1):
            self.series.turn(minute, most_slots=self._most)
        for back in range(RING):
            self.series.forget(to - back)
        self.closed = to
        self.unsure = _AFTER_A_GAP

    def _close(self, minute: int) -> list[Finding]:
        series = self.series
        series.turn(minute, most_slots=self._most)
        series.forget(minute + RING - 10)
        self.closed = minute
        now = series.window(minute, 1)
        if not now.any() and len(now):
            self.unsure = _AFTER_A_GAP
            return []
        now = self._sum(minute, now)
        series.observed += 1
        series.of_hour += 1
        series.of_day += 1
        return [each._replace(at=minute) for each in self._judge(minute, now)]

    def _sum(self, minute: int, now: Floats) -> Floats:
        rows = self.series.rows
        single = rows["level"] < ALL
        places, size = rows["service"][single], len(self.services)
        every = np.bincount(places, now[single], size)
        bad = np.bincount(places, np.where(rows["level"] >= 2, now, 0)[single], size)
        column = rows["ring"][:, minute % RING]
        column[self.sums[:, 0]] = np.minimum(every, 65535)
        column[self.sums[:, 1]] = np.minimum(bad, 65535)
        return self.series.window(minute, 1)

    def _judge(self, minute: int, now: Floats) -> list[Finding]:
        series = self.series
        usual, five = series.usual(minute), series.window(minute, 5)
        mean5 = judging.with_mix(self.sums, five, 5 * usual)
        told: list[Finding] = []
        policy = Policy(minute, self.began, self.changed)
        series.beat(now)
        if self.unsure:
            self.unsure -= 1
        else:
            for found in judging.loud(series, minute, now, mean5):
                told += concluding.tell(self, policy, "spike", found, minute)
            told += concluding.tell(self, policy, "drop", judging.quiet(series, now, five, 5 * usual), minute)
            told += concluding.tell(self, policy, "silence", judging.silent(series, usual), minute)
            told += concluding.tell(self, policy, "step", judging.drifting(series), minute)
        told += novelty.judge(policy, self, five, minute)
        told += self.values.judge(policy, self.standing, minute)
        told += concluding.slow(self, policy, minute)
        told += concluding.foreseen(self, policy, minute)
        told += self.episodes.settle(minute)
        told += concluding.accept(self, minute, usual)
        series.rows["held"][:] = 0
        series.rows["held"][self.episodes.rows(COUNTED)] = 1
        series.rows["held"][self.episodes.rows(COUNTED, before=minute - _A_JOB)] = 2
        series.learn(minute, usual, now, five)
        series.swing = judging.swing(series, self.sums, now, minute)
        if len(self.keys) > self._most:
            forget(self, len(self.keys) - self._most * 9 // 10)
        return told

    def take_services(self, services: list[tuple[str, str]]) -> None:
        """Those of a watch that was kept."""
        self.services = services
        self._place = {each: place for place, each in enumerate(services)}

    def standing(self, row: int) -> Standing:
        """What the policy must know of a row."""
        rows, key = self.series.rows, self.keys[row]
        subject = Subject(key.service, key.environment, key.pattern, key.level, self.templates.get(key.pattern, ""))
        return Standing(
            subject, int(rows["level"][row]), int(rows["age"][row]), int(rows["hot"][row]), int(rows["cold"][row]),
            int(self.series.observed - rows["last"][row]), float(rows["mean"][row]), float(rows["peak"][row]),
            float(rows["gap"][row]),
        )  # fmt: skip


__all__ = ["EARLIEST", "LATEST", "Key", "Watch"]
