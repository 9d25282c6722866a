"""The writer's books: what is committed (`Book`), and what one transaction changes (`Draft`).

A draft touches nothing of the book until its commit is on disk, so a failed commit needs no undoing: drop the draft.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from collector.disk.chunks import CHUNK_BYTES
from collector.disk.environment import Environment
from collector.journal.damage import inferred
from collector.journal.entry import Payload
from collector.journal.layout import (
    CHUNK,
    COUNTS,
    DOMAIN_KEY,
    DOMAINS,
    ENTRIES,
    ENTRY_KEY,
    ENTRY_VERSION,
    FIRST_BYTES,
    FIRST_CHUNK,
    HEADER_BYTES,
    NEXT_OFFSET,
    NUMBER,
    RECEIVER_KEY,
    RECEIVERS,
    STATE,
    TALLIES,
    EntryHeader,
    checksum_of,
    content_of,
    count_key,
    entry_key,
    packed,
)
from collector.journal.positions import Position
from collector.journal.price import weight_of
from collector.journal.tally import Tally
from collector.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Route:
    """The numbers of one (domain, receiver)."""

    domain: int
    receiver: int
    accepted: bytes


@dataclass(slots=True)
class Book:
    """The committed state of a journal, in memory. Only the writer's thread touches it."""

    next_offset: int
    domains: dict[str, int]
    receivers: dict[str, int]
    tallies: dict[int, Tally]
    counts: dict[bytes, int]
    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    trimmed: dict[str, int] = field(default_factory=dict)  # domain → watermark up to which nothing is left

    @classmethod
    def load(cls, environment: Environment, at_least: int) -> Book:
        """Read it from disk; offsets go on behind what is stored and behind `at_least`, the cursors of all readers."""
        tables = environment.dbs((STATE, DOMAINS, RECEIVERS, TALLIES, COUNTS, ENTRIES))
        with environment.read() as txn:
            stored = txn.get(NEXT_OFFSET, db=tables[STATE])
            return cls(
                next_offset=max(NUMBER.unpack(stored)[0] if stored else 1, at_least + 1),
                domains={name.decode(): DOMAIN_KEY.unpack(key)[0] for key, name in txn.cursor(db=tables[DOMAINS])},
                receivers={
                    name.decode(): RECEIVER_KEY.unpack(key)[0] for key, name in txn.cursor(db=tables[RECEIVERS])
                },
                tallies={DOMAIN_KEY.unpack(key)[0]: Tally.parse(row) for key, row in txn.cursor(db=tables[TALLIES])},
                counts={key: NUMBER.unpack(row)[0] for key, row in txn.cursor(db=tables[COUNTS])},
            )

    def adopt(self, draft: Draft) -> None:
        """The draft is on disk."""
        self.next_offset = draft.next_offset
        self.domains.update(draft.domains)
        self.receivers.update(draft.receivers)
        self.tallies.update(draft.tallies)
        self.counts.update(draft.counts)
        self.routes.update(draft.routes)
        self.trimmed.update(draft.trimmed)

    @property
    def empty(self) -> bool:
        """Whether nothing stands in the journal: then nobody's place in it matters."""
        return not any(tally.entries_in > tally.entries_out for tally in self.tallies.values())

    def trimmable(self, low: Mapping[str, int]) -> dict[str, int]:
        """The watermarks behind which a domain may still have entries."""
        return {
            name: offset
            for name, offset in low.items()
            if name in self.domains and offset > self.trimmed.get(name, -1) and self.space_bytes(name)
        }

    def space_bytes(self, domain: str) -> int:
        """What a domain's entries count in its share."""
        tally = self.tallies.get(self.domains.get(domain, -1))
        return tally.space_bytes if tally else 0


