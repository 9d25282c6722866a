"""A partition whose journals stand in a simulated log cluster: the bench of the ledger, with other sources under it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from collector.cluster.accepted import Accepted, Lost
from collector.cluster.account import Account
from collector.cluster.intake import KafkaIntake
from collector.cluster.lag import Boundless
from collector.cluster.sources import KafkaSources
from collector.cluster.window import Window
from collector.journal.limits import JournalLimits
from collector.kafka.wire import Place, TopicSpec
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan
from collector.testing.log_cluster import LogCluster
from counterparts.control_bench import ControlBench
from counterparts.partition_bench import PLAN

DATA, CONTROL = "logboom.intake", "logboom.control"
PLACE = Place(DATA, 0)
_PATIENCE_SECS = 120.0


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    ends = time.monotonic() + _PATIENCE_SECS
    while not condition():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.002)


def cluster_of(partitions: int = 1) -> LogCluster:
    """A cluster with the topics of what is accepted."""
    cluster = LogCluster(real_time=True)
    for topic in (DATA, CONTROL):
        cluster.create(TopicSpec(topic, partitions, {"cleanup.policy": "delete"}), 1)
    return cluster


class ClusterBench(ControlBench):
    """The bench over a cluster: what is put stands in its topics, and is read in windows when `read` returns."""

    control: Any

    def __init__(self, root: Path, plan: LedgerPlan = PLAN, **observers: Any) -> None:
        self.cluster = cluster_of()
        self.lost: list[Lost] = []
        self.accepted = self._accepted()
        super().__init__(root, plan)
        self.control.close(1.0)
        self.control = self._intake(CONTROL, "control account")
        if observers:
            self.reopen(**observers)

    def open(self, plan: LedgerPlan | None = None, **observers: Any) -> PartitionLedger:
        """See `PartitionBench.open`."""
        self.plan = plan or self.plan
        self.ledger = PartitionLedger.open(
            self.root / "partition",
            self.plan,
            KafkaSources(self.accepted, 0),
            0,
            1,
            now_unix_ms=self.clock,
            **observers,
        )
        return self.ledger

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """The next entries, of all that was put."""
        self.settle()
        return super().read(*args, **kwargs)

    def settle(self) -> None:
        """Until all that stands in the topics is in the windows, or they are full."""
        for window in self.accepted.windows(0):
            until(partial(self._is_filled, window, self.cluster.log(window.place).ends))

    def _is_filled(self, window: Window, end: int) -> bool:
        return window.read_to >= end or window.failed or self.accepted.is_full(window)

    def reopen(self, plan: LedgerPlan | None = None, **observers: Any) -> PartitionLedger:
        """Another process takes the partition."""
        self.ledger.close()
        self.accepted.close()
        self.accepted = self._accepted()
        return self.open(plan, **observers)

    def close(self) -> None:
        """See `PartitionBench.close`."""
        super().close()
        self.accepted.close()

    @property
    def journal_id(self) -> str:
        """See `PartitionBench.journal_id`."""
        return self.accepted.place(0, False)[1]

    def _accepted(self) -> Accepted:
        topics = self.cluster.topics
        return Accepted(
            self.cluster.wire(),
            topics[DATA].state,
            topics[CONTROL].state,
            on_lost=self.lost.append,
            limit_bytes=1 << 20,
        )

    def _open_journal(self) -> Any:
        return self._intake(DATA, "account")

    def _intake(self, topic: str, account: str) -> KafkaIntake:
        return KafkaIntake(
            self.cluster.wire().sender(topic), Account.open(self.root / account), topic, 1, "test/0",
            JournalLimits(), Boundless(), self.fatal.append,
        )  # fmt: skip
