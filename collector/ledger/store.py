"""What the parts of an open partition share: its files, its plan, its clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from collector.disk.environment import Environment
from collector.encryption import Keys
from collector.ledger.cache import ContentCache
from collector.ledger.contents import Contents
from collector.ledger.pace import Pace
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.ledger.tables import Tables

RECEIPT_SHARE = 32  # 32 MiB of the default budget
DEAD_LETTER_SHARE = 8  # dead letters may take one part in so many of the budget
CONTROL_BYTES = 256 << 10
_HELD_BYTES = 16 << 20  # of a journal, that an exporter which may spill keeps from trimming


def nowhere(_: str) -> None:
    """No failpoint is set."""


def unix_ms() -> int:
    """Now, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Store:
    """An open partition.

    `keys` open what is encrypted, and encrypt where they seal; `contents` are read and written with them.
    `at` is called with the name of each point at which a crash is interesting (`commit:middle`…); tests die there.
    """

    environment: Environment
    tables: Tables
    path: Path
    plan: LedgerPlan
    cache: ContentCache
    now_unix_ms: Callable[[], int] = unix_ms
    at: Callable[[str], None] = nowhere
    pace: Pace = field(default_factory=Pace)
    contents: Contents = field(default_factory=Contents)
    keys: Keys | None = None
    spill_refused: set[str] = field(default_factory=set)
    """Exporters whose area the disk did not let grow, last time."""
    _pipelines: dict[str, PipelinePlan] = field(default_factory=dict)

    def pipeline(self, pipeline: str) -> PipelinePlan:
        """The plan of a pipeline. Raises `KeyError` for one that is not configured."""
        if not self._pipelines:
            self._pipelines.update({plan.id: plan for plan in self.plan.pipelines})
        return self._pipelines[pipeline]

    def quota(self, exporter: str) -> Quota:
        """How much may wait for an exporter."""
        return self.plan.quotas.get(exporter, Quota())

    def limit_bytes(self, exporter: str, passthrough: bool) -> int:
        """Bytes of the outbox that may wait for an exporter before its `on_full` happens.

        Exporters that must not delay others share half of the outbox, whatever their quotas say; and forwarded
        payloads, which wait in the journal, may take only little of it. What stands apart has its own little.
        """
        quota = self.quota(exporter)
        if quota.on_full == "block":
            return quota.max_bytes
        if quota.apart:
            return min(quota.max_bytes, _HELD_BYTES) if passthrough else quota.max_bytes
        yielding = sum(1 for other in self.plan.quotas.values() if other.on_full != "block" and not other.apart)
        share = self.plan.max_bytes // (2 * max(1, yielding))
        return min(quota.max_bytes, share, _HELD_BYTES if passthrough else share)

    @property
    def control_bytes(self) -> int:
        """About how much of what people do and the service knows one step takes: little, so that there is room for it when there
        is none for data."""
        return min(CONTROL_BYTES, self.plan.max_bytes // 64)

    @property
    def max_dead_bytes(self) -> int:
        """The most that dead letters may take."""
        return self.plan.max_bytes // DEAD_LETTER_SHARE

    @property
    def max_receipt_bytes(self) -> int:
        """The most that exporters may remember, all together."""
        return self.plan.max_bytes // RECEIPT_SHARE
