"""What delivery tells people: at most one event per (kind, exporter, reason) a minute, with a count."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

_MAX_REASONS = 256  # reasons come from outside; beyond this many open ones they are counted together


class EventKind(StrEnum):
    """What can happen to an exporter."""

    BLOCKED = "exporter.blocked"  # the destination refuses everything; nothing is lost, people are needed
    RESUMED = "exporter.resumed"  # it accepts again, after either of BLOCKED and RETRYING
    RETRYING = "exporter.retrying"  # an attempt failed and is repeated
    REJECTED = "exporter.rejected"  # records were dead-lettered
    PARTIAL = "exporter.partial"  # the destination accepted a request, but not all of its records, or with a warning
    DROPPED = "exporter.dropped"  # records were given up
    FAILED = "exporter.failed"  # an exporter raised where it must not
    LEDGER = "exporter.ledger"  # progress could not be made durable; it is tried again

    @property
    def said(self) -> str:
        """The word alone."""
        return self.value.partition(".")[2]


@dataclass(frozen=True, slots=True)
class ExporterEvent:
    """`count` things of one kind happened to `exporter` for `reason` since the last such event.

    `count` is records for REJECTED, PARTIAL and DROPPED, occurrences for the rest.
    """

    kind: EventKind
    exporter: str
    reason: str
    count: int


OnEvent = Callable[[ExporterEvent], None]


class EventThrottle:
    """Passes the first event of a (kind, exporter, reason) on at once, and then one a minute with what came in between.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, sink: OnEvent, clock: Callable[[], float], interval_secs: float = 60.0) -> None:
        self._sink = sink
        self._clock = clock
        self._interval = interval_secs
        self._lock = threading.Lock()
        self._open: dict[tuple[EventKind, str, str], tuple[float, int]] = {}  # key → (last passed on, held back)

    def emit(self, kind: EventKind, exporter: str, reason: str, count: int = 1) -> None:
        """Something happened."""
        with self._lock:
            key = (kind, exporter, reason)
            if key not in self._open and len(self._open) >= _MAX_REASONS:
                key = (kind, exporter, "other reasons")
            if key in self._open:
                since, held = self._open[key]
                self._open[key] = (since, held + count)
                return
            self._open[key] = (self._clock(), 0)
        self._sink(ExporterEvent(*key, count))

    def flush(self, everything: bool = False) -> None:
        """Pass on what was held back for a minute (or all of it, at the end)."""
        due = []
        with self._lock:
            now = self._clock()
            for key, (since, held) in list(self._open.items()):
                if now - since < self._interval and not everything:
                    continue
                if held:
                    due.append(ExporterEvent(*key, held))
                    self._open[key] = (now, 0)
                else:
                    del self._open[key]
        for event in due:
            self._sink(event)
