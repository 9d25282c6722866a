"""Delivery's side of a partition: what an exporter has to send, and what became of it.

Runs on delivery's thread while the worker commits. Nothing in memory is shared but the content cache, which locks for
itself; LMDB gives each call its own snapshot and lets one writing transaction in after the other.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from collector.batch import LogBatch
from collector.disk.environment import Transaction
from collector.errors import Damaged, StorageError
from collector.journal.entry import Entry
from collector.ledger import deadletters, outbox, receipts
from collector.ledger.counts import add_counts
from collector.ledger.deadletters import NewDeadLetter
from collector.ledger.interface import DAMAGED, ERASED, LAST, Ack, DeadLetter, OutboxEntry, Waiting
from collector.ledger.outbox import OutboxHeader, Queued, Settled
from collector.ledger.outgoing import records_by_domain
from collector.ledger.pieces import MOST_BYTES, MOST_RECORDS, StoredBatch
from collector.ledger.sources import Shelf
from collector.ledger.spill import SpillArea
from collector.ledger.store import Store
from collector.outcomes import Counts, Outcome, ReceiptKey

Content = LogBatch | StoredBatch | Sequence[Entry]
_log = logging.getLogger("logboom.ledger")


@dataclass(frozen=True, slots=True)
class _Found:
    queued: Queued
    header: OutboxHeader
    content: bytes | None
    cached: Content | None


class Dispatch:
    """What delivery asks of a partition. One thread at a time."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf
        self._destructions = store.keys.destructions if store.keys is not None else 0
        self._erased: dict[int, Mapping[str, int]] = {}
        """Entries that were loaded without records whose key was destroyed: domain → how many."""

    def waiting(self, exporter: str, after: int, max_bytes: int) -> list[Waiting]:
        """See `Ledger.waiting`."""
        with self._store.environment.read() as txn:
            found = [_waiting(*each) for each in self._queue(txn, exporter, after, max_bytes, LAST)]
            behind = next(outbox.queue(txn, self._store.tables, exporter, found[-1].seq), None) if found else None
        return [*found[:-1], replace(found[-1], last=behind is None)] if found else []

    def deliverable(self, exporter: str, after: int, max_bytes: int, upto: int) -> list[OutboxEntry]:
        """See `Ledger.deliverable`."""
        entries = [self._entry(exporter, found) for found in self._find(exporter, after, max_bytes, upto)]
        return [entry for entry in entries if entry is not None]

    def ack(self, exporter: str, acks: Sequence[Ack]) -> None:
        """See `Ledger.ack`. What was acknowledged before is left alone."""
        buried = {ack.seq: [self._new_dead_letter(exporter, letter) for letter in ack.dead_letters] for ack in acks}
        settled: list[Settled] = []
        with self._store.environment.write() as txn:
            for ack in acks:
                done = self._acknowledge(txn, exporter, ack, buried[ack.seq])
                if done is not None:
                    settled.append(done)
                self._store.at("ack:middle")
        self._store.at("ack:done")
        self._store.pace.took(exporter, sum(sum(ack.outcomes.values()) for ack in acks), time.monotonic())
        clear(self._store, settled)
        for done in settled:
            if done.gone:
                self._erased.pop(done.seq, None)

    def bury(self, exporter: str, seq: int, reason: str) -> None:
        """See `Ledger.bury`. The outbox and the dead letters have one format; payloads are copied out of the journals."""
        with self._store.environment.read() as txn:
            header = outbox.header_of(txn, self._store.tables, seq)
        data = self.encoded(exporter, seq)
        if header is not None and data is not None:
            self._bury(exporter, seq, header, data, reason)

    def encoded(self, exporter: str, seq: int) -> bytes | None:
        """What waits for an exporter under that `seq`, as a dead letter would hold it: unread, payloads copied out of the journals.
        None when it does not wait for it."""
        with self._store.environment.read() as txn:
            queued, header = next(self._queue(txn, exporter, seq - 1, 0, seq), (None, None))
            content = outbox.content_of(txn, self._store.tables, seq)
        if queued is None or header is None or queued.seq != seq:
            return None
        data = self._spilled(exporter, seq) if queued.spilled else content
        if data is not None and header.journal_entries and not queued.spilled:
            return self._store.contents.of_entries(self._forwarded(data, seq))
        return data

    def give_up(self, exporter: str, seq: int, reason: str) -> None:
        """See `Ledger.give_up`."""
        with self._store.environment.write() as txn:
            done = outbox.give_up(txn, self._store.tables, exporter, seq, reason)
        clear(self._store, [done] if done is not None else [])

    def receipts(self, exporter: str, names: Sequence[ReceiptKey]) -> dict[ReceiptKey, bytes]:
        """See `Ledger.receipts`."""
        with self._store.environment.read() as txn:
            return receipts.receipts(txn, self._store.tables, exporter, names)

    def set_aside(self, exporter: str) -> None:
        """Copy the payloads that wait in the journals for an exporter that left the configuration into its spill area.

        What it has not sent would keep the journals from trimming for a day, and so stop the intake of all others. A
        disk that has no room for the copies leaves things as they are. Where a log has all contents, the payloads stand in one, too, and
        nobody's intake waits for them.
        """
        if self._store.environment.replicated:
            return
        with self._store.environment.read() as txn:
            waiting = [queued.seq for queued in outbox.queue(txn, self._store.tables, exporter) if not queued.spilled]
        for seq in waiting:
            with self._store.environment.read() as txn:
                header = outbox.header_of(txn, self._store.tables, seq)
                references = outbox.content_of(txn, self._store.tables, seq)
            if header is None or references is None or not header.journal_entries:
                continue
            try:
                SpillArea(self._store.path, exporter).write(
                    seq, self._store.contents.of_entries(self._forwarded(references, seq))
                )
            except OSError as error:
                _log.warning("exporter %s was removed; its backlog stays in the journal: %s", exporter, error.strerror)
                return
            self._store.at("aside:written")
            with self._store.environment.write() as txn:
                outbox.move_aside(txn, self._store.tables, exporter, seq, header)

    def close(self) -> None:
        """Let go of the journals."""
        self._shelf.close()

    def _queue(
        self, txn: Transaction, exporter: str, after: int, max_bytes: int, upto: int
    ) -> Iterator[tuple[Queued, OutboxHeader]]:
        """About `max_bytes` of the queue, at least one entry; a giant one comes by itself."""
        room: float = math.inf
        for queued in outbox.queue(txn, self._store.tables, exporter, after):
            header = outbox.header_of(txn, self._store.tables, queued.seq)
            assert header is not None, "a queue holds an entry that is gone"
            giant = _giant(queued, header)
            if queued.seq > upto or room <= 0 or (giant and room < math.inf):
                return
            yield queued, header
            room = (max_bytes if room == math.inf else room) - (math.inf if giant else queued.size_bytes)

    def _find(self, exporter: str, after: int, max_bytes: int, upto: int) -> list[_Found]:
        found: list[_Found] = []
        self._let_go()
        with self._store.environment.read() as txn:
            for queued, header in self._queue(txn, exporter, after, max_bytes, upto):
                cached = self._store.cache.get(queued.seq)
                known = cached is not None or queued.spilled
                content = None if known else outbox.content_of(txn, self._store.tables, queued.seq)
                found.append(_Found(queued, header, content, cached))
        return found

    def _let_go(self) -> None:
        """Of what is in memory, when a key was destroyed: it may be of that domain."""
        known = self._store.keys.destructions if self._store.keys is not None else 0
        if known != self._destructions:
            self._store.cache.clear()
            self._destructions = known

    def _entry(self, exporter: str, found: _Found) -> OutboxEntry | None:
        queued, header = found.queued, found.header
        try:
            content = self._content(exporter, found) if found.cached is None else found.cached
        except Damaged as error:
            self._bury_damaged(exporter, found, str(error))
            return None
        if content is None or not len(content):
            self.ack(exporter, [Ack(queued.seq, {})])
            return None
        by_domain = records_by_domain(content) if isinstance(content, Sequence) else self._left(queued.seq, header)
        return OutboxEntry(
            queued.seq, header.pipeline_of(exporter), sum(by_domain.values()), queued.size_bytes, by_domain,
            header.created_unix_ms, content,
        )  # fmt: skip

    def _left(self, seq: int, header: OutboxHeader) -> Mapping[str, int]:
        """Domain → records that can still be read."""
        erased = self._erased.get(seq)
        if erased is None:
            return header.by_domain
        left = {domain: records - erased.get(domain, 0) for domain, records in header.by_domain.items()}
        return {domain: records for domain, records in left.items() if records > 0}

    def _bury(self, exporter: str, seq: int, header: OutboxHeader, data: bytes, reason: str) -> None:
        """Nobody has read it: a dead letter of this exporter, as it is; what is behind it goes on."""
        letter = NewDeadLetter(f"exporter/{exporter}", header.pipeline_of(exporter), reason, header.by_domain, data)
        ack = Ack(seq, {(domain, Outcome.DEAD_LETTERED): records for domain, records in header.by_domain.items()})
        with self._store.environment.write() as txn:
            settled = self._acknowledge(txn, exporter, ack, [letter])
        clear(self._store, [settled] if settled is not None else [])

    def _bury_damaged(self, exporter: str, found: _Found, cause: str) -> None:
        data = (self._spilled(exporter, found.queued.seq) if found.queued.spilled else found.content) or b""
        self._bury(exporter, found.queued.seq, found.header, data, DAMAGED)
        _log.error(
            "exporter %s: %d records were damaged on disk, and are a dead letter now: %s",
            exporter,
            found.header.records,
            cause,
        )

    def _content(self, exporter: str, found: _Found) -> Content | None:
        data = self._spilled(exporter, found.queued.seq) if found.queued.spilled else found.content
        if data is None:
            return None
        if found.header.journal_entries and not found.queued.spilled:
            return self._forwarded(data, found.queued.seq)
        # payloads that were buried unread come back as such
        opened = self._store.contents.opened(data, found.header.records)
        if opened.erased:
            self._erased[found.queued.seq] = opened.erased
        return opened.content

    def _spilled(self, exporter: str, seq: int) -> bytes | None:
        """None when the worker dropped the entry since its row was read."""
        try:
            return SpillArea(self._store.path, exporter).read(seq)
        except StorageError:
            with self._store.environment.read() as txn:
                first = next(outbox.queue(txn, self._store.tables, exporter, seq - 1), None)
            if first is not None and first.seq == seq:
                raise
            return None

    def _forwarded(self, references: bytes, seq: int) -> list[Entry]:
        """The payloads in the order in which they were read; those of a wiped journal, damaged ones, and those whose key was
        destroyed are missing."""
        places = outbox.decode_references(references)
        found: dict[tuple[str, str, int], Entry] = {}
        erased: Counter[str] = Counter()
        for journal, domain in dict.fromkeys((journal, domain) for journal, domain, _, _ in places):
            offsets = sorted(offset for place in places if place[:2] == (journal, domain) for offset in place[3:])
            receivers = {receiver for _, _, receiver, _ in places}
            for entry in self._shelf.fetch(journal, domain, offsets, receivers):
                if entry.damaged:
                    _log.error("a payload of %s was damaged on disk after it was read: it is not forwarded", domain)
                elif entry.erased:
                    erased[domain] += entry.records
                else:
                    found[journal, domain, entry.offset] = entry
        if erased:
            self._erased[seq] = erased
        keys = [(journal, domain, offset) for journal, domain, _, offset in places]
        return [found[place] for place in keys if place in found]

    def _new_dead_letter(self, exporter: str, letter: DeadLetter) -> NewDeadLetter:
        content = self._store.contents.of_batch(letter.batch)
        return NewDeadLetter(f"exporter/{exporter}", "", letter.reason, letter.batch.by_domain(), content)

    def _acknowledge(
        self, txn: Transaction, exporter: str, ack: Ack, letters: Sequence[NewDeadLetter]
    ) -> Settled | None:
        tables = self._store.tables
        header = outbox.header_of(txn, tables, ack.seq)
        settled = outbox.settle(txn, tables, exporter, ack.seq, header) if header is not None else None
        if header is None or settled is None:
            return None
        named = [_named(letter, header.pipeline_of(exporter)) for letter in letters]
        deadletters.bury(
            txn, tables, named, self._store.now_unix_ms(), self._store.max_dead_bytes, self._store.plan.letters
        )
        add_counts(txn, tables.counts, _outcomes(exporter, header, ack, self._erased.get(ack.seq, {})))
        receipts.write(txn, tables, exporter, ack, self._store.now_unix_ms(), self._store.max_receipt_bytes)
        return settled


