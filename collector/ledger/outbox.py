"""The outbox: entries by `seq`, and a queue of them for each exporter.

An entry lives as long as a queue holds it. A queue's row is the promise to deliver; deleting it is the acknowledgement,
so everything that ends an exporter's interest (delivered, dead-lettered, dropped) goes through `settle`, once.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import orjson

from collector.disk.chunks import delete_chunks, get_chunks, put_chunks
from collector.disk.environment import Transaction
from collector.journal.entry import Entry
from collector.ledger.counts import add_counts
from collector.ledger.tables import U64, Tables, key, put_u64, rows
from collector.outcomes import Counts, Outcome

_QUEUED = struct.Struct(">QQQB")
_TOTALS = struct.Struct(">QQQQQ")
_SHARE = b"share "
_ERASED = b"erased "

Reference = tuple[str, str, str, int]
"""(journal, domain, receiver, offset) of an entry that a pass-through pipeline forwards."""


@dataclass(frozen=True, slots=True)
class OutboxHeader:
    """What is known of an outbox entry without its content.

    Args:
        journal_entries: the content is references.
        through: exporters that get it through another pipeline than `pipeline`, and which.
        erased: domain → records that were in it and were erased; `records` and `by_domain` are those that are left.
    """

    pipeline: str
    records: int
    size_bytes: int
    by_domain: Mapping[str, int]
    created_unix_ms: int
    exporters: Sequence[str]
    journal_entries: bool = False
    through: Mapping[str, str] = field(default_factory=dict)
    erased: Mapping[str, int] = field(default_factory=dict)

    def pipeline_of(self, exporter: str) -> str:
        """The pipeline through which an exporter gets it."""
        return self.through.get(exporter, self.pipeline)


@dataclass(frozen=True, slots=True)
class Queued:
    """One entry in the queue of one exporter. `spilled`: its content stands in the exporter's own area."""

    seq: int
    records: int
    size_bytes: int
    created_unix_ms: int
    spilled: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """What waits for one exporter; `size_bytes` includes `spilled_bytes`. `removed_unix_ms` 0: it is configured."""

    records: int = 0
    size_bytes: int = 0
    entries: int = 0
    spilled_bytes: int = 0
    removed_unix_ms: int = 0


def totals(txn: Transaction, tables: Tables, exporter: str) -> Totals:
    """The running sums of an exporter's queue."""
    row = txn.get(exporter.encode(), db=tables.exporters)
    return Totals() if row is None else Totals(*_TOTALS.unpack(row))


def all_totals(txn: Transaction, tables: Tables) -> dict[str, Totals]:
    """The sums of every exporter that is configured or has a backlog."""
    return {row_key.decode(): Totals(*_TOTALS.unpack(row)) for row_key, row in rows(txn, tables.exporters, b"")}


def put_totals(txn: Transaction, tables: Tables, exporter: str, sums: Totals) -> None:
    """Write the sums back."""
    row = _TOTALS.pack(sums.records, sums.size_bytes, sums.entries, sums.spilled_bytes, sums.removed_unix_ms)
    txn.put(exporter.encode(), row, db=tables.exporters)


def enqueue(
    txn: Transaction,
    tables: Tables,
    seq: int,
    header: OutboxHeader,
    content: bytes | None,
    spilled: frozenset[str] = frozenset(),
    shared: Collection[str] = (),
) -> None:
    """A new entry, in the queue of each of `header.exporters`; no content when all of them have spilled it. `shared`: in whose queues
    its pipeline has a share (`surplus`)."""
    put_chunks(txn, tables.outbox, U64.pack(seq), _written(header))
    if content is not None:
        put_chunks(txn, tables.content, U64.pack(seq), content)
    for exporter in header.exporters:
        if exporter in shared:
            row_key = _share_key(exporter, header.pipeline_of(exporter), seq)
            put_u64(txn, tables.partition, row_key, header.size_bytes)
        aside = exporter in spilled
        row = _QUEUED.pack(header.records, header.size_bytes, header.created_unix_ms, aside)
        txn.put(_queue_key(exporter, seq), row, db=tables.queues)
        _add(txn, tables, exporter, Queued(seq, header.records, header.size_bytes, 0, aside), 1)


def queue(txn: Transaction, tables: Tables, exporter: str, after: int = -1) -> Iterator[Queued]:
    """The exporter's unacknowledged entries with `seq > after`, oldest first."""
    prefix = key(exporter, b"")
    for row_key, row in rows(txn, tables.queues, prefix, prefix + U64.pack(after + 1)):
        records, size_bytes, created_unix_ms, aside = _QUEUED.unpack(row)
        yield Queued(U64.unpack(row_key[-8:])[0], records, size_bytes, created_unix_ms, bool(aside))


