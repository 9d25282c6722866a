"""What happens again and again is told at once the first time, and then once a minute with a count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_MOST_KEYS = 256


class Repeats(Generic[K]):
    """Bounded: beyond so many keys at once, others are counted under `rest`. Safe from any thread.

    Args:
        tell: given a key and how often it happened since it was last told.
        rest: the key of all others.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        tell: Callable[[K, int], None],
        rest: K,
        interval_secs: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._rest = rest
        self._interval = interval_secs
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[K, tuple[float, int]] = {}

    def happened(self, key: K, count: int = 1) -> None:
        """Once more."""
        with self._lock:
            if key not in self._open and len(self._open) >= _MOST_KEYS:
                key = self._rest
            since, held = self._open.get(key, (None, 0))
            self._open[key] = (self._clock(), 0) if since is None else (since, held + count)
        if since is None:
            self._tell(key, count)

    def flush(self) -> None:
        """Tell what was held back for a minute; forget what did not happen again."""
        due: list[tuple[K, int]] = []
        with self._lock:
            now = self._clock()
            for key, (since, held) in list(self._open.items()):
                if now - since < self._interval:
                    continue
                if held:
                    due.append((key, held))
                    self._open[key] = (now, 0)
                else:
                    del self._open[key]
        for key, held in due:
            self._tell(key, held)
