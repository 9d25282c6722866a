"""Networks from which too many wrong credentials came: for a while nobody verifies what they show.

It is a switch for strangers, never a lock on a key: who was let in before is known again (`Recalls`).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_FAILURES = 20
WINDOW_SECS = 60.0
CLOSED_SECS = 60.0
_REMEMBERED = 10_000


class Throttle:
    """Counts failures by network (an IPv4 address, an IPv6 /64), of this process; safe from any thread.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._closed: OrderedDict[str, float] = OrderedDict()

    @property
    def idle(self) -> bool:
        """No network is closed: nobody need ask for one."""
        return not self._closed

    def is_closed_to(self, network: str) -> bool:
        """Whether requests from there are not verified now."""
        until = self._closed.get(network)
        if until is None:
            return False
        if self._clock() < until:
            return True
        with self._lock:
            self._closed.pop(network, None)
        return False

    @property
    def quiet(self) -> bool:
        """No wrong credential came from anywhere lately."""
        return not self._failures and not self._closed

    def failures(self, network: str) -> int:
        """How many wrong ones came from there within the time that counts; of one that was closed, as many as close it."""
        since, count = self._failures.get(network, (0.0, 0))
        if self.is_closed_to(network):
            return MOST_FAILURES
        return count if self._clock() - since < WINDOW_SECS else 0

    def failed(self, network: str) -> bool:
        """A wrong credential came from there. True when that closes it."""
        now = self._clock()
        with self._lock:
            since, count = self._failures.pop(network, (now, 0))
            if now - since >= WINDOW_SECS:
                since, count = now, 0
            if count + 1 >= MOST_FAILURES:
                _remember(self._closed, network, now + CLOSED_SECS)
                return True
            _remember(self._failures, network, (since, count + 1))
        return False


def _remember(
    where: OrderedDict[str, float] | OrderedDict[str, tuple[float, int]], network: str, value: object
) -> None:
    where[network] = value  # type: ignore[assignment]  # each has its own kind of value
    if len(where) > _REMEMBERED:
        where.popitem(last=False)
