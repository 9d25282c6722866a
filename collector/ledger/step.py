"""One step of a pipeline made durable: everything is encoded first, then written in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.batch import LogBatch
from collector.disk.chunks import occupied_bytes
from collector.disk.environment import Transaction
from collector.errors import NoRoom
from collector.journal.entry import Entry
from collector.journal.price import price_of
from collector.ledger import cursors, deadletters, outbox, timers
from collector.ledger.cache import memory_bytes
from collector.ledger.codec import decode_entries, encode_batch, encode_entries
from collector.ledger.counts import add_counts
from collector.ledger.deadletters import NewDeadLetter
from collector.ledger.digests import DedupWindow, DigestRow, write_digests
from collector.ledger.interface import Commit, StateKey
from collector.ledger.outbox import OutboxHeader, Settled
from collector.ledger.pieces import MOST_BYTES, MOST_RECORDS
from collector.ledger.spill import SpillArea
from collector.ledger.state import write_state
from collector.ledger.store import Store
from collector.ledger.tables import put_u64
from collector.outcomes import Counts, Outcome


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One outbox entry: what was encoded, how, and for which exporters it was spilled."""

    seq: int
    held: LogBatch | Sequence[Entry]
    header: OutboxHeader
    content: bytes
    spilled: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """A `Commit`, encoded, with what it puts into the outbox: one entry, several when there is much, or none."""

    commit: Commit
    now_unix_ms: int
    counts: Counts
    letters: Sequence[NewDeadLetter]
    digests: Sequence[DigestRow]
    expired: Sequence[DigestRow]
    outgoing: Sequence[Outgoing] = ()
    dropped: list[Settled] = field(default_factory=list)


def prepare(store: Store, commit: Commit, window: DedupWindow, seq: int) -> Step:
    """Encode the commit and write what spills. Raises `NoRoom` when there is no room for it."""
    now = store.now_unix_ms()
    outgoing = [_outgoing(store, commit, held, seq + place, now) for place, held in enumerate(_cut(store, commit))]
    fresh = commit.read.entries[len(commit.read.replayed) :]
    letters = _dead_letters(commit)
    _check_room(store, [out.content for out in outgoing], letters, commit.state)
    return Step(
        commit, now, _counts(store, commit, outgoing), letters,
        window.rows_for(commit.read.id, fresh, commit.read.duplicates),
        window.expired([*fresh, *commit.read.duplicates]), outgoing,
    )  # fmt: skip


def apply(txn: Transaction, store: Store, step: Step) -> bool:
    """Write all of it; False when an earlier attempt had already made it durable."""
    commit, tables = step.commit, store.tables
    if txn.get(commit.pipeline.encode(), db=tables.applied) == commit.read.id:
        return False
    txn.put(commit.pipeline.encode(), commit.read.id, db=tables.applied)
    cursors.move(txn, tables, commit.pipeline, commit.read.position, commit.read.begun)
    write_state(txn, tables, commit.state)
    timers.change(txn, tables, commit.ran, commit.timers, step.now_unix_ms * 1_000_000)
    store.at("commit:middle")
    write_digests(txn, tables.digests, step.digests, step.expired)
    step.dropped.clear()
    for out in step.outgoing:
        step.dropped.extend(_enqueue(txn, store, out))
    for number, entry in zip(commit.read.replayed, commit.read.entries, strict=False):
        _replayed(txn, store, number, entry, step.now_unix_ms)
    deadletters.bury(txn, tables, step.letters, step.now_unix_ms, store.max_dead_bytes)
    add_counts(txn, tables.counts, step.counts)
    return True


def _replayed(txn: Transaction, store: Store, number: int, taken: Entry, now_unix_ms: int) -> None:
    """The dead letter is gone; when only a piece of it was taken, the rest waits as another."""
    info = deadletters.dead_letter(txn, store.tables, number)
    if info is None:
        return
    (held,) = decode_entries(deadletters.dead_content(txn, store.tables, number))
    deadletters.exhume(txn, store.tables, info)
    if taken.records < held.records:
        rest = held.piece(taken.records, held.records)
        letter = NewDeadLetter(
            info.owner, info.pipeline, info.reason, {rest.domain: rest.records}, encode_entries([rest]), raw=True
        )
        deadletters.bury_for_replay(txn, store.tables, letter, now_unix_ms, store.max_dead_bytes)


