"""The supervisor's watch: probes the listeners, looks for conditions, tells each once when it begins and once when it ends,
and answers what health asks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from collector.console.service_state import ServiceState
from collector.control.catalogue import CLOCK_JUMPED
from collector.control.event import Phase
from collector.control.record import Value
from collector.control.reporter import Reporter, nobody
from collector.errors import LogboomError
from collector.extensions.health_check.config import HealthCheckConfig
from collector.service.channel import Child
from collector.service.conditions import CONDITIONS, WATCH, Condition, Found
from collector.service.costs import Costs
from collector.service.doors import Doors
from collector.service.in_process import InProcess
from collector.service.machine import Machine
from collector.service.plan import extension
from collector.service.sight import Growth, Sight
from collector.service.supervisor import Supervisor
from collector.settings.model import Settings
from collector.telemetry.health import Health
from collector.telemetry.snapshot import ListenerState, Snapshot, Snapshots

log = logging.getLogger("logboom.health")

LOOK_SECS = 5.0


class Watch:
    """Sees one supervisor.

    Args:
        take: a snapshot of what is on disk; slow, called on a thread.
        reporter: tells the events of what begins and ends.
        costs: the book of what destinations bill.
        clock: monotonic seconds.
        lost: events of the supervisor that nobody took in, so far.
    """

    def __init__(
        self,
        supervisor: Supervisor | InProcess,
        take: Callable[[], Snapshot],
        doors: Doors | None = None,
        reporter: Reporter | None = None,
        machine: Machine | None = None,
        costs: Costs | None = None,
        clock: Callable[[], float] = time.monotonic,
        lost: Callable[[], int] = lambda: 0,
    ) -> None:
        self.at_each_look: Callable[[Settings], None] = lambda _settings: None
        """Given the settings as they are now, on a thread: a SIGHUP may have changed them."""
        self._supervisor = supervisor
        self._clock = clock
        self._lost = lost
        self._doors = doors or Doors()
        self._reporter = reporter or nobody()
        self._machine = machine or Machine(Path())
        self._costs = costs
        self._growth = Growth()
        self._told: dict[tuple[str, str], tuple[float, Condition, Found]] = {}
        self._blind = ""
        self._sight = self._now(Sight(supervisor, ()))
        self.snapshots = Snapshots(lambda: self._completed(take()))

    async def run(self) -> None:
        """Look again and again until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_on())
            group.create_task(self._probe_on())

    def health(self) -> Health:
        """As `/`, `/ready` and `/live` tell it: processes as they are now, the rest as last seen."""
        supervisor, sight = self._supervisor, self._now(self._sight)
        found = [each for _, subjects in _holding(sight) for each in subjects.values()]
        up = supervisor.started and not supervisor.stopping
        serving = up and bool(sight.serving)
        ready = serving and not any(each.unready for each in found)
        phase = "stopping" if supervisor.stopping else "ready" if ready else "refusing" if serving else "starting"
        reasons = list(dict.fromkeys(each.reason for each in found))
        owned, owners = _shared(sight.children)
        return Health(ready, not supervisor.hopeless, phase, supervisor.started_unix, reasons, owned, owners)

    def look(self, snapshot: Snapshot) -> None:
        """Compare with the last look, and say what began and what ended."""
        sight = self._now(self._sight)
        self._sight = replace(
            sight, snapshot=snapshot, requests=self._growth.requests(sight.children),
            set_aside=self._growth.set_aside(snapshot),
        )  # fmt: skip
        now = self._clock()
        holding = {
            (condition.name, subject): (condition, found)
            for condition, subjects in _holding(self._sight)
            for subject, found in subjects.items()
            if condition.told_by == WATCH or condition.event is not None
        }
        for key in holding.keys() - self._told.keys():
            condition, found = holding[key]
            self._told[key] = (now, condition, found)
            if condition.told_by == WATCH:
                log.warning("%s begins: %s", key[0], found.reason)
            self._report(condition, key[1], found, found.reason, Phase.BEGAN)
        for key in self._told.keys() - holding.keys():
            began, condition, found = self._told.pop(key)
            if condition.told_by == WATCH:
                log.warning("%s is over after %.0f s; it began with: %s", key[0], now - began, found.reason)
            over = f"over after {now - began:.0f} s: {found.reason}"
            self._report(condition, key[1], found, over, Phase.ENDED, {"logboom.duration": round(now - began, 1)})

    def _report(
        self,
        condition: Condition,
        subject: str,
        found: Found,
        body: str,
        phase: Phase,
        more: Mapping[str, Value] | None = None,
    ) -> None:
        if condition.event is not None:
            named = {condition.subject: subject} if condition.subject else {}
            self._reporter.tell(condition.event, body, {**named, **found.attributes, **(more or {})}, phase=phase)

    def _look_at_clock(self) -> None:
        jump = self._machine.clock_jump()
        if jump:
            body = f"the clock was set {'forward' if jump > 0 else 'back'} by {abs(jump):.1f} s"
            log.warning("%s", body)
            self._reporter.tell(CLOCK_JUMPED, body, {"logboom.seconds": round(jump, 1)})

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECS)
            if self._supervisor.started:
                await self._look_once()

    async def _look_once(self) -> None:
        """What keeps it from looking is told when it begins."""
        reason = ""
        self._look_at_clock()
        try:
            snapshot = await asyncio.to_thread(self.snapshots.get)
            self.look(snapshot)
            self._show(snapshot)
            await asyncio.to_thread(self.at_each_look, self._supervisor.settings)
        except LogboomError as error:
            reason = str(error)
            if reason != self._blind:
                log.error("health can't look at the data directory: %s", reason)
        except Exception:
            log.exception("health can't look at the data directory")
        self._blind = reason

    def _show(self, snapshot: Snapshot) -> None:
        """To the children that show it to people."""
        state = ServiceState(time.time(), self.health(), snapshot)
        for child in self._supervisor.children.values():
            child.show(state)

    async def _probe_on(self) -> None:
        while True:
            options = self._options().probe
            await asyncio.sleep(options.interval or LOOK_SECS)
            sight = self._now(self._sight)
            if options.interval and sight.settled and sight.serving:
                await self._doors.look(self._supervisor.settings, sight.serving, options.timeout)
            else:
                self._doors.forget()

    def _now(self, last: Sight) -> Sight:
        children: list[Child] = list(self._supervisor.children.values())
        return replace(last, children=children, options=self._options(), doors=self._doors.found)

    def _options(self) -> HealthCheckConfig:
        return extension(self._supervisor.settings, HealthCheckConfig) or HealthCheckConfig()

    def _completed(self, snapshot: Snapshot) -> Snapshot:
        """With what is known here alone."""
        sight = self._now(self._sight)
        listeners = {name: ListenerState(door.failures, door.secs) for name, door in sight.doors.items()}
        reports = {child.name.replace(" ", "-"): child.last_report.stats for child in sight.children}
        return replace(
            snapshot,
            events_lost={WATCH: self._lost()} | {name: s["events_lost"] for name, s in reports.items() if "events_lost" in s},
            commit_waits_secs={name: s["commit_waits_secs"] for name, s in reports.items() if "commit_waits_secs" in s},
            bounds=_bounds(reports), limits_refused=_sums(reports, "limits"), auth_requests=_auth_requests(reports),
            quota_used=_largest(reports, "quotas"), cardinality=_largest(reports, "cardinality"), cardinality_over=_sums(reports, "over"),
            costs=self._costs.look(self._supervisor.settings, snapshot.counts, sight.children, snapshot.grown) if self._costs is not None else {},
            native_lines=[
                (child.name.replace(" ", "-"), kind, number)
                for child in sight.children
                for kind, number in child.native_lines.counts.items()
            ], listeners=listeners, refused_share=sight.refused_share(), deaths=dict(self._supervisor.deaths),
            conditions={condition.name: len(subjects) for condition, subjects in _all(sight)},
            operations={name: s["operations"] for name, s in reports.items() if "operations" in s},
            slow=[(name, *each) for name, s in reports.items() for each in s.get("slow", ())],
            credentials=_ending(reports), disk_free_bytes=self._machine.disk_free_bytes(),
            certificates=[
                (each.component, each.file, self._machine.expires_in(each))
                for each in self._machine.certificates(self._supervisor.settings)
            ],
        )  # fmt: skip


