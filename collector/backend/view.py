"""The journals and partitions of a data directory, seen together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from collector.backend.data_dir import DataDir
from collector.backend.interface import Delivery
from collector.journal.limits import Behind, JournalSize
from collector.journal.reader import JournalReader
from collector.ledger.gauges import QueueState
from collector.ledger.reader import PartitionReader
from collector.ledger.sources import partition_of
from collector.outcomes import Counts
from collector.reserved import PIPELINE


class LocalView:
    """The `View` of a data directory. Opens each journal and partition once, when it is first asked for."""

    def __init__(self, data_dir: DataDir) -> None:
        self._dir = data_dir
        self._journals: dict[int, JournalReader] = {}
        self._opened_control: list[JournalReader] = []
        self._partitions: dict[int, PartitionReader] = {}

    def counts(self) -> Counts:
        """See `View.counts`."""
        counts: Counts = Counts()
        for journal in (*self._all_journals().values(), self._control()):
            counts.update(journal.counts())
        for partition in self._all_partitions().values():
            counts.update(partition.counts())
        return counts

    def by_partition(self) -> Mapping[int, Counts]:
        """See `View.by_partition`."""
        return {}

    def journals(self) -> dict[int, JournalSize]:
        """See `View.journals`."""
        return {slot: journal.size() for slot, journal in self._all_journals().items()}

    def control(self) -> JournalSize:
        """See `View.control`."""
        return self._control().size()

    def state_bytes(self) -> dict[int, int]:
        """See `View.state_bytes`."""
        return {number: partition.state_bytes() for number, partition in self._all_partitions().items()}

    def figures(self, component: str) -> dict[str, bytes]:
        """See `View.figures`."""
        return {
            domain: kept
            for partition in self._all_partitions().values()
            for domain, kept in partition.figures(component).items()
        }

    def kept(self, component: str, prefix: bytes) -> list[bytes]:
        """See `View.kept`."""
        return [value for partition in self._all_partitions().values() for value in partition.kept(component, prefix)]

    def queues(self) -> dict[str, QueueState]:
        """See `View.queues`."""
        found: dict[str, QueueState] = {}
        for partition in self._all_partitions().values():
            for exporter, state in partition.queues().items():
                found[exporter] = found[exporter].joined(state) if exporter in found else state
        return found

    def behind(self, pipelines: Collection[str]) -> dict[str, Behind]:
        """See `View.behind`."""
        found = {pipeline: Behind() for pipeline in pipelines}
        for pipeline in pipelines:
            for journal in self._journals_of(pipeline):
                after, begun = self._cursors(pipeline, journal)
                found[pipeline] = found[pipeline].joined(journal.pending(after).without(sum(begun.values())))
        return found

    def unread(self, pipeline: str) -> dict[str, int]:
        """See `View.unread`."""
        found: Counter[str] = Counter()
        for journal in self._journals_of(pipeline):
            after, begun = self._cursors(pipeline, journal)
            for domain, records in journal.unread(after).items():
                found[domain] += records - begun.get(domain, 0)
        return {domain: records for domain, records in found.items() if records}

    def watermarks(self, slot: int | None) -> dict[str, int]:
        """See `View.watermarks`. Opens no other journal."""
        marks: dict[str, int] = {}
        journal = (self._control() if slot is None else self._journal(slot)).id
        if journal is not None:
            for partition in self._all_partitions().values():
                marks.update(partition.low_watermarks(journal, control=slot is None))
        return marks

    def delivery(self, slot: int, domain: str, pipelines: Collection[str], exporters: Collection[str]) -> Delivery:
        """See `View.delivery`."""
        journal = self._journal(slot)
        head = journal.heads().get(domain)
        if journal.id is None or head is None:
            return Delivery()
        partition = self._all_partitions()[partition_of(domain, self._dir.partitions)]
        passed, next_seq, oldest_seq = partition.progress(journal.id, domain, pipelines, exporters)
        return Delivery(head.last_offset, passed, next_seq + 1, oldest_seq + 1)

    def close(self) -> None:
        """See `View.close`."""
        for journal in (*self._journals.values(), *self._opened_control):
            journal.close()
        for partition in self._partitions.values():
            partition.close()

    def _cursors(self, pipeline: str, journal: JournalReader) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Domain → how far the pipeline has come, and records that it has taken of the entry behind that."""
        after: dict[str, int] = {}
        begun: dict[str, int] = {}
        journal_id = journal.id
        if journal_id is not None:
            for partition in self._all_partitions().values():
                after.update(partition.cursors(pipeline, journal_id))
                begun.update(partition.begun(pipeline, journal_id))
        return after, begun

    def _journals_of(self, pipeline: str) -> list[JournalReader]:
        """Those that the pipeline reads, or would."""
        readers = [partition.readers(control=True) for partition in self._all_partitions().values()]
        control = [self._control()] if any(pipeline in found for found in readers) else []
        return control if pipeline == PIPELINE else [*self._all_journals().values(), *control]

    def _control(self) -> JournalReader:
        if not self._opened_control:
            self._opened_control.append(JournalReader.open(self._dir.control))
        return self._opened_control[0]

    def _all_journals(self) -> dict[int, JournalReader]:
        for slot in self._dir.journal_slots():
            self._journal(slot)
        return self._journals

    def _journal(self, slot: int) -> JournalReader:
        if slot not in self._journals:
            self._journals[slot] = JournalReader.open(self._dir.journal(slot))
        return self._journals[slot]

    def _all_partitions(self) -> dict[int, PartitionReader]:
        for number in range(self._dir.partitions):
            if number not in self._partitions:
                self._partitions[number] = PartitionReader.open(self._dir.partition(number))
        return self._partitions
