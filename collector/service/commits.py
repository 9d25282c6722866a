"""Do commits of the journal still come while requests wait for them? What a probe cannot see: it leaves no entry."""

from __future__ import annotations

import time
from collections.abc import Callable


class Commits:
    """Looks at a journal again and again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._commits = 0
        self._waited = False
        self._since = 0.0

    def look(self, commits: int, waiting: int) -> float:
        """Seconds that requests have waited without a commit; 0 while nothing waits.

        Args:
            commits: so far.
            waiting: requests that are under way.
        """
        now = self._clock()
        if not waiting or not self._waited or commits != self._commits:
            self._commits, self._since = commits, now
        self._waited = waiting > 0
        return now - self._since
