"""All that the supervisor sees of its service at one moment; what conditions are found in."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from collector.errors import Exhausted, Unavailable
from collector.extensions.health_check.config import HealthCheckConfig
from collector.outcomes import Counts, Outcome
from collector.service.channel import Child
from collector.service.doors import Door
from collector.service.in_process import InProcess
from collector.service.increase import Increase
from collector.service.roles import ROLES
from collector.service.supervisor import Supervisor
from collector.telemetry.snapshot import Snapshot

REFUSED_WINDOW_SECS = 60.0
SET_ASIDE_WINDOW_SECS = 600.0
ACCEPTED = "accepted"
COME_AGAIN = frozenset({Unavailable.__name__, Exhausted.__name__})
"""Refusals that are the collector's, not the sender's: others a stranger could cause at will."""


@dataclass(frozen=True, slots=True)
class Sight:
    """`snapshot`: what is on disk and in /proc, at most some seconds old. `requests`: outcome (`accepted` or the refusal's
    class name) → requests of the last minute. `set_aside`: component → records that became dead letters within ten minutes."""

    supervisor: Supervisor | InProcess
    children: Sequence[Child]
    options: HealthCheckConfig = field(default_factory=HealthCheckConfig)
    snapshot: Snapshot = field(default_factory=lambda: Snapshot(Counts()))
    doors: Mapping[str, Door] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    set_aside: Mapping[str, int] = field(default_factory=dict)

    @property
    def serving(self) -> list[Child]:
        """The processes that take requests; while a configuration is handed over, the successors let them wait."""
        phases = {"ready", "standby"} if self.supervisor.handing_over else {"ready"}
        return [
            child
            for child in self.children
            if ROLES[child.start.role].takes_requests and (child.ready or child.last_report.phase in phases - {"ready"})
        ]

    @property
    def settled(self) -> bool:
        """Started, and neither in a change of processes nor stopping."""
        return self.supervisor.started and not (self.supervisor.handing_over or self.supervisor.stopping)

    def refused_share(self) -> dict[str, float]:
        """Refusal's class name → its part of all requests of the last minute."""
        total = sum(self.requests.values())
        return {kind: number / total for kind, number in self.requests.items() if kind != ACCEPTED}


class Growth:
    """What grew lately, by looks at totals."""

    def __init__(self) -> None:
        self._requests: Increase[tuple[str, int, str]] = Increase(REFUSED_WINDOW_SECS)
        self._set_aside: Increase[str] = Increase(SET_ASIDE_WINDOW_SECS)

    def requests(self, children: Sequence[Child]) -> dict[str, int]:
        """Outcome → requests of the last minute, over all ingest processes."""
        grown = self._requests.look(
            {
                (child.name, child.pid, outcome): number
                for child in children
                for outcome, number in child.last_report.stats.get("requests", {}).items()
            }
        )
        return _summed((key[2], number) for key, number in grown.items())

    def set_aside(self, snapshot: Snapshot) -> dict[str, int]:
        """Component → records that became dead letters lately."""
        totals = _summed(
            (component, records)
            for (_, component, outcome), records in (
                snapshot.counts if snapshot.grown is None else snapshot.grown
            ).items()
            if outcome == Outcome.DEAD_LETTERED
        )
        return self._set_aside.look(totals)


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, number in pairs:
        sums[key] = sums.get(key, 0) + number
    return sums


def age_secs(unix_ms: int) -> float:
    """Seconds since then; 0 for 0, which means never."""
    return max(0.0, time.time() - unix_ms / 1000) if unix_ms else 0.0
