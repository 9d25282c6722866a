"""How full a partition is, and what waits in it for exporters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueState:
    """What waits for one exporter; `oldest_unix_ms` 0 = nothing. `spilled_bytes` are part of `size_bytes`."""

    records: int = 0
    size_bytes: int = 0
    entries: int = 0
    oldest_unix_ms: int = 0
    spilled_bytes: int = 0
    removed: bool = False

    def joined(self, other: QueueState) -> QueueState:
        """What waits in two partitions for the same exporter."""
        return QueueState(
            self.records + other.records, self.size_bytes + other.size_bytes, self.entries + other.entries,
            min(filter(None, (self.oldest_unix_ms, other.oldest_unix_ms)), default=0),
            self.spilled_bytes + other.spilled_bytes, self.removed and other.removed,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartitionSize:
    """How full a partition is."""

    used_bytes: int
    budget_bytes: int
    dead_letter_bytes: int
