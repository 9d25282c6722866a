"""What a detector found, before it is a record: of what kind, about what, and the numbers behind it."""

from __future__ import annotations

from typing import NamedTuple

LEVELS = ("", "debug", "info", "warning", "critical")
"""Level names by number; other numbers stand for sums of a service."""


class Subject(NamedTuple):
    """What a finding is about; "" where it has no such part. `name` is an endpoint, a field or what a number measures."""

    service: str
    environment: str
    pattern: str = ""
    level: str = ""
    template: str = ""
    name: str = ""


class Finding(NamedTuple):
    """An anomaly that begins, gets worse enough to call somebody, or is over.

    Args:
        kind: `spike` …, the end of the event's name.
        page: somebody should be called.
        expected, seen: in `minutes` minutes; `unit` says of what.
        since: minute since the epoch in which it began.
        confidence: 0 to 1.
        over: it has ended.
        at: the minute that was closed when it was told.
        more: attributes of this kind alone.
    """

    kind: str
    subject: Subject
    page: bool
    expected: float
    seen: float
    minutes: int
    since: int
    confidence: float
    over: bool = False
    unit: str = "records"
    more: tuple[tuple[str, str | float], ...] = ()
    at: int = 0

    @property
    def key(self) -> str:
        """Names the subject, the same for all that is ever said of it in this kind."""
        parts = (
            self.subject.service,
            self.subject.environment,
            self.subject.level,
            self.subject.pattern,
            self.subject.name,
        )
        return f"{self.kind}:" + "/".join(part or "-" for part in parts)


def confidence(surprise: float) -> float:
    """How sure a surprise of so many decimal digits makes, when millions of tests are done a day."""
    return round(min(0.999, max(0.5, 1 - 10 ** -(max(surprise - 4, 0) / 3 + 0.3))), 3)
