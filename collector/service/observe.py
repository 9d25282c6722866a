"""The supervisor's eyes: count rows and queues read from disk, CPU and memory of the processes from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from collector.journal.reader import JournalReader
from collector.ledger.reader import PartitionReader
from collector.outcomes import Counts
from collector.service.channel import Child
from collector.service.datadir import DataDir
from collector.service.in_process import InProcess
from collector.service.plan import quota_of, used_exporters
from collector.service.supervisor import Supervisor
from collector.settings.model import Settings
from collector.telemetry.snapshot import ExporterQueue, JournalState, KeptBytes, ProcessState, Snapshot

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Observer:
    """Opens every journal and partition for reading, once, and makes snapshots."""

    def __init__(self, data_dir: DataDir) -> None:
        self._dir = data_dir
        self._journals: dict[int, JournalReader] = {}
        self._partitions: dict[int, PartitionReader] = {}

    def snapshot(
        self,
        settings: Settings,
        children: Mapping[str, int],
        exporters: Mapping[str, Any],
        restarts: int,
        since: float,
        resting: Mapping[str, str] | None = None,
    ) -> Snapshot:
        """All numbers now. `children`: name → pid."""
        self._open_new()
        counts: Counts = Counts()
        for journal in self._journals.values():
            counts.update(journal.counts())
        for partition in self._partitions.values():
            counts.update(partition.counts())
        lag, unread = self._lag(settings)
        return Snapshot(
            counts=counts,
            journals=[self._journal_state(slot, reader) for slot, reader in self._journals.items()],
            kept=[
                KeptBytes(number, reader.state_bytes(), settings.service.ledger.state_bytes)
                for number, reader in self._partitions.items()
            ],
            queues=self._queues(settings),
            lag_records=lag,
            unread_unix_ms=unread,
            processes=[_process_state(name, pid) for name, pid in children.items() if pid],
            exporters=exporters,
            restarts=restarts,
            uptime_secs=time.time() - since,
            resting=resting or {},
        )

    def _open_new(self) -> None:
        for slot in self._dir.journal_slots():
            if slot not in self._journals:
                self._journals[slot] = JournalReader.open(self._dir.journal(slot))
        for number in range(self._dir.partitions):
            if number not in self._partitions:
                self._partitions[number] = PartitionReader.open(self._dir.partition(number))

    def _journal_state(self, slot: int, reader: JournalReader) -> JournalState:
        state = reader.size()
        return JournalState(slot, state.used_bytes, state.budget_bytes, state.entries, state.oldest_unix_ms)

    def _queues(self, settings: Settings) -> dict[str, ExporterQueue]:
        queues = {}
        for name in used_exporters(settings):
            states = [reader.queues().get(name) for reader in self._partitions.values()]
            found = [state for state in states if state is not None]
            queues[name] = ExporterQueue(
                records=sum(state.records for state in found),
                size_bytes=sum(state.size_bytes for state in found),
                capacity_bytes=quota_of(settings, name).max_bytes * self._dir.partitions,
                oldest_unix_ms=min((state.oldest_unix_ms for state in found if state.oldest_unix_ms), default=0),
            )
        return queues

    def _lag(self, settings: Settings) -> tuple[dict[str, int], dict[str, int]]:
        """Pipeline → records that it has not processed, and receipt of the oldest request that it has not (0: none)."""
        lag = dict.fromkeys(settings.pipelines, 0)
        unread = dict.fromkeys(settings.pipelines, 0)
        for journal in self._journals.values():
            journal_id = journal.id
            for name in settings.pipelines if journal_id else ():
                after: dict[str, int] = {}
                begun = 0
                for partition in self._partitions.values():
                    after.update(partition.cursors(name, journal_id or ""))
                    begun += sum(partition.begun(name, journal_id or "").values())
                pending = journal.pending(after)
                lag[name] += max(0, pending.records - begun)
                unread[name] = min(filter(None, (unread[name], pending.oldest_unix_ms)), default=0)
        return lag, unread


def observed(supervisor: Supervisor | InProcess, observer: Observer) -> Callable[[], Snapshot]:
    """A function that takes snapshots of a running supervisor."""

    def take() -> Snapshot:
        children = {"supervisor": os.getpid()} | {c.name.replace(" ", "-"): c.pid for c in supervisor.children.values()}
        return observer.snapshot(
            supervisor.settings, children, exporter_states(supervisor.children.values()), supervisor.restarts,
            supervisor.started_unix, resting_pipelines(supervisor.children.values()),
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
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()), int(most) if most.isdigit() else 0
    except (OSError, StopIteration):
        return 0, 0
