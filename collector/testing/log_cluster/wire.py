"""`SimulatedWire`: what a process asks of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.testing.log_cluster.admin import SimulatedAdmin
from collector.testing.log_cluster.coordinator import Coordinator
from collector.testing.log_cluster.group import SimulatedGroup
from collector.testing.log_cluster.reader import SimulatedReader
from collector.testing.log_cluster.sender import SimulatedSender
from collector.testing.log_cluster.writer import SimulatedWriter

if TYPE_CHECKING:
    from collector.testing.log_cluster.cluster import LogCluster


class SimulatedWire:
    """The `Wire` of one process to a simulated cluster."""

    def __init__(self, cluster: LogCluster, prefix: str) -> None:
        self.cluster = cluster
        self.prefix = prefix

    def sender(self, name: str) -> SimulatedSender:
        """See `Wire.sender`."""
        return SimulatedSender(self.cluster, name)

    def writer(self, number: int | str) -> SimulatedWriter:
        """See `Wire.writer`."""
        return SimulatedWriter(self.cluster, (self.prefix, number))

    def reader(self, name: str, *, prompt: bool = False) -> SimulatedReader:  # noqa: ARG002  it is always told at once
        """See `Wire.reader`."""
        return SimulatedReader(self.cluster, name)

    def group(self, member: str, topic: str) -> SimulatedGroup:
        """See `Wire.group`."""
        key = (self.prefix, topic)
        with self.cluster.changed:
            found = self.cluster.coordinators.setdefault(key, Coordinator(self.cluster, topic))
            return SimulatedGroup(found, member)

    def admin(self) -> SimulatedAdmin:
        """See `Wire.admin`."""
        return SimulatedAdmin(self.cluster)