def _shared(children: Iterable[Child]) -> tuple[list[int] | None, Mapping[str, list[int]]]:
    """The partitions that this machine owns (None: it is of no cluster), and who owns which, as its workers know it."""
    told = [child.last_report.stats for child in children if "owned" in child.last_report.stats]
    owners: dict[str, list[int]] = {}
    known = {int(number): owner for stats in told for number, owner in stats["owners"].items()}
    for number, owner in sorted(known.items()):
        owners.setdefault(owner, []).append(number)
    return (sorted(number for stats in told for number in stats["owned"]) if told else None), owners


def _auth_requests(reports: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str, str], int]:
    """Of all ingest processes together."""
    asked: Counter[tuple[str, str, str]] = Counter()
    for stats in reports.values():
        asked.update({(who, outcome, reason): number for who, outcome, reason, number in stats.get("auth", ())})
    return dict(asked)


def _ending(reports: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, float]]:
    """Each process says it of all: (domain, credential, seconds until it ends)."""
    found = {(domain, ident): at for stats in reports.values() for domain, ident, at in stats.get("ending", ())}
    return [(*whose, at - time.time()) for whose, at in found.items()]


def _sums(reports: Mapping[str, Mapping[str, Any]], name: str) -> dict[tuple[str, str], int]:
    """(domain, unit) → number, of all processes together."""
    counted: Counter[tuple[str, str]] = Counter()
    for stats in reports.values():
        counted.update({(domain, unit): number for domain, unit, number in stats.get(name, ())})
    return dict(counted)


def _largest(reports: Mapping[str, Mapping[str, Any]], name: str) -> dict[tuple[str, str], int]:
    """The same of what each process says of all: the latest is the largest."""
    used: dict[tuple[str, str], int] = {}
    for stats in reports.values():
        for domain, unit, number in stats.get(name, ()):
            used[domain, unit] = max(number, used.get((domain, unit), 0))
    return used


def _bounds(reports: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, str, int]]:
    return [
        (name, protocol, what, number)
        for name, stats in reports.items()
        for protocol, gauges in stats.get("listeners", {}).items()
        for what, number in gauges.items()
    ]


def _all(sight: Sight) -> list[tuple[Condition, Mapping[str, Found]]]:
    return [(condition, condition.find(sight)) for condition in CONDITIONS]


def _holding(sight: Sight) -> list[tuple[Condition, Mapping[str, Found]]]:
    return [(condition, subjects) for condition, subjects in _all(sight) if subjects]
