"""`PartitionReader`: a partition seen from any process, for metrics, trimming and people. Imports no columns."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from collector.component.figures import NAME as FIGURES
from collector.disk.environment import Environment
from collector.errors import StorageError
from collector.ledger import cursors, deadletters, outbox, roster
from collector.ledger.counts import load_counts
from collector.ledger.deadletters import DeadLetterInfo
from collector.ledger.gauges import PartitionSize, QueueState
from collector.ledger.outbox import Totals
from collector.ledger.spill import SpillArea
from collector.ledger.state import Budget, ComponentState, committed, domains_of
from collector.ledger.tables import FORMAT_VERSION, KIND, OLDEST_FORMAT, Tables, get_u64
from collector.outcomes import Counts


class Closed(StorageError):
    """Who looks came too late: another thread has put the partition down."""


class PartitionReader:
    """Read-only; each call is one short snapshot, cheap enough for each second. Empty until the files exist; once it is closed, each call raises
    `Closed`. Safe from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._ended = False
        self._environment: Environment | None = None
        self._tables: Tables | None = None
        self._marks: dict[tuple[str, bool], tuple[int, Mapping[str, int]]] = {}

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises:
        StorageError: the files are of another kind or format.
        """
        reader = cls(path)
        reader._opened()
        return reader

    def low_watermarks(self, journal: str, control: bool = False) -> Mapping[str, int]:
        """domain → the highest offset of the journal that nobody needs any more; see `cursors.low_watermarks`. `control`: it is
        the control journal, which others read than those of what was sent. Nothing is read again until a commit has happened."""
        if (opened := self._opened()) is None:
            return {}
        environment, tables = opened
        seen, marks = self._marks.get((journal, control), (-1, {}))
        if seen != environment.last_transaction():
            with environment.read() as txn:
                marks = cursors.low_watermarks(txn, tables, roster.readers(txn, tables, control), journal)
                self._marks[journal, control] = (txn.id(), marks)
        return marks

    def floor(self, journal: str, control: bool = False) -> int:
        """The highest offset up to which nobody needs anything of a journal any more, of whichever domain; see `cursors.floor`."""
        if (opened := self._opened()) is None:
            return 0
        environment, tables = opened
        with environment.read() as txn:
            return cursors.floor(txn, tables, roster.readers(txn, tables, control), journal)

    def readers(self, control: bool) -> set[str]:
        """The pipelines, as configured, that read the control journal, or those of what was sent."""
        if (opened := self._opened()) is None:
            return set()
        environment, tables = opened
        with environment.read() as txn:
            return {record.id for record in roster.readers(txn, tables, control)}

    def cursors(self, pipeline: str, journal: str) -> Mapping[str, int]:
        """domain → the highest offset that the pipeline has passed, for `JournalReader.pending`."""
        if (opened := self._opened()) is None:
            return {}
        environment, tables = opened
        with environment.read() as txn:
            return cursors.positions(txn, tables, pipeline, journal)

    def begun(self, pipeline: str, journal: str) -> Mapping[str, int]:
        """domain → records of the entry behind the cursor that the pipeline has taken already."""
        if (opened := self._opened()) is None:
            return {}
        environment, tables = opened
        with environment.read() as txn:
            return {domain: done for domain, (_, done) in cursors.begun(txn, tables, pipeline, journal).items()}

    def progress(
        self, journal: str, domain: str, pipelines: Collection[str], exporters: Collection[str]
    ) -> tuple[int, int, int]:
        """The offset up to which all of the pipelines have read the domain; the next `seq` of the outbox; the oldest that waits for
        one of the exporters (the next one when none does). All of one moment."""
        if (opened := self._opened()) is None:
            return 0, 0, 0
        environment, tables = opened
        with environment.read() as txn:
            known = roster.pipelines(txn, tables)
            passed = [cursors.cursor(txn, tables, known[name], journal, domain) for name in pipelines if name in known]
            next_seq = get_u64(txn, tables.partition, b"next_seq")
            waiting = [next(outbox.queue(txn, tables, name), None) for name in exporters]
        complete = len(passed) == len(pipelines)
        return (
            min(passed, default=0) if complete else 0,
            next_seq,
            min((one.seq for one in waiting if one), default=next_seq),
        )

    def counts(self) -> Counts:
        """(domain, component, outcome) → records since the partition was made."""
        if (opened := self._opened()) is None:
            return Counts()
        environment, tables = opened
        with environment.read() as txn:
            return load_counts(txn, tables.counts)

    def queues(self) -> Mapping[str, QueueState]:
        """What waits for each exporter, removed ones with a backlog included."""
        if (opened := self._opened()) is None:
            return {}
        environment, tables = opened
        with environment.read() as txn:
            sums = outbox.all_totals(txn, tables)
            first = {exporter: next(outbox.queue(txn, tables, exporter), None) for exporter in sums}
        return {
            exporter: _state(held, oldest.created_unix_ms if oldest is not None else 0)
            for exporter, held in sums.items()
            for oldest in [first[exporter]]
        }

    def dead_letters(self, owner: str | None = None, limit: int = 1000) -> Sequence[DeadLetterInfo]:
        """The oldest dead letters, of one owner (`exporter/<id>`, `pipeline/<id>`) or of all."""
        if (opened := self._opened()) is None:
            return []
        environment, tables = opened
        with environment.read() as txn:
            return deadletters.dead_letters(txn, tables, owner, limit)

    def dead_letter_content(self, number: int) -> bytes:
        """The bytes of one: `codec.decode_batch` or, for a raw one, `codec.decode_entries` reads them."""
        if (opened := self._opened()) is None:
            return b""
        environment, tables = opened
        with environment.read() as txn:
            return deadletters.dead_content(txn, tables, number)

    def waiting(self, domain: str) -> Iterator[tuple[bytes | None, int]]:
        """What waits in the outbox or spill files and holds records of a domain: its bytes, and how many records. None: payloads that
        stand in a journal, and are forwarded from there."""
        if (opened := self._opened()) is None:
            return
        environment, tables = opened
        with environment.read() as txn:
            seqs = list(outbox.entries(txn, tables, -1))
        for seq in seqs:
            with environment.read() as txn:
                header = outbox.header_of(txn, tables, seq)
                content = outbox.content_of(txn, tables, seq)
            if header is None or not header.by_domain.get(domain):
                continue
            if header.journal_entries and content is not None:
                yield None, header.by_domain[domain]
                continue
            for exporter in header.exporters if content is None else ():
                with suppress(StorageError):
                    content = SpillArea(self.path, exporter).read(seq)
            if content is not None:
                yield content, header.by_domain[domain]

    def size(self) -> PartitionSize:
        """Pages in use, in bytes, against the budget."""
        if (opened := self._opened()) is None:
            return PartitionSize(0, 0, 0)
        environment, tables = opened
        with environment.read() as txn:
            dead = get_u64(txn, tables.partition, b"dead_bytes")
        return PartitionSize(environment.pages_in_use() * 4096, environment.budget_bytes, dead)

    def state_bytes(self) -> int:
        """What components hold of all domains, names and values."""
        if (opened := self._opened()) is None:
            return 0
        environment, tables = opened
        with environment.read() as txn:
            return get_u64(txn, tables.partition, b"state_bytes")

    def figures(self, component: str) -> Mapping[str, bytes]:
        """domain → the numbers that a component keeps of its state there (`collector.component.figures`): a seek for each domain."""
        if (opened := self._opened()) is None:
            return {}
        environment, tables = opened
        with environment.read() as txn:
            found = {
                domain: committed(txn, tables, (component, domain, FIGURES))
                for domain in domains_of(txn, tables, component)
            }
        return {domain: kept for domain, kept in found.items() if kept}

    def kept(self, component: str, prefix: bytes) -> list[bytes]:
        """What a component keeps of no domain, which is not encrypted, under names that begin so."""
        if (opened := self._opened()) is None:
            return []
        state = ComponentState(*opened, component, "", Budget(0, 0))
        return [value for _, value in state.scan(prefix)]

    def close(self) -> None:
        """Let go of the files, for good; safe twice."""
        with self._lock:
            self._ended = True
            self._let_go()

    def _let_go(self) -> None:
        if self._environment is not None:
            self._environment.close()
        self._environment = self._tables = None
        self._marks = {}

    def _opened(self) -> tuple[Environment, Tables] | None:
        with self._lock:  # two at a time would open it twice, and one of them for ever
            if self._ended:
                raise Closed(f"{self.path} is put down")
            return self._as_it_is()

    def _as_it_is(self) -> tuple[Environment, Tables] | None:
        if self._environment is not None and not self._environment.is_current():
            self._let_go()  # the directory was wiped or replaced: watermarks of the old one must not trim a journal
        if self._environment is None:
            self._environment = Environment.open(self.path, KIND, FORMAT_VERSION, OLDEST_FORMAT)
        if self._environment is not None and self._tables is None:
            self._tables = Tables.of(self._environment)
        return None if self._environment is None or self._tables is None else (self._environment, self._tables)


def _state(held: Totals, oldest_unix_ms: int) -> QueueState:
    return QueueState(
        held.records, held.size_bytes, held.entries, oldest_unix_ms, held.spilled_bytes, bool(held.removed_unix_ms)
    )
