"""Is there room for a step? Asked before anything is read: of every exporter that the pipeline reaches, itself or through
connectors, and of the partition's budget, for all contents that the step may write. No room is a wait."""

from __future__ import annotations

from collector.disk.environment import Transaction
from collector.errors import NoRoom
from collector.ledger import outbox
from collector.ledger.outbox import Totals
from collector.ledger.plan import SHARE_BYTES, PipelinePlan
from collector.ledger.state import total_bytes
from collector.ledger.store import Store

_READ_SHARE = 8  # one step may write at most one part in so many of the budget


class Room:
    """Of one partition. The worker's thread asks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reached = {plan.id: store.plan.reached(plan.id) for plan in store.plan.pipelines}

    def share(self, pipeline: str) -> int:
        """Bytes that one step of the pipeline may read: payloads that are handed on untouched stay in the journal, everything
        else may be written once for each pipeline that has exporters."""
        return self._store.plan.max_bytes // _READ_SHARE // self._contents(pipeline)

    def is_there(self, pipeline: str, max_bytes: int) -> bool:
        """Whether a step that reads so many bytes may be taken.

        Raises:
            NoRoom: within the budget, but the file system has no block more.
        """
        with self._store.environment.read() as txn:
            if self._stops(txn, pipeline, max_bytes):
                return False
            beside = total_bytes(txn, self._store.tables) + self._spilled(txn)
        environment = self._store.environment
        wanted = max_bytes * self._contents(pipeline)
        if environment.has_room(wanted, within=self._store.plan.max_bytes + beside):
            return True
        if environment.growth_refused:
            raise NoRoom(f"{environment.path}: the file system has no room to grow ({environment.growth_refused})")
        return False

    def is_there_for_control(self, pipeline: str, max_bytes: int) -> bool:
        """Whether a step on what people do and the service knows may be taken. It is little, and goes beyond the exporters' quotas by
        as much as a share has."""
        with self._store.environment.read() as txn:
            if any(self._overflows(txn, plan) for plan in self._reached[pipeline] if not plan.share_bytes):
                return False
        return self._store.environment.has_room(max_bytes * self._contents(pipeline), reserve=True)

    def waiting(self, pipeline: str) -> dict[str, int]:
        """Exporter that the pipeline reaches → records that wait for it."""
        with self._store.environment.read() as txn:
            exporters = [exporter for plan in self._reached[pipeline] for exporter in plan.exporters]
            return {name: outbox.totals(txn, self._store.tables, name).records for name in exporters}

    def _contents(self, pipeline: str) -> int:
        if self._store.pipeline(pipeline).passthrough:
            return 1
        return max(1, sum(1 for plan in self._reached[pipeline] if plan.exporters))

    def is_full(self, pipeline: str) -> bool:
        """Whether an exporter that the pipeline reaches stops whoever feeds it."""
        with self._store.environment.read() as txn:
            return self._stops(txn, pipeline, self.share(pipeline))

    def _stops(self, txn: Transaction, pipeline: str, max_bytes: int) -> bool:
        """Of a connector that chooses, one level with room is enough."""
        plan = self._store.pipeline(pipeline)
        if any(
            self._full(exporter, outbox.totals(txn, self._store.tables, exporter), plan.passthrough, max_bytes)
            for exporter in plan.exporters
        ):
            return True
        return any(
            all(
                any(self._stops(txn, fed, max_bytes) for fed in level)
                for level in plan.choices.get(connector, [targets])
            )
            for connector, targets in plan.feeds.items()
        )

    def _overflows(self, txn: Transaction, plan: PipelinePlan) -> bool:
        blocking = [name for name in plan.exporters if self._store.quota(name).on_full == "block"]
        most = {name: self._store.limit_bytes(name, plan.passthrough) + SHARE_BYTES for name in blocking}
        return any(outbox.totals(txn, self._store.tables, name).size_bytes >= most[name] for name in blocking)

    def _spilled(self, txn: Transaction) -> int:
        """About what stands in the outbox that would stand in spill files otherwise."""
        if not self._store.environment.replicated:
            return 0
        sums = outbox.all_totals(txn, self._store.tables)
        return sum(
            min(quota.spill_bytes, max(0, sums[exporter].size_bytes - self._store.limit_bytes(exporter, False)))
            for exporter, quota in self._store.plan.quotas.items()
            if quota.on_full == "spill" and exporter in sums
        )

    def _full(self, exporter: str, held: Totals, passthrough: bool, max_bytes: int) -> bool:
        """Whether the exporter has so much to send that the pipeline must wait."""
        quota = self._store.quota(exporter)
        waiting = held.size_bytes - held.spilled_bytes
        if quota.on_full == "drop_oldest" or waiting < self._store.limit_bytes(exporter, passthrough):
            return False
        aside = held.spilled_bytes
        if self._store.environment.replicated:
            aside = max(0, waiting - self._store.limit_bytes(exporter, passthrough))
        full = aside + max_bytes > quota.spill_bytes or exporter in self._store.spill_refused
        return quota.on_full == "block" or full
