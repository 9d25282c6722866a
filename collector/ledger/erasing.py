"""Records that are erased: contents of the outbox and of dead letters are written anew without them.

An entry that waits keeps its place in all queues. How many records are missing in it stands beside its header, in the transaction that
puts the new content in the place of the old one; they are counted as `dropped:erased` when an exporter is done with it, so that counts add up
whatever was on its way. Spill files follow after the commit; a death before that repeats it. Forwarded payloads are copied out of the
journals without the records, and hold these no longer.

Each call does a bounded piece: some entries, each in a transaction of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from collector.disk.environment import Transaction
from collector.errors import Damaged, NoRoom
from collector.ledger import deadletters, outbox
from collector.ledger.codec import is_batch
from collector.ledger.contents import Contents
from collector.ledger.counts import add_counts
from collector.ledger.dispatch import Dispatch
from collector.ledger.interface import ErasedPiece, ErasurePlace, Removal
from collector.ledger.outgoing import records_by_domain
from collector.ledger.spill import SpillArea
from collector.ledger.state import committed, write_state
from collector.ledger.store import Store
from collector.ledger.tables import U64, rows

_AT_ONCE = 16
_FIRST_CHUNK = b"\0\0\0\0"


class Erasing:
    """Of one partition, on the worker's thread.

    Args:
        dispatch: reads contents; one of its own, for it holds the journals.
    """

    def __init__(self, store: Store, dispatch: Dispatch) -> None:
        self._store = store
        self._dispatch = dispatch

    def erase(self, place: ErasurePlace, taking: Removal, after: int, counts_only: bool) -> ErasedPiece:
        """See `Ledger.erase`."""
        numbers = self._waiting(after) if place == "outbox" else self._letters(after)
        one = self._entry if place == "outbox" else self._letter
        records = unseen = 0
        for number in numbers:
            taken, unreadable = one(number, taking, counts_only)
            records, unseen = records + taken, unseen + unreadable
        return ErasedPiece(records, numbers[-1] if len(numbers) == _AT_ONCE else None, unseen)

    def close(self) -> None:
        """Let go of the journals."""
        self._dispatch.close()

    def _waiting(self, after: int) -> list[int]:
        with self._store.environment.read() as txn:
            return list(islice(outbox.entries(txn, self._store.tables, after), _AT_ONCE))

    def _letters(self, after: int) -> list[int]:
        with self._store.environment.read() as txn:
            found = rows(txn, self._store.tables.dead, b"", U64.pack(after + 1))
            keys = (row_key for row_key, _ in found if row_key.endswith(_FIRST_CHUNK))
            return [int(U64.unpack(row_key[:8])[0]) for row_key in islice(keys, _AT_ONCE)]

    def _entry(self, seq: int, taking: Removal, counts_only: bool) -> tuple[int, int]:
        with self._store.environment.read() as txn:
            header = outbox.header_of(txn, self._store.tables, seq)
            spilled = [] if header is None else self._spilled(txn, seq, header.exporters)
        if header is None or not header.by_domain.get(taking.domain):
            return 0, 0
        content = next(filter(None, (self._dispatch.encoded(name, seq) for name in header.exporters)), None)
        if content is None:
            return 0, 0
        try:
            left = without(self._store.contents, content, taking)
        except Damaged:
            return 0, header.by_domain[taking.domain]
        if left is None:
            return 0, 0
        if counts_only:
            return left.taken, 0
        rest = left.content
        self._check_room(rest)
        whole = Counter(header.by_domain) + Counter(header.erased)
        gone = {taking.domain, *left.unreadable}
        erased = {**header.erased, **{name: whole[name] - left.by_domain.get(name, 0) for name in gone}}
        with self._store.environment.write() as txn:
            if outbox.header_of(txn, self._store.tables, seq) is not None:
                outbox.rewrite(txn, self._store.tables, seq, header, rest, erased)
                self._add(txn, taking, erased[taking.domain] - header.erased.get(taking.domain, 0))
            self._store.at("erase:middle")
        self._store.cache.discard(seq)
        self._store.at("erase:written")
        for exporter in spilled:
            self._rewrite_aside(exporter, seq, rest)
        return left.taken, 0

    def _spilled(self, txn: Transaction, seq: int, exporters: Sequence[str]) -> list[str]:
        found = ((name, next(outbox.queue(txn, self._store.tables, name, seq - 1), None)) for name in exporters)
        return [name for name, queued in found if queued is not None and queued.seq == seq and queued.spilled]

    def _rewrite_aside(self, exporter: str, seq: int, content: bytes) -> None:
        try:
            SpillArea(self._store.path, exporter).replace(seq, content)
        except OSError as error:
            raise NoRoom(f"{self._store.path}: a spill file can't be written anew: {error.strerror}") from error
        with self._store.environment.read() as txn:
            gone = not self._spilled(txn, seq, [exporter])
        if gone:  # delivered meanwhile
            SpillArea(self._store.path, exporter).delete(seq)

    def _letter(self, number: int, taking: Removal, counts_only: bool) -> tuple[int, int]:
        with self._store.environment.read() as txn:
            info = deadletters.dead_letter(txn, self._store.tables, number)
            content = deadletters.dead_content(txn, self._store.tables, number)
        if info is None or not info.by_domain.get(taking.domain):
            return 0, 0
        try:
            left = without(self._store.contents, content, taking)
        except Damaged:
            return 0, info.by_domain[taking.domain]
        if left is None:
            return 0, 0
        if counts_only:
            return left.taken, 0
        rest = left.content
        self._check_room(rest)
        gone = left.unreadable + Counter({taking.domain: left.taken})
        by_domain = dict(Counter(info.by_domain) - gone)
        with self._store.environment.write() as txn:
            if by_domain:
                now = replace(info, by_domain=by_domain, records=sum(by_domain.values()))
                deadletters.rewrite(txn, self._store.tables, now, rest)
            else:
                deadletters.exhume(txn, self._store.tables, info)
            add_counts(txn, self._store.tables.counts, deadletters.erased(info, gone))
            self._add(txn, taking, left.taken)
            self._store.at("erase:middle")
        return left.taken, 0

    def _add(self, txn: Transaction, taking: Removal, records: int) -> None:
        if taking.tally is not None and records:
            before = committed(txn, self._store.tables, taking.tally)
            total = records + (U64.unpack(before)[0] if before else 0)
            write_state(txn, self._store.tables, {taking.tally: U64.pack(total)})

    def _check_room(self, content: bytes) -> None:
        if not self._store.environment.has_room(2 * len(content), reserve=True):
            raise NoRoom(f"{self._store.path}: no room to write {len(content)} bytes anew")


class Rest(NamedTuple):
    """A content without what was taken out of it.

    Args:
        by_domain: records in it.
        taken: records that are not in it any more.
        unreadable: domain → records that nobody can read any more, for their keys were destroyed; they are not in it, either.
    """

    content: bytes
    by_domain: Mapping[str, int]
    taken: int
    unreadable: Counter[str]


def without(contents: Contents, content: bytes, taking: Removal) -> Rest | None:
    """None: nothing is taken.

    Raises:
        Damaged: these are not the bytes that were written.
        KeysUnavailable: there is no key for them now.
    """
    opened = contents.opened(content)
    if is_batch(content):
        batch = opened.batch()
        going = taking.of_batch(batch)
        if not going.any():
            return None
        rest = batch.filter(~going).compact()
        return Rest(contents.of_batch(rest), rest.by_domain(), int(going.sum()), opened.erased)
    before = opened.entries()
    after = [entry if entry.domain != taking.domain else taking.of_payload(entry) for entry in before]
    kept = [entry for entry in after if entry is not None]
    if len(kept) == len(before) and all(new is old for new, old in zip(kept, before, strict=True)):
        return None
    left = records_by_domain(kept)
    taken = records_by_domain(before)[taking.domain] - left.get(taking.domain, 0)
    return Rest(contents.of_entries(kept), left, taken, opened.erased)