def _giant(queued: Queued, header: OutboxHeader) -> bool:
    return not header.journal_entries and (queued.records > MOST_RECORDS or queued.size_bytes > MOST_BYTES)


def _waiting(queued: Queued, header: OutboxHeader) -> Waiting:
    return Waiting(queued.seq, queued.records, queued.size_bytes, _giant(queued, header))


def clear(store: Store, settled: Sequence[Settled]) -> None:
    """After the commit: memory and spill files of entries that an exporter is done with."""
    for done in settled:
        if done.spilled:
            SpillArea(store.path, done.exporter).delete(done.seq)
        if done.gone:
            store.cache.discard(done.seq)


def _outcomes(exporter: str, header: OutboxHeader, ack: Ack, erased: Mapping[str, int]) -> Counts:
    """The counts of an acknowledgement; records that it does not account for can't be delivered any more. What was on its way when it was
    erased ended as the exporter says."""
    component = f"exporter/{exporter}"
    counts: Counts = Counts({(domain, component, outcome): n for (domain, outcome), n in ack.outcomes.items()})
    named: dict[str, int] = {}
    for (domain, _), records in ack.outcomes.items():
        named[domain] = named.get(domain, 0) + records
    for domain, records in header.by_domain.items():
        left = records - named.get(domain, 0)
        gone = min(left, erased.get(domain, 0))
        if gone > 0:
            counts[domain, component, f"{Outcome.DROPPED}:{ERASED}"] += gone
        if left > gone >= 0:
            counts[domain, component, f"{Outcome.DROPPED}:missing"] += left - gone
        if left < 0 and header.erased.get(domain):
            counts[domain, component, f"{Outcome.DROPPED}:{ERASED}"] -= min(-left, header.erased[domain])
    return counts


def _named(letter: NewDeadLetter, pipeline: str) -> NewDeadLetter:
    return NewDeadLetter(letter.owner, pipeline, letter.reason, letter.by_domain, letter.content)
