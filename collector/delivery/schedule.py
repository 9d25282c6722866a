"""When to try one request again, and when the options say that it is enough."""

from __future__ import annotations

import asyncio
import random

from collector.delivery.backoff import Backoff
from collector.delivery.config import DeliveryConfig


class GaveUp(Exception):
    """The retry options say that it is enough; the text is the outcome's reason."""


class Schedule:
    """When to try one request again. Time while the destination was blocked does not count as elapsed."""

    def __init__(self, config: DeliveryConfig, rng: random.Random) -> None:
        self._retry = config.retry_on_failure
        self._rng = rng
        self.restart()

    def restart(self) -> None:
        """The request is as good as new."""
        self._backoff = Backoff(self._retry, self._rng)
        self._started = asyncio.get_running_loop().time()

    def next_secs(self, floor: float | None) -> float:
        """How long to wait; raises `GaveUp`."""
        if not self._retry.enabled:
            raise GaveUp("retry_disabled")
        wait = self._backoff.next_secs(floor)
        elapsed = asyncio.get_running_loop().time() - self._started
        if 0 < self._retry.max_elapsed_time < elapsed + wait:
            raise GaveUp("max_elapsed_time")
        return wait
