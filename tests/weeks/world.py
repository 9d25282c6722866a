"""The services of the company and the series that they write: who logs what, how often, and how regularly."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

PRODUCTION, STAGING = "production", "staging"
SERVICES = (
    "shop",
    "cart",
    "checkout",
    "payment",
    "search",
    "catalog",
    "users",
    "mail",
    "stock",
    "invoices",
    "images",
    "gateway",
)
STAGED = SERVICES[:4]
_STAGING_SHARE = 0.05


class Rhythm(Enum):
    """How a series comes."""

    LOAD = "with the load of its service"
    BURSTS = "in bursts, some with the load"
    HEARTBEAT = "at fixed times"
    HOURLY = "once an hour, many at once"
    DAILY = "once a night, for ten minutes"
    STARTS = "when the service starts"


@dataclass(frozen=True, slots=True)
class Series:
    """One (pattern, service, environment, level).

    Args:
        rate: records a minute, mean of a usual week; of a heartbeat 1 / minutes between two; of a cron job while it runs.
        dispersion: variance of counts a minute beyond Poisson, as a share of the squared mean.
        cluster: mean size of a burst.
        field: a wildcard with few values, or "".
        offset: minute of the hour of a cron job.
    """

    pattern: str
    template: str
    service: str
    environment: str
    level: str
    rhythm: Rhythm
    rate: float
    dispersion: float = 0.0
    cluster: float = 1.0
    field: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One whose requests say how long they took: log-normal around `median_ms`, `rate` a minute with the load of the service."""

    service: str
    name: str
    rate: float
    median_ms: float
    sigma: float


class Shape(Enum):
    """How a number goes that a service says of itself."""

    FLAT = "around a level"
    DAILY = "up and down with the day"
    SAWTOOTH = "up, and down when it is cleaned"
    WALK = "here and there"


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number said every `every` minutes: in percent, or of `limit`."""

    service: str
    template: str
    shape: Shape
    level: float
    noise: float
    every: int
    limit: float = 100.0


def series(random: np.random.Generator) -> list[Series]:
    """Those of all services; staging has its own, smaller ones."""
    found: list[Series] = []
    for service in SERVICES:
        own = _of_service(service, random)
        found += own
        if service in STAGED:
            found += [_staged(each) for each in own]
    return found


def _staged(each: Series) -> Series:
    rate = each.rate * (_STAGING_SHARE if each.rhythm in (Rhythm.LOAD, Rhythm.BURSTS) else 1.0)
    return Series(
        each.pattern, each.template, each.service, STAGING, each.level, each.rhythm, rate, each.dispersion, each.cluster,
        each.field, each.offset,
    )  # fmt: skip


def _of_service(service: str, random: np.random.Generator) -> list[Series]:
    found: list[Series] = []

    def add(what: str, level: str, rhythm: Rhythm, rate: float, **more: float | str | int) -> None:
        number = len(found)
        pattern = f"{SERVICES.index(service):04x}{number:012x}"
        template = f"{what} <*> of {service} {number}"
        found.append(Series(pattern, template, service, PRODUCTION, level, rhythm, rate, **more))  # type: ignore[arg-type]

    for rate in _spread(random, 3, 300, 5):
        field = "state" if rate > 10 else ""
        add("served", "info", Rhythm.LOAD, rate, dispersion=float(random.uniform(0.01, 0.05)), field=field)
    for rate in _spread(random, 10, 200, 2):
        add("looked up", "debug", Rhythm.LOAD, rate, dispersion=float(random.uniform(0.01, 0.1)))
    for rate in _spread(random, 0.05, 2, 3):
        add("slow answer", "warning", Rhythm.BURSTS, rate, dispersion=0.3, cluster=float(random.uniform(1, 3)))
    for rate in _spread(random, 0.01, 0.5, 3):
        level = "critical" if rate < 0.05 else "warning"
        add("failed", level, Rhythm.BURSTS, rate, dispersion=0.5, cluster=float(random.uniform(1, 6)))
    add("refreshed", "info", Rhythm.HEARTBEAT, 1.0 if random.random() < 0.5 else 0.2, offset=int(random.integers(5)))
    add("rotated", "info", Rhythm.BURSTS, 1 / 180)
    add("started", "info", Rhythm.STARTS, 30.0)
    if random.random() < 0.5:
        add("exported", "info", Rhythm.HOURLY, float(random.uniform(20, 100)), offset=int(random.integers(60)))
    if random.random() < 0.4:
        add("archived", "info", Rhythm.DAILY, float(random.uniform(20, 100)), offset=int(random.integers(50)))
    return found


def _spread(random: np.random.Generator, low: float, high: float, number: int) -> list[float]:
    rates: npt.NDArray[np.float64] = np.exp(random.uniform(np.log(low), np.log(high), number))
    return [float(rate) for rate in rates]


def endpoints(random: np.random.Generator) -> list[Endpoint]:
    """Two a service."""
    return [
        Endpoint(
            service, f"/{service}/{name}", float(random.uniform(12, 120)), float(random.uniform(15, 300)),
            float(random.uniform(0.3, 0.8)),
        )
        for service in SERVICES
        for name in ("list", "{id}")
    ]  # fmt: skip


def gauges(random: np.random.Generator) -> list[Gauge]:
    """Two a service; none of them ever comes to its limit by itself."""
    shapes = list(Shape)
    templates = ("disk usage <*>%", "memory usage <*>%", "queue holds <*> of <*>")
    found = []
    for number in range(2 * len(SERVICES)):
        template = templates[number % len(templates)]
        limit = 1000.0 if "of" in template else 100.0
        found.append(
            Gauge(
                SERVICES[number // 2],
                template,
                shapes[number % len(shapes)],
                limit * float(random.uniform(0.35, 0.6)),
                limit * float(random.uniform(0.002, 0.03)),
                int(random.choice([1, 5])),
                limit,
            )
        )
    return found
