"""The supervisor's eyes: counts and queues as the backend shows them, CPU and memory of the processes from /proc."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from collector.backend.interface import View
from collector.component.figures import Values, joined, read
from collector.journal.limits import JournalSize
from collector.ledger.gauges import QueueState
from collector.reserved import PIPELINE
from collector.service.channel import Child
from collector.service.in_process import InProcess
from collector.service.moving_counts import MovingCounts
from collector.service.plan import quota_of, used_exporters
from collector.service.supervisor import Supervisor
from collector.service.wiring import roots
from collector.settings.model import Settings
from collector.telemetry.snapshot import ExporterQueue, JournalState, KeptBytes, ProcessState, Snapshot
from collector.transport.accepted import count_descriptors

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Observer:
    """Makes snapshots of what the backend shows and the children say."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._moving = MovingCounts()

    def snapshot(
        self,
        settings: Settings,
        children: Mapping[str, int],
        exporters: Mapping[str, Any],
        restarts: int,
        since: float,
        resting: Mapping[str, str] | None = None,
        backup_unix_ms: Mapping[str, int] | None = None,
    ) -> Snapshot:
        """All numbers now. `children`: name → pid."""
        counts, by_partition = self._view.counts(), self._view.by_partition()
        shared = settings.service.ledger.kafka is not None
        journals: list[tuple[int | str, JournalSize]] = [
            *self._view.journals().items(),
            ("control", self._view.control()),
        ]
        behind = self._view.behind([PIPELINE, *roots(settings)])
        return Snapshot(
            counts=counts,
            by_partition=by_partition,
            grown=self._moving.look(by_partition) if shared else None,
            figures=self._figures(settings),
            journals=[
                JournalState(slot, size.used_bytes, size.budget_bytes, size.entries, size.oldest_unix_ms)
                for slot, size in journals
            ],
            kept=[
                KeptBytes(number, used_bytes, settings.service.ledger.state_bytes)
                for number, used_bytes in self._view.state_bytes().items()
            ],
            queues=self._queues(settings, max(1, len(by_partition)) if shared else settings.service.ledger.partitions),
            lag_records={pipeline: waiting.records for pipeline, waiting in behind.items()},
            unread_unix_ms={pipeline: waiting.oldest_unix_ms for pipeline, waiting in behind.items()},
            processes=[_process_state(name, pid) for name, pid in children.items() if pid],
            exporters=exporters,
            restarts=restarts,
            uptime_secs=time.time() - since,
            not_run=Counter(each.signal for each in settings.not_run),
            resting=resting or {},
            backup_unix_ms=backup_unix_ms or {},
        )

    def _figures(self, settings: Settings) -> dict[tuple[str, str], Values]:
        found: dict[tuple[str, str], Values] = {}
        for ident, component in [*settings.processors.items(), *settings.connectors.items()]:
            if component.factory.figures:
                for domain, kept in self._view.figures(ident).items():
                    of = component.factory.name, domain
                    found[of] = joined(found.get(of, {}), read(kept))
        return found

    def _queues(self, settings: Settings, partitions: int) -> dict[str, ExporterQueue]:
        """Of so many partitions: all, or those of this machine of a cluster."""
        found = self._view.queues()
        queues = {}
        for name in used_exporters(settings):
            state = found.get(name, QueueState())
            capacity_bytes = quota_of(settings, name).max_bytes * partitions
            queues[name] = ExporterQueue(state.records, state.size_bytes, capacity_bytes, state.oldest_unix_ms)
        return queues


def observed(supervisor: Supervisor | InProcess, observer: Observer) -> Callable[[], Snapshot]:
    """A function that takes snapshots of a running supervisor."""

    def take() -> Snapshot:
        children = {"supervisor": os.getpid()} | {c.name.replace(" ", "-"): c.pid for c in supervisor.children.values()}
        return observer.snapshot(
            supervisor.settings, children, exporter_states(supervisor.children.values()), supervisor.restarts,
            supervisor.started_unix, resting_pipelines(supervisor.children.values()), _backups(supervisor.children.values()),
        )  # fmt: skip

    return take


def exporter_states(children: Iterable[Child]) -> dict[str, dict[str, Any]]:
    """What the workers last said of each exporter; with several workers the worst state counts."""
    states: dict[str, dict[str, Any]] = {}
    for child in children:
        for name, stats in child.last_report.stats.get("exporters", {}).items():
            known = states.get(name)
            if known is None:
                states[name] = dict(stats)
                continue
            known["in_flight"] += stats["in_flight"]
            counted = known.get("counters", {})
            known["counters"] = {key: counted.get(key, 0) + n for key, n in stats.get("counters", {}).items()}
            known["moved"] = known.get("moved") or stats.get("moved", "")
            if stats["state"] == "blocked":
                known.update(state="blocked", reason=stats["reason"])
    return states


def resting_pipelines(children: Iterable[Child]) -> dict[str, str]:
    """The pipelines that wait for room on the disk, and why."""
    return {
        name: reason
        for child in children
        for name, reason in child.last_report.stats.get("resting", {}).items()
    }  # fmt: skip


def _backups(children: Iterable[Child]) -> dict[str, int]:
    stats = (child.last_report.stats["backup"] for child in children if "backup" in child.last_report.stats)
    return {
        of: int(said[f"{name}_unix_ms"])
        for said in stats
        for of, name in (("snapshot", "taken"), ("follow", "followed"))
    }


def _process_state(name: str, pid: int) -> ProcessState:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ProcessState(name, pid, 0.0, 0)
    cpu_secs = (int(fields[11]) + int(fields[12])) / _TICKS
    return ProcessState(name, pid, cpu_secs, int(fields[21]) * _PAGE, *_files(pid))


def _files(pid: int) -> tuple[int, int]:
    """Descriptors that the process uses, and how many it may; zeros when it is gone or not ours to see."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_text()
        most = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3]
        return count_descriptors(pid), int(most) if most.isdigit() else 0
    except (OSError, StopIteration):
        return 0, 0
