"""What the metrics are read from: count rows and queue states on disk, and what the children last reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.outcomes import Counts


@dataclass(frozen=True, slots=True)
class JournalState:
    """One ingest slot. Bytes are pages in use."""

    slot: int
    used_bytes: int
    budget_bytes: int
    entries: int
    oldest_unix_ms: int


@dataclass(frozen=True, slots=True)
class ExporterQueue:
    """What waits for one exporter, over all partitions. `capacity_bytes` is its quota."""

    records: int
    size_bytes: int
    capacity_bytes: int
    oldest_unix_ms: int


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process of this logboom."""

    name: str
    pid: int
    cpu_secs: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All numbers at one moment. `resting`: pipelines that wait for room on the disk, and why."""

    counts: Counts
    journals: Sequence[JournalState] = ()
    queues: Mapping[str, ExporterQueue] = field(default_factory=dict)
    lag_records: Mapping[str, int] = field(default_factory=dict)
    processes: Sequence[ProcessState] = ()
    exporters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    restarts: int = 0
    uptime_secs: float = 0.0
    resting: Mapping[str, str] = field(default_factory=dict)
