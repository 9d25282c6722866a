"""The bench of a partition whose rows stand in a log cluster: the same journal in front, the partition a copy of its changelog."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector.cluster.changelog import Changelog, Places
from collector.cluster.restoring import Restoring
from collector.disk.environment import Environment
from collector.kafka.wire import Admin, TopicSpec, Wire
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan
from collector.ledger.sources import Sources
from collector.ledger.tables import FORMAT_VERSION, KIND, Tables
from collector.testing.log_cluster import LogCluster
from counterparts.partition_bench import PLAN, PartitionBench

PREFIX = "logboom"
PLACES = Places.of(PREFIX, 0)
Rows = dict[tuple[str, bytes], bytes]


def make_topics(admin: Admin, partitions: int = 1, prefix: str = PREFIX) -> None:
    """Those of a changelog."""
    kinds = {"ledger": "compact", "outbox": "delete", "dead": "compact"}
    specs = [TopicSpec(f"{prefix}.{name}", partitions, {"cleanup.policy": kind}) for name, kind in kinds.items()]
    admin.create(specs, 1)


def rows_of(path: Path) -> Rows:
    """Every row of a partition's tables."""
    environment = Environment.open(path, KIND, FORMAT_VERSION)
    assert environment is not None
    with environment:
        return rows_in(environment)


def rows_in(environment: Environment) -> Rows:
    """Every row of an open one's."""
    tables = Tables.of(environment)
    assert tables is not None
    with environment.read() as txn:
        named = {name: getattr(tables, name) for name in Tables.__dataclass_fields__}
        return {(name, key): value for name, table in named.items() for key, value in txn.cursor(db=table)}


class ReplicatedBench(PartitionBench):
    """See `PartitionBench`. The owner's copy stands in `root/partition`; another machine's in any other folder."""

    def __init__(
        self, root: Path, plan: LedgerPlan = PLAN, wire: Wire | None = None, prefix: str = PREFIX, **observers: Any
    ) -> None:
        if wire is None:
            wire = LogCluster().wire(PREFIX)
            make_topics(wire.admin())
        self.wire, self.admin, self.prefix = wire, wire.admin(), prefix
        self.changelog: Changelog | None = None
        super().__init__(root, plan, **observers)

    def _opened(self, sources: Sources, **observers: Any) -> PartitionLedger:
        clock: Mapping[str, Any] = {"now_unix_ms": observers.pop("now_unix_ms")}
        taking = Restoring(self.wire, self.admin, self.prefix, **clock)
        ledger, self.changelog = taking.open_ledger(0, 1, self.root / "partition", self.plan, sources, **observers)
        return ledger

    def restored(self, folder: str = "elsewhere") -> Rows:
        """The rows that another machine has when it takes the partition: this one has lost it then."""
        follower, changelog = Restoring(self.wire, self.admin, self.prefix, now_unix_ms=self.clock).take(
            0, self.root / folder, self.plan.partition_bytes + self.plan.spill_bytes
        )
        try:
            return rows_in(follower.environment)
        finally:
            changelog.close()
            follower.environment.close()

    def rows(self) -> Rows:
        """What the owner has."""
        return rows_of(self.root / "partition")
