"""Minute by minute what the collector receives: counts a series, values, durations and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from weeks import disturbances
from weeks.disturbances import MINUTES, MINUTES_A_DAY, Deploy
from weeks.incidents import Incident, incidents
from weeks.world import PRODUCTION, SERVICES, STAGING, Endpoint, Gauge, Rhythm, Series, Shape, endpoints, gauges, series

EPOCH_MINUTE = 29_348_640
"""Minute 0, 00:00 of Monday, 2025-10-20, in minutes since the epoch."""
_ONE_OFFS_A_DAY = 4
_STATES, _SHARES = ("ok", "retried", "partial"), (0.9, 0.08, 0.02)
_MOST_SAMPLES = 50
_BURST_SHARE = 0.5
Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Minute:
    """What is received in a minute of the collector's clock.

    Args:
        at: minutes since the epoch.
        series, minutes, counts: so many records of a series (position in `World.series`) that say such a minute.
        values: (series, value, records) of wildcards with few values.
        durations: (endpoint, service version, milliseconds of a sample).
        numbers: (gauge, value).
        versions: (service, version) of all that came up.
    """

    at: int
    series: Ints
    minutes: Ints
    counts: Ints
    values: list[tuple[int, str, int]] = field(default_factory=list)
    durations: list[tuple[int, str, npt.NDArray[np.float64]]] = field(default_factory=list)
    numbers: list[tuple[int, float]] = field(default_factory=list)
    versions: list[tuple[str, str]] = field(default_factory=list)


class Columns:
    """What is the same every minute, a value a series."""

    def __init__(self, series: list[Series]) -> None:
        self.rate = np.array([each.rate for each in series])
        self.cluster = np.array([each.cluster for each in series])
        self.dispersion = np.array([each.dispersion for each in series])
        self.service = np.array([SERVICES.index(each.service) for each in series])
        self.production = np.array([each.environment == PRODUCTION for each in series])
        rhythms = [each.rhythm for each in series]
        self.load, self.bursts, self.exact = (
            np.array([each is rhythm for each in rhythms]) for rhythm in (Rhythm.LOAD, Rhythm.BURSTS, Rhythm.HEARTBEAT)
        )
        self.timed = np.flatnonzero(~self.load & ~self.bursts)


class World:
    """One course of the four weeks, the same for the same seed. `series` grows while `minutes` runs: lines that never were.

    Args:
        quiet: without incidents.
    """

    def __init__(self, seed: int, *, quiet: bool = False) -> None:
        self._random = np.random.default_rng(seed)
        self.series = series(self._random)
        self.endpoints: list[Endpoint] = endpoints(self._random)
        self.gauges: list[Gauge] = gauges(self._random)
        self._down = disturbances.down()
        found = incidents(self._random, self.series, self.endpoints, self.gauges, self._down)
        self.incidents: list[Incident] = [] if quiet else found
        self._load = disturbances.load(self._random)
        self._wander = {service: disturbances.wander(self._random) for service in SERVICES}
        self._clocks = {service: disturbances.clocks(service) for service in SERVICES}
        sizes = {service: len(self._of(service)) for service in SERVICES}
        self.deploys: list[Deploy] = disturbances.deploys(self._random, sizes)
        self._factors = np.ones(len(self.series))
        self._columns = Columns(self.series)
        self._version = dict.fromkeys(SERVICES, "1.0.0")
        self._walks = np.zeros(len(self.gauges))
        self._alive: list[int] = []
        """Positions of one-offs that come again some day."""

    def minutes(self) -> Iterator[Minute]:
        """Those in which the collector runs; after some outages with what senders kept."""
        kept: list[tuple[Ints, Ints, Ints]] = []
        keeps = disturbances.resent()
        for minute in range(MINUTES):
            made = self._minute(minute)
            if self._down[minute]:
                if any(start <= minute < end for start, end in keeps):
                    kept.append((made.series, made.minutes, made.counts))
                continue
            if kept:
                made.series, made.minutes, made.counts = (
                    np.concatenate([*[part[i] for part in kept], now])
                    for i, now in enumerate((made.series, made.minutes, made.counts))
                )
                kept = []
            yield made

    def _of(self, service: str) -> list[int]:
        return [i for i, each in enumerate(self.series) if each.service == service and each.environment == PRODUCTION]

    def _minute(self, minute: int) -> Minute:
        versions = self._deploy(minute)
        under_way = [each for each in self.incidents if each.start <= minute < each.end]
        expected = self._expected(minute)
        self._disturb(minute, under_way, expected)
        counts = self._counts(minute, expected)
        self._silence(under_way, counts)
        counts = self._novelties(minute, under_way, counts)
        rows = np.flatnonzero(counts)
        clocks = np.array([self._clocks[service][minute] for service in SERVICES])
        wrong = clocks[self._now().service[rows]]
        return Minute(
            EPOCH_MINUTE + minute, rows, EPOCH_MINUTE + minute + wrong, counts[rows],
            self._values(under_way, counts), self._durations(minute, under_way), self._numbers(minute, under_way),
            versions,
        )  # fmt: skip

    def _deploy(self, minute: int) -> list[tuple[str, str]]:
        found = []
        for deploy in self.deploys:
            if deploy.minute != minute:
                continue
            own = self._of(deploy.service)
            self._factors[own[: len(deploy.factors)]] *= deploy.factors
            if deploy.retired >= 0 and not self._is_subject(own[deploy.retired]):
                self._retire(own[deploy.retired])
            self._version[deploy.service] = deploy.version
            found.append((deploy.service, deploy.version))
        return found

    def _is_subject(self, position: int) -> bool:
        return any(position in each.series for each in self.incidents)

    def _retire(self, position: int) -> None:
        """Another pattern says from now on what this one said."""
        old = self.series[position]
        self.series.append(replace(old, pattern=f"{len(self.series):016x}", template=f"{old.template} now"))
        self._factors = np.append(self._factors, self._factors[position])
        self._factors[position] = 0.0

    def _now(self) -> Columns:
        if len(self._columns.rate) != len(self.series):
            self._columns = Columns(self.series)
        return self._columns

    def _expected(self, minute: int) -> npt.NDArray[np.float64]:
        load, columns = self._load[minute], self._now()
        wander = np.array([self._wander[service][minute] for service in SERVICES])[columns.service]
        found = columns.rate * self._factors
        found *= np.where(columns.load, load * wander, 1 - _BURST_SHARE + _BURST_SHARE * load)
        for i in columns.timed:
            found[i] = self._timed(self.series[i], minute) * self._factors[i]
        return np.asarray(found)

    def _timed(self, each: Series, minute: int) -> float:
        of_day = minute % MINUTES_A_DAY
        if each.rhythm is Rhythm.HEARTBEAT:
            period = round(1 / each.rate)
            return 1.0 if minute % period == each.offset % period else 0.0
        if each.rhythm is Rhythm.HOURLY:
            return each.rate if minute % 60 in (each.offset, (each.offset + 1) % 60) else 0.0
        if each.rhythm is Rhythm.DAILY:
            return each.rate if 120 + each.offset <= of_day < 130 + each.offset else 0.0
        started = any(d.service == each.service and d.minute <= minute < d.minute + 2 for d in self.deploys)
        return each.rate if started else 0.0

    def _disturb(self, minute: int, under_way: list[Incident], expected: npt.NDArray[np.float64]) -> None:
        """What incidents and restarts do to the means, in place."""
        columns = self._now()
        for deploy in self.deploys:
            if deploy.minute == minute:
                own = columns.service == SERVICES.index(deploy.service)
                expected[own & columns.production & columns.load] *= 0.5
        for incident in under_way:
            for position in incident.series:
                self._hit(incident, position, minute, expected)

    def _hit(self, incident: Incident, position: int, minute: int, expected: npt.NDArray[np.float64]) -> None:
        each, amplitude = self.series[position], incident.amplitude
        served = each.template.startswith("served")
        if incident.kind == "spike" and each.template.startswith("failed"):
            expected[position] += amplitude
        elif incident.kind in ("spike", "drop", "step"):
            expected[position] *= amplitude
        elif incident.kind == "trend":
            expected[position] *= 1 + (amplitude - 1) * (minute - incident.start) / (incident.end - incident.start)
        elif incident.kind == "severity_mix":
            total = sum(self.series[i].rate for i in incident.series if self.series[i].template.startswith("served"))
            failing = sum(self.series[i].template.startswith("failed") for i in incident.series)
            expected[position] += 0 if served else amplitude * total * self._load[minute] / failing
            expected[position] *= (1 - amplitude) if served else 1

    def _counts(self, minute: int, expected: npt.NDArray[np.float64]) -> Ints:
        columns = self._now()
        cluster, dispersion = columns.cluster, columns.dispersion
        events = expected / cluster
        shape = np.where(dispersion > 0, 1 / np.maximum(dispersion, 1e-9), 1.0)
        mixed = np.where(dispersion > 0, events * self._random.gamma(shape) / shape, events)
        counts = self._random.poisson(mixed)
        grown = np.where(
            (cluster > 1) & (counts > 0),
            counts + self._random.negative_binomial(np.maximum(counts, 1), 1 / cluster),
            counts,
        )
        return np.where(columns.exact, np.round(expected), grown).astype(np.int64)

    def _silence(self, under_way: list[Incident], counts: Ints) -> None:
        for incident in under_way:
            if incident.kind == "silence":
                counts[incident.series] = 0

    def _novelties(self, minute: int, under_way: list[Incident], counts: Ints) -> Ints:
        """Patterns that never were: of incidents, of new versions, and such as come every day and mean nothing."""
        breaking = [each for each in under_way if each.kind == "new_pattern"]
        new: list[tuple[Series, int]] = []
        for incident in (each for each in breaking if not each.series):
            incident.series = [len(self.series) + len(new)]
            new.append((self._novel("broke", incident.service, "critical"), 0))
        new += self._harmless(minute, len(self.series) + len(new))
        if new:
            self.series += [each for each, _ in new]
            self._factors = np.append(self._factors, np.ones(len(new)))
            counts = np.append(counts, [number for _, number in new]).astype(np.int64)
        for incident in breaking:
            counts[incident.series[0]] = self._random.poisson(incident.amplitude)
        for position in self._alive:
            if self._random.random() < 1 / MINUTES_A_DAY:
                counts[position] += int(self._random.integers(1, 3))
        return counts

    def _harmless(self, minute: int, place: int) -> list[tuple[Series, int]]:
        """Of new versions, and odd ones; `place`: position of the first."""
        new: list[tuple[Series, int]] = []
        for deploy in self.deploys:
            if deploy.minute == minute:
                new += [
                    (self._novel("does", deploy.service, "info", 5.0), 0) for _ in range(int(self._random.integers(3)))
                ]
        for _ in range(int(self._random.poisson(_ONE_OFFS_A_DAY / MINUTES_A_DAY))):
            level = str(self._random.choice(["info", "warning", "critical"], p=[0.5, 0.3, 0.2]))
            service = str(self._random.choice(SERVICES))
            self._alive.append(place + len(new))
            new.append((self._novel("odd", service, level), int(self._random.integers(1, 4))))
        return new

    def _novel(self, what: str, service: str, level: str, rate: float = 0.0) -> Series:
        number = len(self.series) + int(self._random.integers(1 << 40)) * 65536
        rhythm = Rhythm.LOAD if rate else Rhythm.BURSTS
        return Series(f"{number:016x}", f"{what} <*> {number}", service, PRODUCTION, level, rhythm, rate, 0.05)

    def _values(self, under_way: list[Incident], counts: Ints) -> list[tuple[int, str, int]]:
        found = []
        new = {each.series[0]: each.amplitude for each in under_way if each.kind == "new_value"}
        for i in np.flatnonzero(counts):
            if self.series[i].field:
                share = new.get(int(i), 0.0)
                drawn = self._random.multinomial(counts[i], [share, *((1 - share) * np.array(_SHARES))])
                names = ("refused", *_STATES)
                found += [(int(i), name, int(n)) for name, n in zip(names, drawn, strict=True) if n]
        return found

    def _durations(self, minute: int, under_way: list[Incident]) -> list[tuple[int, str, npt.NDArray[np.float64]]]:
        slow = {each.endpoint: each.amplitude for each in under_way if each.kind == "latency"}
        found = []
        for i, endpoint in enumerate(self.endpoints):
            rate = endpoint.rate * self._load[minute] * self._wander[endpoint.service][minute]
            number = min(_MOST_SAMPLES, int(self._random.poisson(rate)))
            busy = 1 + 0.1 * (self._load[minute] - 1)
            taken = np.exp(self._random.normal(np.log(endpoint.median_ms * busy), endpoint.sigma, number))
            factor = slow.get(i, 1.0)
            taken[self._random.random(number) < (0.1 if factor < 0 else 1.0)] *= abs(factor)
            if number:
                found.append((i, self._version[endpoint.service], taken))
        return found

    def _numbers(self, minute: int, under_way: list[Incident]) -> list[tuple[int, float]]:
        rising = {each.gauge: each for each in under_way if each.kind == "prediction"}
        found = []
        for i, gauge in enumerate(self.gauges):
            value = self._level(i, gauge, minute)
            if i in rising:
                incident = rising[i]
                done = (minute - incident.start) / (incident.end - incident.start)
                value = gauge.level + (gauge.limit - gauge.level) * done
            if minute % gauge.every == 0:
                value += float(self._random.normal(0, gauge.noise))
                found.append((i, float(np.clip(round(value, 1), 0, gauge.limit))))
        return found

    def _level(self, position: int, gauge: Gauge, minute: int) -> float:
        if gauge.shape is Shape.DAILY:
            return gauge.level * (1 + 0.3 * float(np.sin((minute % MINUTES_A_DAY - 540) / MINUTES_A_DAY * 2 * np.pi)))
        if gauge.shape is Shape.SAWTOOTH:
            return gauge.level * (0.6 + 0.8 * ((minute + 97 * position) % 700) / 700)
        if gauge.shape is Shape.WALK:
            self._walks[position] = 0.999 * self._walks[position] + float(self._random.normal(0, 0.006))
            return gauge.level * float(np.exp(self._walks[position]))
        return gauge.level


__all__ = ["EPOCH_MINUTE", "PRODUCTION", "STAGING", "Minute", "World"]
