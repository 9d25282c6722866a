"""Who reads a data directory from outside: as `collector.backend.offline`, and where the machine is of a cluster, what stands there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from collector.backend import offline
from collector.backend.data_dir import DataDir
from collector.backend.interface import Desk, Frozen, View
from collector.backend.scoped_desk import ScopedDesk
from collector.cluster.connecting import connect, remembered
from collector.cluster.desk import KafkaDesk
from collector.cluster.outgoing import outgoing
from collector.cluster.view import KafkaView
from collector.errors import StorageError
from collector.journal.entry import Entry, Intake
from collector.scope import Scope

if TYPE_CHECKING:
    from collector.batch import LogBatch


def desk_of(root: Path, scope: Scope) -> Desk:
    """See `collector.backend.offline.desk_of`; of the whole cluster."""
    cluster = remembered(root)
    if cluster is None:
        return offline.desk_of(root, scope)
    desk = KafkaDesk(connect(cluster.options), cluster.options, cluster.partitions)
    return desk if scope.is_everything else ScopedDesk(desk, scope)


def view_of(root: Path) -> View:
    """See `collector.backend.offline.view_of`; of what this machine owns."""
    cluster = remembered(root)
    return offline.view_of(root) if cluster is None else KafkaView(DataDir(root, cluster.partitions))


def waiting_of(root: Path, domain: str) -> Iterator[LogBatch | Sequence[Entry] | int]:
    """See `collector.backend.offline.waiting_of`; of the whole cluster."""
    cluster = remembered(root)
    if cluster is None:
        return offline.waiting_of(root, domain)
    return outgoing(connect(cluster.options), cluster.options, cluster.partitions, domain)


def control_of(root: Path) -> Intake:
    """See `collector.backend.offline.control_of`. Raises `StorageError` in a cluster: it is carried out by whoever runs."""
    if remembered(root) is not None:
        raise StorageError(f"no logboom runs on {root}, which is of a cluster: say it where one runs")
    return offline.control_of(root)


def frozen_of(root: Path) -> AbstractContextManager[Frozen]:
    """See `collector.backend.offline.frozen_of`. Raises `StorageError` in a cluster: a copy of one disk is none of it."""
    if remembered(root) is not None:
        raise StorageError(
            "what waits stands in Kafka (service.ledger.kafka): its replication keeps it, and no copy of this machine does"
        )
    return offline.frozen_of(root)
