"""Pipelines rest while the disk does not let them work (it is full, or what it gives is damaged): nothing is lost by
waiting, and a process that ends of it and is started again would only meet the same disk.

A pipeline at rest is tried again each second. What it waits for stands in the heartbeat, and so in health (`degraded`) and
in the gauge `logboom_pipelines_resting`; the log has one line when it begins and one when it ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping

from collector.control.catalogue import PIPELINE_RESTS
from collector.control.event import Phase
from collector.control.record import Value
from collector.control.reporter import Reporter, nobody
from collector.errors import Lost, NoRoom, StorageError

log = logging.getLogger("logboom.worker")

REST_SECS = 1.0


class Resting:
    """Steps pipelines, and lets those rest whose step the disk did not allow.

    Args:
        reporter: tells the event of one that rests.
        clock: monotonic seconds.
    """

    def __init__(self, reporter: Reporter | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._reporter = reporter or nobody()
        self._clock = clock
        self._until: dict[str, float] = {}
        self._reasons: dict[str, str] = {}
        self._began: dict[str, float] = {}

    def step(self, name: str, work: Callable[[], int | None]) -> int:
        """One step of the pipeline (or the upkeep) called `name`; 0 while it rests.

        Raises:
            StorageError: a `fatal` one.
        """
        if self._clock() < self._until.get(name, 0.0):
            return 0
        try:
            records = work() or 0
        except StorageError as error:
            if error.fatal or isinstance(error, Lost):  # nothing that waiting cures: the partition is dropped
                raise
            self._begin(name, str(error), "; free some space" if isinstance(error, NoRoom) else "")
            return 0
        self._end(name)
        return records

    def forget(self, names: Collection[str]) -> None:
        """These are not here any more."""
        for name in self._reasons.keys() & set(names):
            self._end(name)

    def reasons(self) -> Mapping[str, str]:
        """What each pipeline that rests waits for."""
        return dict(self._reasons)

    def _begin(self, name: str, reason: str, advice: str) -> None:
        if name not in self._reasons:
            log.error("%s rests, and is tried again each second: %s%s", name, reason, advice)
            self._began[name] = self._clock()
            self._tell(name, f"{name} rests", Phase.BEGAN, {"logboom.reason": reason})
        self._until[name] = self._clock() + REST_SECS
        self._reasons = {**self._reasons, name: reason}

    def _end(self, name: str) -> None:
        if name in self._reasons:
            log.warning("%s goes on", name)
            lasted = round(self._clock() - self._began.pop(name), 1)
            self._tell(name, f"{name} goes on", Phase.ENDED, {"logboom.duration": lasted})
            self._until.pop(name)
            self._reasons = {other: reason for other, reason in self._reasons.items() if other != name}

    def _tell(self, name: str, body: str, phase: Phase, more: Mapping[str, Value]) -> None:
        self._reporter.tell(PIPELINE_RESTS, body, {"logboom.pipeline": name, **more}, phase=phase)
