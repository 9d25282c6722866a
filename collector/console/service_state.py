"""What the supervisor knows of the service, as it last told the console: once in a few seconds, whole."""

from __future__ import annotations

import time
from dataclasses import dataclass

from collector.telemetry.health import Health
from collector.telemetry.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ServiceState:
    """At one moment."""

    at_unix: float
    health: Health
    snapshot: Snapshot

    @property
    def age_secs(self) -> float:
        """How old it is."""
        return max(0.0, time.time() - self.at_unix)


class LastState:
    """The newest one. Set by the thread that hears the supervisor, read by requests."""

    def __init__(self) -> None:
        self.now: ServiceState | None = None
        """None: nothing was told yet."""
