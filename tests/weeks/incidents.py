"""The sixty incidents: six of each kind, with these amplitudes. Only times and places are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from weeks.world import PRODUCTION, Endpoint, Gauge, Rhythm, Series

MINUTES_A_DAY = 1440
FIRST_DAY, LAST_DAY = 2, 27
APART = 360
"""Minutes between two incidents of one service."""

AMPLITUDES: dict[str, tuple[float, ...]] = {
    "new_pattern": (3, 3, 8, 8, 25, 25),  # records a minute of a critical pattern that never was
    "spike": (
        5,
        10,
        20,
        10,
        20,
        5,
    ),  # three rare failures to so many a minute; two warnings and one traffic to so many times
    "drop": (0.1, 0.1, 0.3, 0.3, 0.4, 0.5),  # traffic of at least 20 a minute (the last two: 60) to this share
    "silence": (
        1,
        1,
        1,
        5,
        0,
        0,
    ),  # heartbeats of that period in minutes; 0: traffic of at least 5 a minute, to nothing
    "severity_mix": (
        0.1,
        0.2,
        0.2,
        0.4,
        0.4,
        0.6,
    ),  # this share of what was served fails instead, over all failures known
    "new_value": (0.05, 0.1, 0.2, 0.2, 0.4, 0.4),  # this share of the records says a state that never was
    "step": (4, 4, 2.5, 2.5, 0.4, 0.4),  # two warnings, two traffics up, two down, for six hours
    "trend": (3, 3, 3, 3, 8, 8),  # four traffics, two warnings: to so many times, linearly over three hours
    "latency": (2, 2, 3, 3, 5, -5),  # all requests so many times slower; negative: every tenth request
    "prediction": (3, 3, 6, 6, 9, 12),  # hours from the level of every day to the limit
}
MINUTES = {
    "new_pattern": 30, "spike": 20, "drop": 30, "silence": 45, "severity_mix": 30, "new_value": 40, "step": 360,
    "trend": 180, "latency": 30,
}  # fmt: skip
SEEN_FROM = {"trend": 2.0}
"""The delay of a trend counts from where it has come to so many times."""


@dataclass(slots=True)
class Incident:
    """What happens, minutes since the begin: in [start, end). `seen_from`: where its delay counts from."""

    kind: str
    amplitude: float
    start: int
    end: int
    seen_from: int
    service: str
    series: list[int] = field(default_factory=list)
    endpoint: int = -1
    gauge: int = -1


def incidents(
    random: np.random.Generator,
    series: list[Series],
    endpoints: list[Endpoint],
    gauges: list[Gauge],
    closed: np.ndarray,
) -> list[Incident]:
    """All, in the order of their starts.

    Args:
        closed: for each minute, whether none may be under way then.
    """
    found: list[Incident] = []
    busy: dict[str, list[tuple[int, int]]] = {}
    for kind, amplitudes in AMPLITUDES.items():
        for number, amplitude in enumerate(amplitudes):
            places = _places(kind, number, series, endpoints, gauges)
            while True:
                service, subject = places[int(random.integers(len(places)))]
                start = int(random.integers(FIRST_DAY * MINUTES_A_DAY, LAST_DAY * MINUTES_A_DAY))
                end = start + (int(amplitude * 60) if kind == "prediction" else MINUTES[kind])
                if closed[start - 30 : end + 30].any() or _meets(busy.get(service, []), start, end):
                    continue
                busy.setdefault(service, []).append((start, end))
                found.append(_incident(kind, amplitude, start, end, service, subject, series))
                break
    return sorted(found, key=lambda each: each.start)


def _meets(busy: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(start < until + APART and since - APART < end for since, until in busy)


def _incident(
    kind: str, amplitude: float, start: int, end: int, service: str, subject: int, series: list[Series]
) -> Incident:
    seen = start
    if kind in SEEN_FROM:
        seen += int((SEEN_FROM[kind] - 1) / (amplitude - 1) * (end - start))
    made = Incident(kind, amplitude, start, end, seen, service)
    if kind == "latency":
        made.endpoint = subject
    elif kind == "prediction":
        made.gauge = subject
    elif kind == "severity_mix":
        made.series = [
            i
            for i, each in enumerate(series)
            if each.service == service
            and each.environment == PRODUCTION
            and each.template.startswith(("served", "failed"))
        ]
    elif kind != "new_pattern":
        made.series = [subject]
    return made


def _places(
    kind: str, number: int, series: list[Series], endpoints: list[Endpoint], gauges: list[Gauge]
) -> list[tuple[str, int]]:
    """Where the incident may be: service, and position of the series, endpoint or gauge."""
    if kind == "latency":
        return [(each.service, i) for i, each in enumerate(endpoints)]
    if kind == "prediction":
        return [(each.service, i) for i, each in enumerate(gauges)]
    return [
        (each.service, i)
        for i, each in enumerate(series)
        if each.environment == PRODUCTION and _fits(kind, number, each)
    ]


def _fits(kind: str, number: int, each: Series) -> bool:
    served, traffic = each.template.startswith("served"), each.rhythm is Rhythm.LOAD
    slow = each.template.startswith("slow")
    wanted = {
        "new_pattern": served,
        "spike": each.template.startswith("failed") if number < 3 else slow if number < 5 else served,
        "drop": traffic and served and each.rate >= (60 if number > 3 else 20),
        "silence": (each.rhythm is Rhythm.HEARTBEAT and each.rate == (0.2 if number == 3 else 1.0))
        if number < 4
        else served and each.rate >= 5,
        "severity_mix": served and each.rate >= 20,
        "new_value": served and bool(each.field),
        "step": slow and each.rate > 0.2 if number < 2 else served and each.rate >= 20,
        "trend": served and each.rate >= 20 if number < 4 else slow and each.rate > 0.2,
    }
    return wanted[kind]
