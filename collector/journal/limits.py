"""How much a journal may hold, and how full it is."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class JournalStatistics:
    """One look at a journal. Totals count since the process started; sizes are those of now."""

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
