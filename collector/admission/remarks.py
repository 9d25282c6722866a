"""What an operator should hear of senders that do it wrong: one line for each peer and reason, however often it happens."""

from __future__ import annotations

import logging
import threading

logger = logging.getLogger(__name__)
_MOST = 1000
_LONGEST = 300


class Remarks:
    """Bounded: after `_MOST` lines of a process one more says that others follow unheard. Safe from any thread."""

    def __init__(self, receiver: str) -> None:
        self._receiver = receiver
        self._lock = threading.Lock()
        self._told: set[tuple[str, str]] = set()

    def tell(self, peer: str, reason: str) -> None:
        """Log that requests of `peer` (an address, empty for a unix socket) are refused for `reason`, once."""
        reason = reason[:_LONGEST]
        with self._lock:
            if (peer, reason) in self._told or len(self._told) > _MOST:
                return
            self._told.add((peer, reason))
            last = len(self._told) > _MOST
        if last:
            logger.warning("%s: more senders are refused than can be named; the counts go on", self._receiver)
        else:
            logger.warning("%s: requests of %s are refused: %s", self._receiver, peer or "a unix socket", reason)
