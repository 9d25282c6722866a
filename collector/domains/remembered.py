"""A bounded memory of answers, each good for a while; when it is full, the one that was asked for the longest ago goes."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


def fingerprint(secret: str) -> bytes:
    """What a secret is known by in memory: SHA-256 of the whole."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


class Remembered(Generic[T]):
    """Safe from any thread.

    Args:
        most: answers at once.
        clock: seconds, monotonic.
    """

    def __init__(self, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[bytes, tuple[float, T]] = OrderedDict()

    def get(self, key: bytes) -> T | None:
        """None for what is not there, or not good any more."""
        with self._lock:
            found = self._answers.get(key)
            if found is None:
                return None
            until, answer = found
            if self._clock() >= until:
                del self._answers[key]
                return None
            self._answers.move_to_end(key)
            return answer

    def put(self, key: bytes, answer: T, secs: float) -> None:
        """Good for `secs` from now on."""
        with self._lock:
            self._answers[key] = (self._clock() + secs, answer)
            self._answers.move_to_end(key)
            if len(self._answers) > self._most:
                self._answers.popitem(last=False)

    def clear(self) -> None:
        """Nothing of before counts any more."""
        with self._lock:
            self._answers.clear()
