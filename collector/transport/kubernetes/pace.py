"""How soon the API server is asked again: later and later, until what it answers has lasted."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

log = logging.getLogger("logboom.kubernetes")
_SHORT_WAIT, _FIRST_WAIT, _LONGEST_WAIT, _TOLD_SECS = 0.1, 1.0, 30.0, 60.0
_LASTING_SECS = 5.0
"""A watch that was there for so long needs no wait behind it."""


class Pace:
    """Of one list.

    Args:
        what: can't be done, in words.
        clock: monotonic seconds.
    """

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._clock = what, clock
        self._told, self._told_at, self._wait = "", 0.0, 0.0

    def rest(self, ended: threading.Event, failed: str, lasted: float) -> None:
        """Longer each time, until a watch has lasted. `failed`: why, empty where nothing was wrong; told once a minute, and when it is another."""
        if failed and not ended.is_set():
            self._tell(failed)
        if lasted >= _LASTING_SECS:
            self._wait = 0.0
            if not failed:
                return
        self._wait = min(max(2 * self._wait, _FIRST_WAIT if failed else _SHORT_WAIT), _LONGEST_WAIT)
        ended.wait(self._wait * random.uniform(0.5, 1.0))  # noqa: S311

    def _tell(self, reason: str) -> None:
        now = self._clock()
        if reason != self._told or now - self._told_at >= _TOLD_SECS:
            self._told, self._told_at = reason, now
            log.warning("%s: %s; it is tried again", self._what, reason)
