"""What the metrics are read from: count rows and queue states on disk, and what the children last reported."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.component.figures import Values
from collector.outcomes import Counts


@dataclass(frozen=True, slots=True)
class JournalState:
    """One ingest slot. Bytes are pages in use."""

    slot: int | str
    used_bytes: int
    budget_bytes: int
    entries: int
    oldest_unix_ms: int


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """What components remember in one partition, and the budget of that."""

    partition: int
    used_bytes: int
    budget_bytes: int


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
    open_files: int = 0
    max_files: int = 0


@dataclass(frozen=True, slots=True)
class ListenerState:
    """What the probes of one listener met: failures in a row, and how long the last answer took."""

    failures: int
    secs: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All numbers at one moment.

    Args:
        by_partition: partition → its part of `counts`, where partitions move between machines.
        grown: what was counted here since the process began, where partitions move; None: `counts` only grow.
        figures: (component type, domain) → the numbers that components of that type keep of their state.
        not_run: signal → pipelines of the file that do not run.
        resting: pipelines that wait for room on the disk, and why.
        unread_unix_ms: pipeline → receipt of the oldest request that it has not read; 0 = it has read all.
        commit_waits_secs: ingest process → how long requests have waited without a commit.
        auth_requests: (authenticator, outcome, reason) → requests since the children began.
        limits_refused: (domain, unit) → requests refused by limits since the children began.
        quota_used: (domain, unit) → taken today, of domains with a quota.
        cardinality: (domain, kind) → how many different names a domain has, where they are bounded.
        cardinality_over: (domain, kind) → names that became another since the children began.
        costs: (domain, `day` or `month`) → what destinations bill for it, in the currency of the prices.
        bounds: (process, protocol, what, number) of what listeners bound: in use, or how often the bound was met.
        events_lost: process → events of the service that it could not tell, since it began.
        native_lines: (process, kind, number) of log lines that libraries wrote.
        listeners: `otlp grpc` → what its probes met.
        refused_share: refusal's class name → its part of the requests of the last minute.
        deaths: child → deaths in a row, soon after its start.
        conditions: name → of how many subjects it holds.
        backup_unix_ms: `snapshot`, `follow` → when the last one was made; 0 = not since the start.
        operations: process → operation → how many took how long, by `timeline.BOUNDS_SECS`.
        slow: (process, operation, Unix nanoseconds of its begin, nanoseconds that it took, attributes, what went into what) of the last slow ones.
        disk_free_bytes: where the data directory is; None: it can't be told.
        credentials: (domain, credential, seconds until it ends) of those that end soon.
        certificates: (component, file, seconds until it expires) of those that are shown.
    """

    counts: Counts
    by_partition: Mapping[int, Counts] = field(default_factory=dict)
    grown: Counts | None = None
    figures: Mapping[tuple[str, str], Values] = field(default_factory=dict)
    journals: Sequence[JournalState] = ()
    kept: Sequence[KeptBytes] = ()
    queues: Mapping[str, ExporterQueue] = field(default_factory=dict)
    lag_records: Mapping[str, int] = field(default_factory=dict)
    processes: Sequence[ProcessState] = ()
    exporters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    restarts: int = 0
    uptime_secs: float = 0.0
    not_run: Mapping[str, int] = field(default_factory=dict)
    resting: Mapping[str, str] = field(default_factory=dict)
    unread_unix_ms: Mapping[str, int] = field(default_factory=dict)
    commit_waits_secs: Mapping[str, float] = field(default_factory=dict)
    limits_refused: Mapping[tuple[str, str], int] = field(default_factory=dict)
    auth_requests: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    quota_used: Mapping[tuple[str, str], int] = field(default_factory=dict)
    cardinality: Mapping[tuple[str, str], int] = field(default_factory=dict)
    cardinality_over: Mapping[tuple[str, str], int] = field(default_factory=dict)
    costs: Mapping[tuple[str, str], float] = field(default_factory=dict)
    bounds: Sequence[tuple[str, str, str, int]] = ()
    events_lost: Mapping[str, int] = field(default_factory=dict)
    native_lines: Sequence[tuple[str, str, int]] = ()
    listeners: Mapping[str, ListenerState] = field(default_factory=dict)
    refused_share: Mapping[str, float] = field(default_factory=dict)
    deaths: Mapping[str, int] = field(default_factory=dict)
    conditions: Mapping[str, int] = field(default_factory=dict)
    backup_unix_ms: Mapping[str, int] = field(default_factory=dict)
    operations: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    slow: Sequence[tuple[str, str, int, int, Mapping[str, str | int], Mapping[str, int]]] = ()
    disk_free_bytes: int | None = None
    certificates: Sequence[tuple[str, str, float]] = ()
    credentials: Sequence[tuple[str, str, float]] = ()

    def counted(self) -> Iterator[tuple[Mapping[str, str], tuple[str, str, str], int]]:
        """(labels, (domain, component, outcome), records): of partitions that may be another machine's tomorrow each by itself, so that who
        has it goes on with the number; of all else together."""
        rest = Counts(self.counts)
        for number, counts in self.by_partition.items():
            for key, records in counts.items():
                rest[key] -= records
                yield {"partition": str(number)}, key, records
        yield from (({}, key, records) for key, records in rest.items() if records > 0 or not self.by_partition)


class Snapshots:
    """The last snapshot, made anew when it is over a second old."""

    def __init__(self, take: Callable[[], Snapshot], max_age_secs: float = 1.0) -> None:
        self._take = take
        self._max_age = max_age_secs
        self._last: Snapshot | None = None
        self._taken = 0.0
        self._lock = threading.Lock()

    def get(self) -> Snapshot:
        """All numbers, at most `max_age_secs` old. Scrapes and pushes come from several threads; one of them looks."""
        with self._lock:
            if self._last is None or time.monotonic() - self._taken > self._max_age:
                self._last, self._taken = self._take(), time.monotonic()
            return self._last
