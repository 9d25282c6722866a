"""Health as three questions.

    /        can I send here?      503 while starting or stopping, while no ingest is ready, while all is refused, or
                                   while a listener does not answer
    /ready   the same
    /live    should I be replaced? 503 only when a child can't be restored

Everything else that is wrong (`collector.service.conditions`) is `degraded`: 200 with the reason, because intake goes on
and nothing is lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Health:
    """The state behind the answers."""

    ready: bool
    live: bool
    phase: str
    started_unix: float
    degraded: Sequence[str] = ()
    owned: Sequence[int] | None = None
    """The partitions of a cluster that this machine has; None: it is of none."""
    owners: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Machine → its partitions, as all of them told last."""

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """HTTP status and JSON body for `/`, `/ready` or `/live`."""
        good = self.live if path == "/live" else self.ready
        body: dict[str, Any] = {
            "status": "Server available" if good else "Server not available",
            "phase": self.phase,
            "upSince": datetime.fromtimestamp(self.started_unix, UTC).isoformat(),
            "uptime": f"{time.time() - self.started_unix:.1f}s",
        }
        if self.owned is not None:
            owners = {name: list(numbers) for name, numbers in self.owners.items()}
            body["cluster"] = {"partitions": list(self.owned), "owners": owners}
        if self.degraded:
            body["degraded"] = list(self.degraded)
        return (200 if good else 503), body
