"""How much totals grew lately."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Increase(Generic[K]):
    """Looks at totals again and again.

    Args:
        window_secs: how far back `look` compares.
        clock: monotonic seconds.
    """

    def __init__(self, window_secs: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._window = window_secs
        self._clock = clock
        self._looks: deque[tuple[float, Mapping[K, int]]] = deque()

    def look(self, totals: Mapping[K, int]) -> dict[K, int]:
        """Key → how much it grew within the window, for those that did. A key that was not there counted from 0; what
        stood there at the first look counts for nothing."""
        now = self._clock()
        self._looks.append((now, dict(totals)))
        while len(self._looks) > 1 and self._looks[1][0] <= now - self._window:
            self._looks.popleft()
        before = self._looks[0][1]
        grown = {key: total - before.get(key, 0) for key, total in totals.items()}
        return {key: by for key, by in grown.items() if by > 0}
