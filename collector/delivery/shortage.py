"""No memory or no disk to encode a request: when to try again, and when it is the record after all."""

from __future__ import annotations

import random

from collector.delivery.backoff import Backoff
from collector.delivery.config import RetryConfig
from collector.delivery.request import Request

_OFTEN = 3
_Key = tuple[int, int, int]


class Shortage:
    """One exporter's. A record is to blame when it failed alone several times, and others were encoded meanwhile; as long
    as nothing can be encoded, it is the machine, and nothing is given up."""

    def __init__(self, config: RetryConfig, rng: random.Random) -> None:
        self._config = config
        self._rng = rng
        self._encoded = 0
        self._failing: dict[_Key, tuple[int, int]] = {}  # → failures, what was encoded before the first
        self._backoff = Backoff(config, rng)

    def passed(self, request: Request) -> None:
        """It was encoded."""
        self._encoded += 1
        if self._failing:
            self._failing.pop(_key(request), None)
        self._backoff = Backoff(self._config, self._rng)

    def pause_secs(self) -> float:
        """How long to wait now: longer and longer while nothing is encoded."""
        return self._backoff.next_secs()

    def blames(self, request: Request) -> bool:
        """A single record failed once more; whether it is to blame."""
        failures, before = self._failing.get(_key(request), (0, self._encoded))
        self._failing[_key(request)] = (failures + 1, before)
        blamed = failures + 1 >= _OFTEN and self._encoded > before
        if blamed:
            del self._failing[_key(request)]
        return blamed


def _key(request: Request) -> _Key:
    part = request.parts[0]
    return part.pending.source, part.pending.entry.seq, part.start
