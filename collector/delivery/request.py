"""What is sent together, and where its records came from.

OutboxEntry ──► Pending (one for each entry and exporter: counts down to the ack)
                  └── Part (a run of its records)  ──┐
OutboxEntry ──► Pending └── Part ───────────────────┴──► Request ──► Exporter
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from collector.batch import LogBatch, concat
from collector.journal.entry import Entry
from collector.ledger.interface import Ack, DeadLetter, OutboxEntry
from collector.ledger.pieces import StoredBatch
from collector.outcomes import Items, Outcome, ReceiptKey

Content = LogBatch | Sequence[Entry]
Decode = Callable[[Sequence[Entry]], LogBatch]


class Pending:
    """An outbox entry some of whose records have not ended. `source` is the number of its partition."""

    __slots__ = (
        "_dead", "_kept", "_left", "_numbers", "_outcomes", "_receipts", "entry", "lost", "run", "size_bytes", "source",
    )  # fmt: skip

    def __init__(self, source: int, entry: OutboxEntry) -> None:
        self.source = source
        self.entry = entry
        content = entry.content
        self.size_bytes = content.size_bytes if isinstance(content, StoredBatch) else content_bytes(content)
        self.run: int | None = None
        """The first entry of the run that it belongs to, where the exporter gathers."""
        self.lost = False
        """Its partition is not this process's any more, though it may be again: whoever has it loads the entry anew."""
        self._left = entry.records
        self._kept: Counter[str] = Counter()
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._dead: list[DeadLetter] = []
        self._receipts: dict[ReceiptKey, bytes | None] = {}
        self._numbers: dict[ReceiptKey, int] = {}

    @property
    def done(self) -> bool:
        """Every record has ended."""
        return self._left <= 0

    def keep(self, by_domain: Mapping[str, int]) -> None:
        """The exporter keeps these until the run is sent."""
        self._kept.update(by_domain)

    @property
    def all_kept(self) -> bool:
        """Every record has ended, or is kept."""
        return self._left <= self._kept.total()

    def kept(self) -> Part:
        """What the exporter keeps of it."""
        return Part(self, (), self._kept.total(), 0, domains=dict(self._kept))

    def let_go(self) -> int:
        """Its content is needed no more; how many bytes of memory that were."""
        freed, self.size_bytes = self.size_bytes, 0
        self.entry = replace(self.entry, content=())
        return freed

    def end(self, by_domain: Mapping[str, int], outcome: str) -> None:
        """Records ended as `outcome`."""
        for domain, records in by_domain.items():
            self._outcomes[domain, outcome] += records
            self._left -= records

    def bury(self, by_domain: Mapping[str, int], letter: DeadLetter) -> None:
        """Records ended as a dead letter."""
        self.end(by_domain, Outcome.DEAD_LETTERED)
        self._dead.append(letter)

    def remember(self, key: ReceiptKey, value: bytes | None, number: int) -> bool:
        """A receipt commits with this entry; whether another one of the key would have."""
        before = key in self._receipts
        self._receipts[key], self._numbers[key] = value, number
        return before

    def ack(self) -> Ack:
        """What the ledger is told once all records have ended."""
        return Ack(self.entry.seq, self._outcomes, self._dead, self._receipts, self._numbers)