def header_of(txn: Transaction, tables: Tables, seq: int) -> OutboxHeader | None:
    """The entry's header, None when the entry is gone."""
    text = get_chunks(txn, tables.outbox, U64.pack(seq))
    if text is None:
        return None
    header = OutboxHeader(**orjson.loads(text))
    row = txn.get(_ERASED + U64.pack(seq), db=tables.partition)
    return header if row is None else _less(header, orjson.loads(row))


def _less(header: OutboxHeader, erased: Mapping[str, int]) -> OutboxHeader:
    left = {domain: records - erased.get(domain, 0) for domain, records in header.by_domain.items()}
    return replace(header, by_domain=left, records=sum(left.values()), erased=erased)


def _written(header: OutboxHeader) -> bytes:
    """As it was enqueued: what was erased stands beside it, where older versions do not look."""
    whole = {domain: records + header.erased.get(domain, 0) for domain, records in header.by_domain.items()}
    told = asdict(replace(header, by_domain=whole, records=sum(whole.values())))
    del told["erased"]
    return orjson.dumps(told)


def rewrite(
    txn: Transaction, tables: Tables, seq: int, header: OutboxHeader, content: bytes, erased: Mapping[str, int]
) -> None:
    """Put a content without erased records in the place of the entry's; `erased`: domain → how many are missing in it by now. What every
    exporter has spilled stays out of the outbox."""
    put_erased = orjson.dumps(dict(erased))
    txn.put(_ERASED + U64.pack(seq), put_erased, db=tables.partition)
    if content_of(txn, tables, seq) is not None:
        _delete_content(txn, tables, seq, header)
        put_chunks(txn, tables.content, U64.pack(seq), content)
    if header.journal_entries:
        delete_chunks(txn, tables.outbox, U64.pack(seq))
        put_chunks(txn, tables.outbox, U64.pack(seq), _written(replace(header, journal_entries=False)))


def entries(txn: Transaction, tables: Tables, after: int) -> Iterator[int]:
    """The `seq` of all that waits for anybody, above that one."""
    start = U64.pack(after + 1)
    while (row := next(rows(txn, tables.outbox, b"", start), None)) is not None:
        seq = int(U64.unpack(row[0][:8])[0])
        yield seq
        start = U64.pack(seq + 1)


def erased_of(txn: Transaction, tables: Tables, domain: str) -> int:
    """How many entries wait of which records of a domain were erased."""
    return sum(domain in orjson.loads(row) for _, row in rows(txn, tables.partition, _ERASED))


def content_of(txn: Transaction, tables: Tables, seq: int) -> bytes | None:
    """The entry's content, None when every exporter that waits for it has spilled it."""
    return get_chunks(txn, tables.content, U64.pack(seq))


@dataclass(frozen=True, slots=True)
class Settled:
    """An entry that an exporter is done with. `gone`: it was the last one that waited for it."""

    exporter: str
    seq: int
    spilled: bool
    gone: bool


def settle(txn: Transaction, tables: Tables, exporter: str, seq: int, header: OutboxHeader) -> Settled | None:
    """The exporter is done with the entry: out of its queue, and deleted if nobody else waits for it. What was erased of it is counted.

    Returns:
        None when the exporter was done before: then nothing may be counted.
    """
    row = txn.pop(_queue_key(exporter, seq), db=tables.queues)
    if row is None:
        return None
    txn.delete(_share_key(exporter, header.pipeline_of(exporter), seq), db=tables.partition)
    records, size_bytes, created_unix_ms, aside = _QUEUED.unpack(row)
    queued = Queued(seq, records, size_bytes, created_unix_ms, bool(aside))
    _add(txn, tables, exporter, queued, -1)
    outcome = f"{Outcome.DROPPED}:erased"
    lost = {(domain, f"exporter/{exporter}", outcome): number for domain, number in header.erased.items()}
    add_counts(txn, tables.counts, Counts(lost))
    waiting = _waiting(txn, tables, seq, header)
    if all(waiting):  # nobody else waits, or only exporters that have their own copy
        _delete_content(txn, tables, seq, header)
    if not waiting:
        delete_chunks(txn, tables.outbox, U64.pack(seq))
        txn.delete(_ERASED + U64.pack(seq), db=tables.partition)
    return Settled(exporter, seq, queued.spilled, not waiting)


