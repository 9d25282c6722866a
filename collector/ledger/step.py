"""One step of a pipeline made durable: everything is encoded first, then written in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from collector.disk.chunks import occupied_bytes
from collector.disk.environment import Transaction
from collector.errors import NoRoom
from collector.journal.entry import Entry
from collector.ledger import cursors, deadletters, outbox, timers
from collector.ledger.counts import add_counts
from collector.ledger.deadletters import NewDeadLetter
from collector.ledger.digests import DedupWindow, DigestRow, write_digests
from collector.ledger.interface import Commit, StateKey
from collector.ledger.outbox import Settled
from collector.ledger.outgoing import Outgoing, domains_of, outgoing, records_by_domain
from collector.ledger.state import sealed_state, write_state
from collector.ledger.store import Store
from collector.ledger.tables import put_u64
from collector.outcomes import Counts, Outcome


@dataclass(frozen=True, slots=True)
class Step:
    """A `Commit`, encoded, with what it puts into the outbox: one entry, several when there is much, or none."""

    commit: Commit
    now_unix_ms: int
    counts: Counts
    letters: Sequence[NewDeadLetter]
    digests: Sequence[DigestRow]
    expired: Sequence[DigestRow]
    state: Mapping[StateKey, bytes | None] = field(default_factory=dict)
    outgoing: Sequence[Outgoing] = ()
    dropped: list[Settled] = field(default_factory=list)


def prepare(store: Store, commit: Commit, window: DedupWindow, seq: int) -> Step:
    """Encode the commit and write what spills. Raises `NoRoom` when there is no room for it."""
    now = store.now_unix_ms()
    out = outgoing(store, commit.outbox, seq, now)
    fresh = commit.read.entries[len(commit.read.replayed) :]
    letters = _dead_letters(store, commit)
    state = sealed_state(store.keys, commit.state)
    _check_room(store, [each.content for each in out], letters, state)
    digests, expired = window.changes(commit.read.id, fresh, commit.read.duplicates)
    return Step(commit, now, _counts(commit, out), letters, digests, expired, state, out)


def apply(txn: Transaction, store: Store, step: Step) -> bool:
    """Write all of it; False when an earlier attempt had already made it durable."""
    commit, tables = step.commit, store.tables
    if txn.get(commit.pipeline.encode(), db=tables.applied) == commit.read.id:
        return False
    txn.put(commit.pipeline.encode(), commit.read.id, db=tables.applied)
    cursors.move(txn, tables, commit.pipeline, commit.read.position, commit.read.begun)
    write_state(txn, tables, step.state)
    timers.change(txn, tables, commit.ran, commit.timers, step.now_unix_ms * 1_000_000)
    store.at("commit:middle")
    write_digests(txn, tables.digests, step.digests, step.expired)
    step.dropped.clear()
    for out in step.outgoing:
        step.dropped.extend(_enqueue(txn, store, out))
    for place, number in enumerate(commit.read.replayed):
        taken = None if commit.read.returned else commit.read.entries[place]
        _replayed(txn, store, number, taken, step.now_unix_ms)
    deadletters.bury(txn, tables, step.letters, step.now_unix_ms, store.max_dead_bytes, store.plan.letters)
    add_counts(txn, tables.counts, step.counts)
    return True


def _replayed(txn: Transaction, store: Store, number: int, taken: Entry | None, now_unix_ms: int) -> None:
    """The dead letter is gone; when only a piece of it was taken, the rest waits as another. None: a batch, taken whole."""
    info = deadletters.dead_letter(txn, store.tables, number)
    if info is None:
        return
    if taken is None:
        deadletters.exhume(txn, store.tables, info)
        return
    opened = store.contents.opened(deadletters.dead_content(txn, store.tables, number))
    deadletters.exhume(txn, store.tables, info)
    if not opened.entries():  # its key was destroyed since a piece of it was taken
        add_counts(txn, store.tables.counts, deadletters.erased(info, {taken.domain: info.records - taken.records}))
        return
    (held,) = opened.entries()
    if taken.records < held.records:
        rest = held.piece(taken.records, held.records)
        content = store.contents.of_entries([rest])
        letter = NewDeadLetter(info.owner, info.pipeline, info.reason, {rest.domain: rest.records}, content, raw=True)
        deadletters.bury_for_replay(txn, store.tables, letter, now_unix_ms, store.max_dead_bytes, store.plan.letters)


def _enqueue(txn: Transaction, store: Store, out: Outgoing) -> list[Settled]:
    """Put one entry into the queues; what was given up for it."""
    header = out.header
    kept = out.content if len(out.spilled) < len(header.exporters) else None
    shares = {name: store.pipeline(header.pipeline_of(name)).share_bytes for name in header.exporters}
    outbox.enqueue(txn, store.tables, out.seq, header, kept, out.spilled, {name for name in shares if shares[name]})
    if header.journal_entries and kept is not None:
        outbox.hold(txn, store.tables, out.seq, outbox.decode_references(kept))
    put_u64(txn, store.tables.partition, b"next_seq", out.seq + 1)
    dropped: list[Settled] = []
    for exporter in header.exporters:
        if shares[exporter]:
            pipeline = header.pipeline_of(exporter)
            oldest = outbox.surplus(txn, store.tables, exporter, pipeline, shares[exporter])
            dropped += _give_up(txn, store, exporter, oldest)
        elif store.quota(exporter).on_full == "drop_oldest":
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
    return _give_up(txn, store, exporter, oldest)


def _give_up(txn: Transaction, store: Store, exporter: str, entries: Sequence[int]) -> list[Settled]:
    dropped = [outbox.give_up(txn, store.tables, exporter, seq, "queue_full") for seq in entries]
    return [settled for settled in dropped if settled is not None]


def _counts(commit: Commit, out: Sequence[Outgoing]) -> Counts:
    """What this step adds: the components' counts, and the ledger's own."""
    component = f"pipeline/{commit.pipeline}"
    counts: Counts = Counter(commit.counts)
    counts.update(commit.read.unclaimed)
    for outcome, entries in (
        (Outcome.ACCEPTED, [*commit.read.entries, *commit.read.duplicates]),
        (Outcome.DUPLICATE, commit.read.duplicates),
        (Outcome.UNDECODABLE, [letter.entry for letter in commit.dead_letters]),
    ):
        _add(counts, component, outcome, records_by_domain(entries))
    if commit.read.returned is not None:
        _add(counts, commit.read.returned.owner, Outcome.REPLAYED, commit.read.returned.batch.by_domain())
    for letter in commit.set_aside:
        _add(counts, letter.owner, Outcome.DEAD_LETTERED, letter.batch.by_domain())
    for pipeline, by_domain in _left(commit, out):
        _add(counts, f"pipeline/{pipeline}", Outcome.OUT, by_domain)
    for each in out:
        for exporter in each.header.exporters:
            _add(counts, f"exporter/{exporter}", Outcome.ENQUEUED, each.header.by_domain)
    return counts


def _left(commit: Commit, out: Sequence[Outgoing]) -> Iterator[tuple[str, Mapping[str, int]]]:
    """What left each pipeline, by domain: of what is written, that is known; of the rest it is counted."""
    written: set[str] = set()
    for each in out:
        pipelines = {each.header.pipeline_of(exporter) for exporter in each.header.exporters}
        written |= pipelines
        yield from ((pipeline, each.header.by_domain) for pipeline in pipelines)
    for pipeline, content in commit.outbox.items():
        if pipeline not in written and len(content):
            yield pipeline, domains_of(content)


def _add(counts: Counts, component: str, outcome: Outcome, by_domain: Mapping[str, int]) -> None:
    for domain, records in by_domain.items():
        counts[domain, component, outcome] += records


def _dead_letters(store: Store, commit: Commit) -> list[NewDeadLetter]:
    return [
        NewDeadLetter(
            f"pipeline/{commit.pipeline}", commit.pipeline, letter.reason,
            {letter.entry.domain: letter.entry.records}, store.contents.of_entries([letter.entry]), raw=True,
        )
        for letter in commit.dead_letters
    ] + [
        NewDeadLetter(letter.owner, letter.pipeline, letter.reason, letter.batch.by_domain(), store.contents.of_batch(letter.batch))
        for letter in commit.set_aside
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
