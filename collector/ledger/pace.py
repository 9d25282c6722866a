"""How far a pipeline may be ahead of its exporters: reading a journal is fair over domains, a queue is not. So the queues are
kept short while several domains send, and a backlog waits in the journal, where a record of one domain passes a thousand
of another.

Only exporters that take records count, and of those the one with the least before it: one that is away or slow fills its
quota of the outbox as it always did, and delays no other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from threading import Lock

_LEAD_SECS = 0.5
_LEAD_RECORDS = 8_192  # there is always something to deliver while the next step is made
_WINDOW_SECS = 2.0
_ACTIVE_SECS = 60.0


class Pace:
    """Of one partition. `took` is called from delivery's thread, the others from the worker's."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taken: dict[str, deque[tuple[float, int]]] = {}
        self._seen: dict[str, float] = {}

    def took(self, exporter: str, records: int, now: float) -> None:
        """An exporter is done with so many records."""
        with self._lock:
            taken = self._taken.setdefault(exporter, deque())
            taken.append((now, records))
            while now - taken[0][0] > _WINDOW_SECS:
                taken.popleft()

    def saw(self, domain: str, now: float) -> None:
        """A domain has sent something."""
        self._seen[domain] = now

    def ahead(self, waiting: Mapping[str, int], now: float) -> bool:
        """Whether to let delivery catch up first. `waiting`: exporter → records in its queue."""
        if sum(now - seen < _ACTIVE_SECS for seen in self._seen.values()) < 2:
            return False
        with self._lock:
            leads = [
                records > max(_LEAD_RECORDS, _LEAD_SECS * rate)
                for exporter, records in waiting.items()
                if (rate := self._rate(exporter, now)) > 0
            ]
        return bool(leads) and all(leads)

    def _rate(self, exporter: str, now: float) -> float:
        """Records a second; 0: none of late."""
        taken = self._taken.get(exporter)
        if not taken or now - taken[-1][0] > _WINDOW_SECS:
            return 0.0
        return sum(records for _, records in taken) / max(now - taken[0][0], _LEAD_SECS)