def _cut(store: Store, commit: Commit) -> Sequence[LogBatch | Sequence[Entry]]:
    """What goes into the outbox, as entries that delivery can load one by one."""
    if commit.outbox is None or not len(commit.outbox) or not store.pipeline(commit.pipeline).exporters:
        return []
    if not isinstance(commit.outbox, LogBatch):
        return [commit.outbox]
    records = len(commit.outbox)
    pieces = max(-(-records // MOST_RECORDS), -(-memory_bytes(commit.outbox) // MOST_BYTES))
    if pieces < 2:
        return [commit.outbox]
    size = -(-records // pieces)
    return [commit.outbox.slice(start, size).compact() for start in range(0, records, size)]


def _outgoing(store: Store, commit: Commit, held: LogBatch | Sequence[Entry], seq: int, now_unix_ms: int) -> Outgoing:
    if isinstance(held, LogBatch):
        content, by_domain = encode_batch(held), held.by_domain()
        size = price_of(len(content), len(held))
    else:
        content, by_domain = outbox.encode_references(held), records_by_domain(held)
        size = sum(entry.cost for entry in held)
    header = OutboxHeader(
        commit.pipeline, sum(by_domain.values()), size, by_domain, now_unix_ms,
        list(store.pipeline(commit.pipeline).exporters), journal_entries=not isinstance(held, LogBatch),
    )  # fmt: skip
    return Outgoing(seq, held, header, content, _spill(store, held, seq, header, content))


def _spill(
    store: Store, held: LogBatch | Sequence[Entry], seq: int, header: OutboxHeader, content: bytes
) -> frozenset[str]:
    """Write the entry into the areas of the exporters whose quota it exceeds; those that took it."""
    with store.environment.read() as txn:
        sums = {exporter: outbox.totals(txn, store.tables, exporter) for exporter in header.exporters}
    over = [
        exporter
        for exporter, waiting in sums.items()
        if store.quota(exporter).on_full == "spill"
        and waiting.size_bytes - waiting.spilled_bytes + header.size_bytes
        > store.limit_bytes(exporter, header.journal_entries)
        and waiting.spilled_bytes + header.size_bytes <= store.quota(exporter).spill_bytes
    ]
    if not over:
        return frozenset()
    aside = content if isinstance(held, LogBatch) else encode_entries(held)
    return frozenset(exporter for exporter in over if _write_aside(store, exporter, seq, aside))


def _write_aside(store: Store, exporter: str, seq: int, content: bytes) -> bool:
    """False when the disk refuses: the entry stays in the outbox, and `read` stops the pipeline at the quota."""
    try:
        SpillArea(store.path, exporter).write(seq, content)
    except OSError:
        store.spill_refused.add(exporter)
        return False
    store.spill_refused.discard(exporter)
    store.at("spill:written")
    return True


def _enqueue(txn: Transaction, store: Store, out: Outgoing) -> list[Settled]:
    """Put one entry into the queues; what was given up for it."""
    header = out.header
    kept = out.content if len(out.spilled) < len(header.exporters) else None
    outbox.enqueue(txn, store.tables, out.seq, header, kept, out.spilled)
    if header.journal_entries and kept is not None:
        outbox.hold(txn, store.tables, out.seq, outbox.decode_references(kept))
    put_u64(txn, store.tables.partition, b"next_seq", out.seq + 1)
    dropped: list[Settled] = []
    for exporter in header.exporters:
        if store.quota(exporter).on_full == "drop_oldest":
            dropped += _drop_oldest(txn, store, exporter, store.limit_bytes(exporter, header.journal_entries))
    return dropped


def _drop_oldest(txn: Transaction, store: Store, exporter: str, limit_bytes: int) -> list[Settled]:
    """Give up the exporter's oldest entries until the rest is within the limit; the newest always stays."""
    sums = outbox.totals(txn, store.tables, exporter)
    surplus, left, oldest = sums.size_bytes - limit_bytes, sums.entries, []
    for queued in outbox.queue(txn, store.tables, exporter) if surplus > 0 else ():
        if surplus <= 0 or left <= 1:
            break
        oldest.append(queued.seq)
        surplus, left = surplus - queued.size_bytes, left - 1
    dropped = [outbox.give_up(txn, store.tables, exporter, seq, "queue_full") for seq in oldest]
    return [settled for settled in dropped if settled is not None]


def _counts(store: Store, commit: Commit, outgoing: Sequence[Outgoing]) -> Counts:
    """What this step adds: the processors' counts, and the ledger's own."""
    component = f"pipeline/{commit.pipeline}"
    counts: Counts = Counter(commit.counts)
    counts.update(commit.read.unclaimed)
    for outcome, entries in (
        (Outcome.ACCEPTED, [*commit.read.entries, *commit.read.duplicates]),
        (Outcome.DUPLICATE, commit.read.duplicates),
        (Outcome.UNDECODABLE, [letter.entry for letter in commit.dead_letters]),
    ):
        for domain, records in records_by_domain(entries).items():
            counts[domain, component, outcome] += records
    enqueued: Counter[str] = Counter()
    for out in outgoing:
        enqueued.update(out.header.by_domain)
    for domain, records in enqueued.items():
        counts[domain, component, Outcome.ENQUEUED] += records
        for exporter in store.pipeline(commit.pipeline).exporters:
            counts[domain, f"exporter/{exporter}", Outcome.ENQUEUED] += records
    return counts


def _dead_letters(commit: Commit) -> list[NewDeadLetter]:
    return [
        NewDeadLetter(
            f"pipeline/{commit.pipeline}", commit.pipeline, letter.reason,
            {letter.entry.domain: letter.entry.records}, encode_entries([letter.entry]), raw=True,
        )
        for letter in commit.dead_letters
    ]  # fmt: skip


def _check_room(
    store: Store,
    contents: Sequence[bytes],
    letters: Sequence[NewDeadLetter],
    state: Mapping[StateKey, bytes | None],
) -> None:
    size = sum(occupied_bytes(len(content)) for content in contents)
    size += sum(occupied_bytes(len(letter.content)) for letter in letters)
    size += sum(occupied_bytes(len(value) + 512) for value in state.values() if value is not None)
    if not store.environment.has_room(size, reserve=True):
        raise NoRoom(f"{store.path}: no room for a commit of {size} bytes")


def records_by_domain(entries: Sequence[Entry]) -> dict[str, int]:
    """Records that were counted at the door."""
    found: dict[str, int] = {}
    for entry in entries:
        found[entry.domain] = found.get(entry.domain, 0) + entry.records
    return found
