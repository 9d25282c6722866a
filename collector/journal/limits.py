"""How much a journal may hold, how full it is, and what waits in it."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """Bounds of one journal.

    Args:
        max_bytes: budget on disk; beyond it senders are told to wait. At least four times the largest payload.
        max_domain_share: the part of the budget that one domain may hold while others are active.
        max_group_bytes: the most that one commit writes, unless a single request is larger.
        max_queue_bytes: payloads in memory that wait for their commit.
    """

    max_bytes: int = 512 << 20
    max_domain_share: float = 0.25
    max_group_bytes: int = 8 << 20
    max_queue_bytes: int = 32 << 20


CONTROL_LIMITS = JournalLimits(16 << 20, 1.0, 1 << 20, 4 << 20)
"""Of the control journal: what people do and the service knows is little."""


@dataclass(frozen=True, slots=True)
class JournalStatistics:
    """One look at a journal. Totals count since the process started; sizes are those of now.

    `shut`: why nothing is taken at all; empty: it is. `generation`: of the topics that count in a cluster; 0: there is none.
    """

    queued_requests: int
    queued_bytes: int
    max_queue_bytes: int
    budget_bytes: int
    bytes_in_use: int
    domains: int
    entries: int
    records: int
    payload_bytes: int
    oldest_age_secs: float
    commits: int
    commit_errors: int
    commit_secs: float
    committed_requests: int
    refused_full: int
    refused_share: int
    refused_queue: int
    trimmed_entries: int
    shut: str = ""
    generation: int = 0


@dataclass(frozen=True, slots=True)
class JournalSize:
    """How full a journal is. Bytes are pages in use; `oldest_unix_ms` 0 = it is empty."""

    used_bytes: int = 0
    budget_bytes: int = 0
    entries: int = 0
    oldest_unix_ms: int = 0


@dataclass(frozen=True, slots=True)
class Behind:
    """What waits behind a set of cursors; `oldest_unix_ms` 0 = nothing."""

    entries: int = 0
    records: int = 0
    bytes: int = 0
    oldest_unix_ms: int = 0

    def joined(self, other: Behind) -> Behind:
        """What waits in both."""
        return Behind(
            self.entries + other.entries, self.records + other.records, self.bytes + other.bytes,
            min(filter(None, (self.oldest_unix_ms, other.oldest_unix_ms)), default=0),
        )  # fmt: skip

    def without(self, records: int) -> Behind:
        """That many records of it were taken already, out of entries that are not behind the cursor yet."""
        return replace(self, records=max(0, self.records - records))
