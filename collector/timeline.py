"""What single operations of logboom (a step of a pipeline, a request of an exporter) spend their time on. Moments on the way are noted, a reading of the
clock each; an operation that was not slow, and is no sample, leaves a count in a bucket and nothing else.

Names and numbers only: nothing of records, answers or options comes in here.
"""

from __future__ import annotations

import random
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

BOUNDS_SECS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)
"""Between the buckets of latency, as the OpenTelemetry Collector's pages have them."""
_KEPT, _PARTS = 10, 64
Attributes = Mapping[str, str | int]


class Timeline:
    """One operation. What took longer than `_PARTS` laps is noted no more."""

    __slots__ = ("_last", "began", "laps", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.began = self._last = time.perf_counter_ns()
        self.laps: list[tuple[str, int, int]] = []
        """(what, begin, end), by the clock of `began`, nanoseconds."""

    def lap(self, what: str) -> None:
        """The time since the last lap went into this."""
        now = time.perf_counter_ns()
        if len(self.laps) < _PARTS:
            self.laps.append((what, self._last, now))
        self._last = now


@dataclass(frozen=True, slots=True)
class Operation:
    """One that is told of. Times are Unix nanoseconds."""

    name: str
    began: int
    ended: int
    attributes: Attributes
    laps: Sequence[tuple[str, int, int]]


class Watching(Protocol):
    """Who is told of operations. From any thread."""

    on: bool
    """Whether anybody listens: else nobody need note anything."""

    def begin(self, name: str) -> Timeline:
        """Of a new operation."""
        ...

    def end(self, timeline: Timeline, attributes: Callable[[], Attributes]) -> None:
        """It is over; `attributes` is asked for those that are told of."""
        ...


class _Unwatched:
    """Nobody listens; one timeline for all, which notes nothing."""

    on = False

    class _Nothing(Timeline):
        __slots__ = ()

        def lap(self, what: str) -> None:
            """Nothing is noted."""

    def __init__(self) -> None:
        self._nothing = self._Nothing("")

    def begin(self, name: str) -> Timeline:
        """The same for all."""
        del name
        return self._nothing

    def end(self, timeline: Timeline, attributes: Callable[[], Attributes]) -> None:
        """Nobody asks."""


UNWATCHED: Watching = _Unwatched()


class Watched:
    """Counts, and hands on what is slow or a sample.

    Args:
        slow_secs: from here on an operation is slow.
        share: of all operations, that are handed on however fast they were.
        told: is handed them; it must not block.
    """

    on = True

    def __init__(
        self,
        slow_secs: float,
        share: float = 0.0,
        told: Callable[[Operation], None] = lambda _: None,
        rng: random.Random | None = None,
    ) -> None:
        self._slow_nanos, self._share, self._told = slow_secs * 1e9, share, told
        self._rng = rng or random.Random()  # noqa: S311  not for secrets
        self.buckets: dict[str, list[int]] = {}
        """Operation → how many took so long, by `BOUNDS_SECS`."""
        self.slow: deque[Operation] = deque(maxlen=_KEPT)
        """The last slow ones."""

    def begin(self, name: str) -> Timeline:
        """Of a new operation."""
        return Timeline(name)

    def end(self, timeline: Timeline, attributes: Callable[[], Attributes]) -> None:
        """Count it; tell of it where it was slow or is a sample."""
        now = time.perf_counter_ns()
        took = now - timeline.began
        self.buckets.setdefault(timeline.name, [0] * (len(BOUNDS_SECS) + 1))[bisect_right(BOUNDS_SECS, took / 1e9)] += 1
        slow = took >= self._slow_nanos
        if slow or (self._share > 0 and self._rng.random() < self._share):
            shift = time.time_ns() - now
            laps = [(what, begin + shift, end + shift) for what, begin, end in timeline.laps]
            operation = Operation(timeline.name, timeline.began + shift, now + shift, attributes(), laps)
            if slow:
                self.slow.append(operation)
            self._told(operation)
