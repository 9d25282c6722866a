"""The simulated `Admin`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from collector.kafka.wire import Place, TopicSpec, TopicState

if TYPE_CHECKING:
    from collector.testing.log_cluster.cluster import LogCluster


class SimulatedAdmin:
    """See `collector.kafka.wire.Admin`."""

    def __init__(self, cluster: LogCluster) -> None:
        self._cluster = cluster

    def cluster_id(self) -> str:
        """See `Admin.cluster_id`."""
        self._cluster.need()
        return self._cluster.id

    def topics(self, names: Sequence[str]) -> dict[str, TopicState]:
        """See `Admin.topics`."""
        self._cluster.need()
        return {name: self._cluster.topics[name].state for name in names if name in self._cluster.topics}

    def create(self, topics: Sequence[TopicSpec], replication: int) -> None:
        """See `Admin.create`."""
        self._cluster.need()
        for spec in topics:
            self._cluster.create(spec, replication)

    def bounds(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """See `Admin.bounds`."""
        self._cluster.need()
        with self._cluster.changed:
            logs = {place: self._cluster.log(place) for place in places}
            return {place: (log.begins, log.stable) for place, log in logs.items()}

    def delete_before(self, places: Mapping[Place, int]) -> None:
        """See `Admin.delete_before`."""
        self._cluster.need()
        self._cluster.at("admin:delete")
        with self._cluster.changed:
            for place, before in places.items():
                self._cluster.log(place).cut(before)

    def delete(self, topics: Sequence[str]) -> None:
        """See `Admin.delete`."""
        self._cluster.need()
        for name in topics:
            if name in self._cluster.topics:
                self._cluster.delete(name)

    def close(self) -> None:
        """See `Admin.close`."""
