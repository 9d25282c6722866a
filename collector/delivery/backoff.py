"""Exponential back-off with jitter, as configretry of the OpenTelemetry Collector does it."""

from __future__ import annotations

import random

from collector.delivery.config import RetryConfig
from collector.outcomes import LONGEST_WAIT_SECS

_SHORTEST_SECS = 0.01  # an interval configured as 0 must not become a busy loop against a dead destination


class Backoff:
    """The waits of one request. Not thread-safe."""

    def __init__(self, config: RetryConfig, rng: random.Random) -> None:
        self._config = config
        self._rng = rng
        self._interval = config.initial_interval

    def next_secs(self, floor: float | None = None) -> float:
        """How long to wait now; `floor` is what the destination asked for, heeded up to an hour."""
        spread = self._config.randomization_factor * self._interval
        wait = self._rng.uniform(self._interval - spread, self._interval + spread)
        self._interval = min(self._interval * self._config.multiplier, self._config.max_interval)
        return max(wait, min(floor or 0.0, LONGEST_WAIT_SECS), _SHORTEST_SECS)