def move_aside(txn: Transaction, tables: Tables, exporter: str, seq: int, header: OutboxHeader) -> None:
    """The exporter has its own copy now, in its spill area: nothing else is kept for its sake."""
    row = txn.get(_queue_key(exporter, seq), db=tables.queues)
    if row is None or row[-1]:
        return
    records, size_bytes, created_unix_ms, _ = _QUEUED.unpack(row)
    txn.put(_queue_key(exporter, seq), _QUEUED.pack(records, size_bytes, created_unix_ms, True), db=tables.queues)
    sums = totals(txn, tables, exporter)
    put_totals(txn, tables, exporter, replace(sums, spilled_bytes=sums.spilled_bytes + size_bytes))
    if all(_waiting(txn, tables, seq, header)):
        _delete_content(txn, tables, seq, header)


def surplus(txn: Transaction, tables: Tables, exporter: str, pipeline: str, share_bytes: int) -> list[int]:
    """The oldest entries of a pipeline in an exporter's queue, without which the others are within `share_bytes`; the newest stays."""
    prefix = _share_key(exporter, pipeline)
    waiting = [
        (U64.unpack(row_key[-8:])[0], U64.unpack(row)[0]) for row_key, row in rows(txn, tables.partition, prefix)
    ]
    over = sum(size for _, size in waiting) - share_bytes
    oldest: list[int] = []
    for seq, size in waiting[:-1]:
        if over <= 0:
            break
        oldest.append(seq)
        over -= size
    return oldest


def give_up(txn: Transaction, tables: Tables, exporter: str, seq: int, reason: str) -> Settled | None:
    """Drop an entry for one exporter, counted as `dropped:<reason>`."""
    header = header_of(txn, tables, seq)
    settled = settle(txn, tables, exporter, seq, header) if header is not None else None
    if header is not None and settled is not None:
        component, outcome = f"exporter/{exporter}", f"{Outcome.DROPPED}:{reason}"
        by_domain = {(domain, component, outcome): records for domain, records in header.by_domain.items()}
        add_counts(txn, tables.counts, Counts(by_domain))
    return settled


def _waiting(txn: Transaction, tables: Tables, seq: int, header: OutboxHeader) -> list[bool]:
    """For each exporter that waits for the entry: whether it has its own copy."""
    left = [txn.get(_queue_key(exporter, seq), db=tables.queues) for exporter in header.exporters]
    return [bool(row[-1]) for row in left if row is not None]


def encode_references(entries: Sequence[Entry]) -> bytes:
    """The content of a pass-through entry: where its payloads stand."""
    return orjson.dumps([(entry.journal, entry.domain, entry.receiver, entry.offset) for entry in entries])


def decode_references(content: bytes) -> list[Reference]:
    """Where each payload stands."""
    return [(journal, domain, receiver, offset) for journal, domain, receiver, offset in orjson.loads(content)]


def hold(txn: Transaction, tables: Tables, seq: int, references: Sequence[Reference]) -> None:
    """Keep the journals from trimming what the entry refers to."""
    for row_key in _hold_keys(seq, references):
        txn.put(row_key, b"", db=tables.holds)


def _delete_content(txn: Transaction, tables: Tables, seq: int, header: OutboxHeader) -> None:
    if header.journal_entries:
        for row_key in _hold_keys(seq, decode_references(content_of(txn, tables, seq) or b"[]")):
            txn.delete(row_key, db=tables.holds)
    delete_chunks(txn, tables.content, U64.pack(seq))


def _hold_keys(seq: int, references: Sequence[Reference]) -> list[bytes]:
    first: dict[tuple[str, str], int] = {}
    for journal, domain, _, offset in references:
        first[journal, domain] = min(offset, first.get((journal, domain), offset))
    return [key(journal, domain, U64.pack(offset) + U64.pack(seq)) for (journal, domain), offset in first.items()]


def _share_key(exporter: str, pipeline: str, seq: int | None = None) -> bytes:
    return _SHARE + key(exporter, pipeline, b"" if seq is None else U64.pack(seq))


def _queue_key(exporter: str, seq: int) -> bytes:
    return key(exporter, U64.pack(seq))


def _add(txn: Transaction, tables: Tables, exporter: str, queued: Queued, sign: int) -> None:
    sums = totals(txn, tables, exporter)
    put_totals(
        txn,
        tables,
        exporter,
        Totals(
            records=sums.records + sign * queued.records,
            size_bytes=sums.size_bytes + sign * queued.size_bytes,
            entries=sums.entries + sign,
            spilled_bytes=sums.spilled_bytes + sign * queued.size_bytes * queued.spilled,
            removed_unix_ms=sums.removed_unix_ms,
        ),
    )