class Draft:
    """The changes of one transaction, on top of a book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.next_offset = book.next_offset
        self.domains: dict[str, int] = {}
        self.receivers: dict[str, int] = {}
        self.tallies: dict[int, Tally] = {}
        self.counts: dict[bytes, int] = {}
        self.routes: dict[tuple[str, str], Route] = {}
        self.trimmed: dict[str, int] = {}
        self.positions: dict[bytes, bytes] = {}
        self.chunks: list[tuple[bytes, bytes]] = []
        self.trimmed_entries = 0

    def add(self, payload: Payload) -> None:
        """Give a payload its offset and its chunks. The hot path: a few µs a payload."""
        names = (payload.domain, payload.receiver)
        route = self._book.routes.get(names) or self.routes.get(names) or self._new_route(names)
        tally = self.tallies.get(route.domain) or self._tally(route.domain)
        body, offset = payload.body, self.next_offset
        length, dearness = len(body), payload.dearness
        header = packed(
            route.domain,
            offset,
            ENTRY_VERSION,
            dearness,
            route.receiver,
            content_of(payload.records, payload.kind, payload.with_client, payload.sealed),
            payload.received_unix_ms,
            length,
            payload.digest,
            tally.entries_in,
            tally.records_in,
            tally.bytes_in,
            payload.seed,
            payload.checksum or checksum_of(body, payload.seed),
        )
        key = ENTRY_KEY.pack(route.domain, offset)
        self.chunks.append((key + FIRST_CHUNK, header + body[:FIRST_BYTES]))
        if length > FIRST_BYTES:
            for number, start in enumerate(range(FIRST_BYTES, length, CHUNK_BYTES), 1):
                self.chunks.append((key + CHUNK.pack(number), body[start : start + CHUNK_BYTES]))
        self.next_offset = offset + 1
        tally.last_offset = offset
        tally.entries_in += 1
        tally.records_in += payload.records
        tally.bytes_in += length
        tally.space_bytes += weight_of(length, dearness, HEADER_BYTES)
        self._count(route.accepted, payload.records)
        if payload.position is not None:
            self.place(payload.domain, payload.receiver, (payload.position, *payload.besides))

    def note(self, domain: str, receiver: str, entries: int, records: int, size: int) -> None:
        """Payloads that are durable elsewhere: they are counted, and nothing of them is kept here."""
        route = self._route(domain, receiver)
        tally = self.tallies.get(route.domain) or self._tally(route.domain)
        tally.entries_in += entries
        tally.entries_out += entries
        tally.records_in += records
        tally.records_out += records
        tally.bytes_in += size
        tally.bytes_out += size
        self._count(route.accepted, records)

    def place(self, domain: str, receiver: str, positions: Iterable[Position]) -> None:
        """How far a receiver has read."""
        number = self._route(domain, receiver).receiver
        for position in positions:
            row, value = position.row(number)
            self.positions[row] = value

    def _route(self, domain: str, receiver: str) -> Route:
        names = (domain, receiver)
        return self._book.routes.get(names) or self.routes.get(names) or self._new_route(names)

    def count(self, domain: str, component: str, outcome: str, records: int) -> None:
        self._count(count_key(self._domain(domain), component, outcome), records)

    def trim(self, txn: Any, table: Any, low: Mapping[str, int], max_chunks: int) -> None:
        """Delete entries that nobody needs any more (domain → highest such offset), about `max_chunks` chunks."""
        cursor = txn.cursor(db=table)
        for name, offset in self._book.trimmable(low).items():
            if max_chunks <= 0:
                break
            domain = self._book.domains[name]
            max_chunks -= self._trim_domain(cursor, domain, offset, max_chunks)
            if max_chunks > 0:
                self.trimmed[name] = min(offset, self._book.tallies[domain].last_offset)

    def _trim_domain(self, cursor: Any, domain: int, through: int, max_chunks: int) -> int:
        deleted = 0
        tally = self._tally(domain)
        found = cursor.set_range(entry_key(domain, 0))
        while found and deleted < max_chunks:
            owner, offset = ENTRY_KEY.unpack_from(cursor.key())
            if owner != domain or offset > through:
                break
            header = EntryHeader.parse(cursor.value(), domain, offset) or self._inferred(cursor, domain, offset)
            deleted += _delete(cursor, ENTRY_KEY.pack(domain, offset))
            tally.entries_out += 1
            tally.records_out += header.records
            tally.bytes_out += header.length
            tally.space_bytes = max(0, tally.space_bytes - header.weight)
            self.trimmed_entries += 1
            found = bool(cursor.key())
        if tally.entries_out == tally.entries_in:
            tally.settle()
        return deleted

    def _inferred(self, cursor: Any, domain: int, offset: int) -> EntryHeader:
        """What an entry with a damaged header was, before the entries of this draft."""
        taken, draft = self._book.tallies[domain], self._tally(domain)
        stands = Tally(
            entries_in=taken.entries_in, records_in=taken.records_in, bytes_in=taken.bytes_in,
            entries_out=draft.entries_out, records_out=draft.records_out, bytes_out=draft.bytes_out,
        )  # fmt: skip
        return inferred(cursor, domain, offset, stands)

    def write(self, txn: Any, tables: Mapping[str, Any]) -> None:
        """Put all rows and chunks."""
        _put(txn, tables[ENTRIES], self.chunks)
        _put(txn, tables[DOMAINS], ((DOMAIN_KEY.pack(number), name.encode()) for name, number in self.domains.items()))
        _put(
            txn,
            tables[RECEIVERS],
            ((RECEIVER_KEY.pack(number), name.encode()) for name, number in self.receivers.items()),
        )
        _put(txn, tables[TALLIES], ((DOMAIN_KEY.pack(number), tally.row()) for number, tally in self.tallies.items()))
        _put(txn, tables[COUNTS], ((key, NUMBER.pack(records)) for key, records in self.counts.items()))
        for key, value in self.positions.items():
            if value:
                txn.put(key, value, db=tables[STATE])
            else:
                txn.delete(key, db=tables[STATE])
        txn.put(NEXT_OFFSET, NUMBER.pack(self.next_offset), db=tables[STATE])

    def _count(self, key: bytes, records: int) -> None:
        count = self.counts.get(key)
        self.counts[key] = (self._book.counts.get(key, 0) if count is None else count) + records

    def _tally(self, domain: int) -> Tally:
        tally = self.tallies.get(domain)
        if tally is None:
            committed = self._book.tallies.get(domain)
            tally = self.tallies[domain] = committed.copy() if committed else Tally()
        return tally

    def _domain(self, name: str) -> int:
        number = self._book.domains.get(name, self.domains.get(name))
        if number is None:
            number = self.domains[name] = len(self._book.domains) + len(self.domains)
        return number

    def _new_route(self, names: tuple[str, str]) -> Route:
        domain, receiver = names
        number = self._book.receivers.get(receiver, self.receivers.get(receiver))
        if number is None:
            number = self.receivers[receiver] = len(self._book.receivers) + len(self.receivers)
        owner = self._domain(domain)
        route = Route(owner, number, count_key(owner, f"receiver/{receiver}", Outcome.ACCEPTED))
        self.routes[names] = route
        return route


def _delete(cursor: Any, entry: bytes) -> int:
    """Delete the chunks of the entry that the cursor stands on; how many."""
    deleted = 0
    while cursor.key().startswith(entry):
        cursor.delete()
        deleted += 1
    return deleted


def _put(txn: Any, table: Any, rows: Iterable[tuple[bytes, bytes]]) -> None:
    txn.cursor(db=table).putmulti(rows)