@dataclass(frozen=True, slots=True)
class Part:
    """Records of one outbox entry: all of them, or a run, or a selection."""

    pending: Pending
    content: Content
    records: int
    size_bytes: int
    start: int = 0
    """Where it begins in its entry: a name, the same after a restart."""
    domains: Mapping[str, int] | None = None
    """Domain → records, where the content is elsewhere."""

    @classmethod
    def whole(cls, pending: Pending) -> Part:
        """All records of an entry that is held whole."""
        assert not isinstance(pending.entry.content, StoredBatch)
        return cls(pending, pending.entry.content, pending.entry.records, pending.size_bytes)

    def by_domain(self) -> Mapping[str, int]:
        """Domain → records; costs nothing for a whole entry."""
        if self.domains is not None:
            return self.domains
        if self.records == self.pending.entry.records:
            return self.pending.entry.by_domain
        if isinstance(self.content, LogBatch):
            return self.content.by_domain()
        counts: Counter[str] = Counter()
        for entry in self.content:
            counts[entry.domain] += entry.records
        return counts

    def batch(self) -> LogBatch:
        """The records of a decoded part."""
        assert isinstance(self.content, LogBatch)
        return self.content

    def slice(self, offset: int, length: int) -> Part:
        """A run: of records, or of payloads as long as they are not decoded."""
        if isinstance(self.content, LogBatch):
            batch = self.content.slice(offset, length)
            size = self.size_bytes * len(batch) // max(1, self.records)
            return Part(self.pending, batch, len(batch), size, self.start + offset)
        entries = self.content[offset : offset + length]
        records = sum(entry.records for entry in entries)
        return Part(self.pending, entries, records, content_bytes(entries), self.start + offset)

    def only(self, entries: Sequence[Entry]) -> Part:
        """Some of the payloads, not decoded yet."""
        records = sum(entry.records for entry in entries)
        return Part(self.pending, entries, records, content_bytes(entries), self.start)

    def take(self, rows: Items) -> Part:
        """A selection of records; the part must be decoded."""
        batch = self.batch().gather(pl.Series(rows))
        return Part(self.pending, batch, len(batch), self.size_bytes * len(batch) // max(1, self.records), self.start)

    def decoded(self, decode: Decode) -> Part:
        """The same with a batch as content. Payloads that cannot be decoded are missing from it."""
        if isinstance(self.content, LogBatch):
            return self
        batch = decode(self.content)
        return Part(self.pending, batch, len(batch), self.size_bytes, self.start)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent together. The items of an answer count through the parts, in order."""

    parts: tuple[Part, ...]

    @property
    def records(self) -> int:
        """How many records."""
        return sum(part.records for part in self.parts)

    @property
    def size_bytes(self) -> int:
        """About how many bytes, uncompressed."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def departed(self) -> bool:
        """Whether some of it belongs to partitions that this process has no more."""
        return any(part.pending.lost for part in self.parts)

    def ours(self) -> Request:
        """Without what belongs to such partitions."""
        return Request(tuple(part for part in self.parts if not part.pending.lost)) if self.departed else self

    def occupied(self) -> list[Part]:
        """The parts that hold records."""
        return [part for part in self.parts if part.records]

    @property
    def undecoded(self) -> bool:
        """Whether it holds payloads."""
        return any(not isinstance(part.content, LogBatch) for part in self.parts)

    def payloads(self) -> list[bytes]:
        """The bodies of the payloads, in order."""
        return [entry.body for part in self.parts if not isinstance(part.content, LogBatch) for entry in part.content]

    def batch(self) -> LogBatch:
        """All records as one batch."""
        return concat([part.batch() for part in self.parts])

    def decoded(self, decode: Decode) -> Request:
        """The same with batches."""
        return Request(tuple(part.decoded(decode) for part in self.parts))

    def take(self, items: Items) -> Request:
        """Some of the records, of a decoded request."""
        return Request(tuple(part.take(rows) for part, rows in self._rows(items)))

    def _rows(self, items: Items) -> list[tuple[Part, Items]]:
        ends = np.cumsum([part.records for part in self.parts])
        cuts = np.searchsorted(items, ends)
        found, start, first = [], 0, 0
        for part, cut, end in zip(self.parts, cuts, ends, strict=True):
            if cut > first:
                found.append((part, (items[first:cut] - start).astype(np.uint32)))
            start, first = int(end), int(cut)
        return found

    def halves(self) -> tuple[Request, Request] | None:
        """Two requests of about half the size; None for a single record or a single payload."""
        if len(self.parts) > 1:
            middle = len(self.parts) // 2
            return Request(self.parts[:middle]), Request(self.parts[middle:])
        part = self.parts[0]
        units = len(part.content)
        if units < 2:
            return None
        return Request((part.slice(0, units // 2),)), Request((part.slice(units // 2, units - units // 2),))


def content_bytes(content: Content) -> int:
    """About how much memory the records take, which is near what they take on the wire, uncompressed."""
    if isinstance(content, LogBatch):
        tables = (content.records, content.attributes, content.derived, content.resource_attributes)
        return int(sum(table.estimated_size() for table in tables))
    return sum(entry.cost for entry in content)
