"""A backlog that moves: what waits for the exporters of one pipeline is fed to others instead.

An entry leaves all queues through which that pipeline fed it, counted as `moved`, and becomes a dead letter of each pipeline that takes it,
marked to be tried again, in one transaction: so it is processed there in a step of its own, like any dead letter that is tried again, over any
crash. Of dead letters only half the room is used for it, so that none is given up for a backlog: the rest waits for its turn.
"""

from __future__ import annotations

from collections.abc import Sequence

from collector.disk.environment import Transaction
from collector.ledger import deadletters, outbox
from collector.ledger.codec import is_batch
from collector.ledger.counts import add_counts
from collector.ledger.deadletters import NewDeadLetter
from collector.ledger.dispatch import Dispatch, clear
from collector.ledger.outbox import OutboxHeader, Settled
from collector.ledger.store import Store
from collector.ledger.tables import get_u64
from collector.outcomes import Counts, Outcome

_AT_ONCE = 16
REASON = "moved"


class Moving:
    """Of one partition, on the worker's thread.

    Args:
        dispatch: reads contents; one of its own, for it holds the journals.
    """

    def __init__(self, store: Store, dispatch: Dispatch) -> None:
        self._store = store
        self._dispatch = dispatch

    def move(self, pipeline: str, targets: Sequence[str]) -> int:
        """The oldest that waits for a pipeline's exporters; how many records of it."""
        exporters = self._store.pipeline(pipeline).exporters
        return sum(self._move(seq, pipeline, exporters, targets) for seq in self._oldest(pipeline, exporters))

    def close(self) -> None:
        """Let go of the journals."""
        self._dispatch.close()

    def _oldest(self, pipeline: str, exporters: Sequence[str]) -> list[int]:
        with self._store.environment.read() as txn:
            found = {
                queued.seq
                for exporter in exporters
                for queued in outbox.queue(txn, self._store.tables, exporter)
                if self._of(txn, queued.seq, exporter, pipeline)
            }
        return sorted(found)[:_AT_ONCE]

    def _of(self, txn: Transaction, seq: int, exporter: str, pipeline: str) -> bool:
        header = outbox.header_of(txn, self._store.tables, seq)
        return header is not None and header.pipeline_of(exporter) == pipeline

    def _move(self, seq: int, pipeline: str, exporters: Sequence[str], targets: Sequence[str]) -> int:
        content = next(filter(None, (self._dispatch.encoded(exporter, seq) for exporter in exporters)), None)
        if content is None or not self._has_room(len(content) * len(targets)):
            return 0
        with self._store.environment.write() as txn:
            header = outbox.header_of(txn, self._store.tables, seq)
            if header is None:
                return 0
            settled = self._settle(txn, seq, header, pipeline, exporters)
            if settled:
                self._feed(txn, header, content, targets)
            self._store.at("moved:middle")
        clear(self._store, settled)
        return header.records if settled else 0

    def _settle(
        self, txn: Transaction, seq: int, header: OutboxHeader, pipeline: str, exporters: Sequence[str]
    ) -> list[Settled]:
        """Out of the queues, counted."""
        gone: list[Settled] = []
        for exporter in (name for name in exporters if header.pipeline_of(name) == pipeline):
            done = outbox.settle(txn, self._store.tables, exporter, seq, header)
            if done is not None:
                gone.append(done)
                moved = {
                    (domain, f"exporter/{exporter}", str(Outcome.MOVED)): n for domain, n in header.by_domain.items()
                }
                add_counts(txn, self._store.tables.counts, Counts(moved))
        return gone

    def _feed(self, txn: Transaction, header: OutboxHeader, content: bytes, targets: Sequence[str]) -> None:
        for target in targets:
            letter = NewDeadLetter(
                f"pipeline/{target}", target, REASON, header.by_domain, content, raw=not is_batch(content)
            )
            deadletters.bury_for_replay(
                txn,
                self._store.tables,
                letter,
                self._store.now_unix_ms(),
                self._store.max_dead_bytes,
                self._store.plan.letters,
            )

    def _has_room(self, size: int) -> bool:
        with self._store.environment.read() as txn:
            held = get_u64(txn, self._store.tables.partition, b"dead_bytes")
        within = held + size <= self._store.max_dead_bytes // 2
        return within and self._store.environment.has_room(2 * size, reserve=True)
