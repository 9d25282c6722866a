"""Which of the unusual things are told, under which name, and which of them call somebody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from processors.anomalies.findings import Finding, Subject, confidence
from processors.anomalies.forecast import Forecast, Gauge, Odd
from processors.anomalies.latency import Endpoint, Slow
from processors.anomalies.series import ALL, BAD

LEARNING = 1440
"""Minutes in which nobody is called: of a domain, and of a series."""
AFTER_DEPLOY = 45
_SOON_MINUTES = 360
"""A limit that is reached so soon is worth a call."""
_BAD = (2, 3)
_APART = re.compile(
    r"(?i)\b(dev|develop|development|test|testing|tests|qa|stage|staging|sandbox|local|ci|preview|demo)\b"
)
"""Environments that call nobody."""
_PEAKED = 8


class Standing(NamedTuple):
    """A row: what it is, its level and age, for how many minutes it was loud or quiet, since when it is silent,
    its mean rate, the most that it wrote in five minutes of late, the longest gap."""

    subject: Subject
    level: int
    age: int
    hot: int
    cold: int
    silent: int
    mean: float
    peak: float
    gap: float


class Policy:
    """As of one minute."""

    def __init__(self, minute: int, began: int, changed: Mapping[tuple[str, str], int]) -> None:
        self._minute = minute
        self.learned = minute - began >= LEARNING
        self._changed = changed

    def deployed(self, subject: Subject, since: int, around: float = 12) -> bool:
        """Whether its service had got a version shortly before that minute, or, give or take `around` minutes, then."""
        at = self._changed.get((subject.service, subject.environment), -AFTER_DEPLOY)
        return -around <= since - at < AFTER_DEPLOY

    def calls(self, subject: Subject) -> bool:
        """Whether anybody is called for what is about it."""
        return self.learned and not _APART.search(subject.environment)

    def slow(self, endpoint: Endpoint, found: Slow) -> Finding:
        """Requests of an endpoint take longer."""
        name = f"{endpoint.name} {endpoint.version}".strip()
        subject = Subject(endpoint.service, endpoint.environment, name=name)
        more: tuple[tuple[str, str | float], ...] = (
            ("logboom.anomaly.p50", round(found.median, 1)), ("logboom.anomaly.p50_expected", round(found.usual_median, 1)),
            ("service.version", endpoint.version), ("logboom.endpoint", endpoint.name),
        )  # fmt: skip
        since = self._minute - 5
        return Finding(
            "latency", subject, self.calls(subject), found.usual_p95, found.p95, 5, since, confidence(found.surprise),
            unit="ms (p95)", more=more,
        )  # fmt: skip

    def foreseen(self, gauge: Gauge, found: Forecast) -> Finding:
        """A number comes to its limit."""
        subject = Subject(gauge.service, gauge.environment, gauge.pattern, template=gauge.template, name=gauge.name)
        more = (
            ("logboom.anomaly.minutes_left", round(found.minutes)), ("logboom.anomaly.minutes_left_low", round(found.soonest)),
            ("logboom.anomaly.minutes_left_high", round(found.latest)),
        )  # fmt: skip
        page = self.calls(subject) and found.minutes <= _SOON_MINUTES
        return Finding(
            "prediction", subject, page, gauge.limit, found.value, round(found.minutes), self._minute, found.confidence,
            unit="", more=more,
        )  # fmt: skip

    def odd(self, gauge: Gauge, found: Odd) -> Finding:
        """A number is where it was not at that time of the day. It calls nobody: what it means, nobody knows."""
        subject = Subject(gauge.service, gauge.environment, gauge.pattern, template=gauge.template, name=gauge.name)
        kind = "spike" if found.value > found.usual else "drop"
        sure = round(min(0.99, 1 - 10**-found.score), 3)
        return Finding(kind, subject, False, found.usual, found.value, 5, self._minute - 4, sure, unit="")

    def finding(
        self,
        kind: str,
        row: Standing,
        seen: float,
        expected: float,
        surprise: float,
        minutes: int,
        since: int = 0,
    ) -> Finding | None:
        """What is told of a row that is unusual in that way."""
        if not self.learned and row.age < 120:
            return None
        old = self.learned and row.age >= LEARNING
        since = since or self._minute - (
            row.silent if kind == "silence" else max(row.hot, row.cold) if minutes == 5 else minutes
        )
        around = max(12, 1.2 * row.gap) if kind == "silence" else 12
        calm = row.level != ALL and self.deployed(row.subject, since, around)
        page = old and self.calls(row.subject) and _PAGES[kind](row, seen, expected, calm)
        name = "severity_mix" if kind == "spike" and row.level == BAD else kind
        if kind == "step":
            name = "trend"
        return Finding(name, row.subject, page, expected, seen, minutes or row.silent, since, confidence(surprise))


def _spike(row: Standing, seen: float, expected: float, calm: bool) -> bool:
    if row.level in (*_BAD, BAD):
        return seen >= 10
    jagged = row.peak > _PEAKED * 5 * row.mean and seen < 1.5 * row.peak  # a job that comes at its times
    strong = row.hot >= 3 and seen >= 2 * expected and expected >= 5
    return strong and not jagged and not calm and row.level != ALL


def _drop(row: Standing, _: float, expected: float, calm: bool) -> bool:
    return row.level not in _BAD and expected >= 20 and row.cold >= 3 and not calm


def _silence(row: Standing, _: float, __: float, calm: bool) -> bool:
    return row.level not in _BAD and row.level != 0 and not calm


def _step(row: Standing, seen: float, expected: float, calm: bool) -> bool:
    if row.level in _BAD:
        return seen > expected and (seen >= 20 or (seen >= 10 and seen >= 2.5 * expected))
    return row.mean >= 3 and row.level != ALL and not calm


_PAGES = {"spike": _spike, "drop": _drop, "silence": _silence, "step": _step}
"""Whether what is unusual in that way is worth a call: (row, seen, expected, a version is new)."""
