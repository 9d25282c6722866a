"""How far behind the clock what was sent is read: what is quiet may only not have been read yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from collector.connectors.alerting.routes import NANOS

LATE = 60 * NANOS
"""How long a lag counts when nothing more is read of its source: then there is nothing more."""


class Source(NamedTuple):
    """What is read in one order. Several pipelines may read a journal, each as far as it is: their receivers tell them apart."""

    journal: str
    receiver: str


class Lags:
    """Of each source, as of the newest batch of it."""

    def __init__(self) -> None:
        self._noted: dict[Source, tuple[int, int]] = {}

    def note(self, lags: Mapping[Source, int], now: int) -> None:
        """A batch was read."""
        known = {source: noted for source, noted in self._noted.items() if noted[1] > now}
        self._noted = known | {source: (lag, now + LATE) for source, lag in lags.items()}

    def largest(self, now: int) -> int:
        """Of the source that is furthest behind, ns."""
        return max((lag for lag, until in self._noted.values() if until > now), default=0)
