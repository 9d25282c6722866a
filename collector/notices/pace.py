"""How fast messages leave: so many at once, and over time no more than that in a period (GCRA). What is critical has a bucket of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Pace:
    """Belongs to one event loop.

    Args:
        calls, per_secs: how many in which time.
    """

    def __init__(self, calls: int, per_secs: float, clock: Callable[[], float] | None = None) -> None:
        self._every = per_secs / calls
        self._burst = per_secs - self._every
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._next = {False: 0.0, True: 0.0}

    def wait_secs(self, *, critical: bool) -> float:
        """How long until the next one may leave; 0 = now, and then its place is taken."""
        now = self._clock()
        at = max(self._next[critical], now)
        if at - now > self._burst:
            return at - now - self._burst
        self._next[critical] = at + self._every
        return 0.0
