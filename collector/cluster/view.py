"""What one machine of a cluster shows of itself: counts, queues and lag of the partitions that it owns now, so that over all machines each
partition is shown once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from collector.backend.data_dir import DataDir
from collector.backend.interface import Delivery
from collector.backend.view import LocalView
from collector.cluster.told import owned
from collector.journal.limits import Behind
from collector.ledger.reader import PartitionReader
from collector.outcomes import Counts


class KafkaView(LocalView):
    """The `View` of a machine in a cluster."""

    def __init__(self, data_dir: DataDir) -> None:
        super().__init__(data_dir)

    def by_partition(self) -> Mapping[int, Counts]:
        """See `View.by_partition`: the same numbers whoever owns it."""
        return {number: partition.counts() for number, partition in self._all_partitions().items()}

    def behind(self, pipelines: Collection[str]) -> dict[str, Behind]:
        """See `View.behind`: as the workers told last."""
        found = {pipeline: Behind() for pipeline in pipelines}
        for status in owned(self._dir.root).values():
            for pipeline, lag in status.get("lag", {}).items():
                if pipeline in found:
                    found[pipeline] = found[pipeline].joined(_behind(lag))
        return found

    def unread(self, pipeline: str) -> dict[str, int]:
        """See `View.unread`: of the partitions of this machine, as far as their owner has read ahead, as it told last."""
        found: Counter[str] = Counter()
        for status in owned(self._dir.root).values():
            found.update(status.get("unread", {}).get(pipeline, {}))
        return {domain: records for domain, records in found.items() if records}

    def delivery(self, slot: int, domain: str, pipelines: Collection[str], exporters: Collection[str]) -> Delivery:
        """See `View.delivery`: a request may be another machine's to deliver; nothing that asks for this runs in a cluster."""
        del slot, domain, pipelines, exporters
        return Delivery()

    def _all_partitions(self) -> dict[int, PartitionReader]:
        mine = owned(self._dir.root)
        for number in [number for number in self._partitions if number not in mine]:
            self._partitions.pop(number).close()
        for number in mine:
            if number not in self._partitions:
                self._partitions[number] = PartitionReader.open(self._dir.partition(number))
        return self._partitions


def _behind(lag: Mapping[str, Any]) -> Behind:
    return Behind(
        int(lag.get("entries", 0)),
        int(lag.get("records", 0)),
        int(lag.get("bytes", 0)),
        int(lag.get("oldest_unix_ms", 0)),
    )
