"""What happens to a partition by time alone: entries grow too old, removed exporters and pipelines are given up,
requests of operators are carried out, digests leave the window. On the worker's thread, each second or so."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from collector.disk.environment import Transaction
from collector.ledger import cursors, deadletters, outbox, receipts, roster, timers
from collector.ledger.counts import add_counts
from collector.ledger.deadletters import DeadLetterInfo
from collector.ledger.dispatch import clear
from collector.ledger.outbox import OutboxHeader, Settled
from collector.ledger.roster import GRACE_SECS, PipelineRecord
from collector.ledger.state import names_of, write_state
from collector.ledger.store import Store
from collector.ledger.tables import key, put_u64, rows
from collector.outcomes import Counts, Outcome

_log = logging.getLogger("logboom.ledger")
_MOST_AT_ONCE = 1000  # entries that one transaction gives up: their freed pages must fit into the map


def expire(store: Store) -> int:
    """Drop what waits longer than its exporter's `max_age`, and all of exporters that were removed a day ago; entries."""
    now = store.now_unix_ms()
    with store.environment.read() as txn:
        doomed = list(_doomed(txn, store, now))
    if not doomed:
        return 0
    settled: list[Settled | None] = []
    with store.environment.write() as txn:
        for exporter, seq, reason in doomed[:_MOST_AT_ONCE]:
            if seq is None:
                txn.delete(exporter.encode(), db=store.tables.exporters)
                receipts.forget_exporter(txn, store.tables, exporter)
            else:
                settled.append(outbox.give_up(txn, store.tables, exporter, seq, reason))
    clear(store, [done for done in settled if done is not None])
    return len(doomed)


def forget_pipelines(store: Store) -> None:
    """Count what pipelines that were removed a day ago left unread, and forget their cursors."""
    limit = store.now_unix_ms() - int(GRACE_SECS * 1000)
    with store.environment.read() as txn:
        known = roster.pipelines(txn, store.tables).values()
    gone = [record for record in known if 0 < record.removed_unix_ms <= limit]
    for record in gone:
        with store.environment.write() as txn:
            _forget_pipeline(txn, store, record)


def forget_components(store: Store) -> None:
    """Forget the state and due times of components that left the configuration a day ago, some of it at a time; and when the
    due times of those that stay came a day ago."""
    now = store.now_unix_ms() * 1_000_000
    with store.environment.read() as txn:
        gone = roster.forgettable(txn, store.tables, store.now_unix_ms())
        kept = {component: names_of(txn, store.tables, component, _MOST_AT_ONCE) for component in gone}
        due = {component: timers.names_of(txn, store.tables, component, _MOST_AT_ONCE) for component in gone}
        old = timers.has_old(txn, store.tables, now)
    for component in gone:
        with store.environment.write() as txn:
            write_state(txn, store.tables, dict.fromkeys(kept[component]))
            timers.change(txn, store.tables, (), dict.fromkeys(due[component]), now)
            if not kept[component] and not due[component]:
                txn.delete(component.encode(), db=store.tables.owners)
    if old:
        with store.environment.write() as txn:
            timers.forget_old(txn, store.tables, now, _MOST_AT_ONCE)


def forget_receipts(store: Store) -> None:
    """Forget what exporters remember no longer."""
    now = store.now_unix_ms()
    with store.environment.read() as txn:
        old = receipts.has_old(txn, store.tables, now)
    if old:
        with store.environment.write() as txn:
            receipts.forget_old(txn, store.tables, now)


def carry_out_requests(store: Store, next_seq: int) -> int:
    """Replay or delete dead letters as asked; returns the next free `seq`. A replay that has no room waits for some."""
    for path, action, ids in deadletters.requests(store.path):
        if action == "delete" or _has_room_for(store, ids):
            for number in ids:
                next_seq = _carry_out(store, action, number, next_seq)
            path.unlink(missing_ok=True)
    return next_seq


def _has_room_for(store: Store, ids: Sequence[int]) -> bool:
    with store.environment.read() as txn:
        infos = [deadletters.dead_letter(txn, store.tables, number) for number in ids]
    # One after the other: each gives back what it takes. Only the largest needs its room twice.
    return store.environment.has_room(2 * max((info.size_bytes for info in infos if info is not None), default=0))


def _carry_out(store: Store, action: deadletters.Action, number: int, next_seq: int) -> int:
    with store.environment.write() as txn:
        info = deadletters.dead_letter(txn, store.tables, number)
        if info is None:
            return next_seq
        held = store.plan.letters.reason(info.by_domain)
        if action == "delete" and held:
            _log.warning("dead letter %d is not deleted: it is under a legal hold: %s", number, held)
        elif action == "delete":
            deadletters.exhume(txn, store.tables, info)
        elif not info.owner.startswith("exporter/"):
            deadletters.mark_for_replay(txn, store.tables, info)
        else:
            next_seq = _replay(txn, store, info, next_seq)
        store.at("replay:middle")
    return next_seq


def _replay(txn: Transaction, store: Store, info: DeadLetterInfo, seq: int) -> int:
    """The records go back to the exporter that rejected them, and to no other."""
    exporter = info.owner.removeprefix("exporter/")
    content = deadletters.dead_content(txn, store.tables, info.id)
    header = OutboxHeader(info.pipeline, info.records, info.size_bytes, info.by_domain, store.now_unix_ms(), [exporter])
    deadletters.exhume(txn, store.tables, info)
    outbox.enqueue(txn, store.tables, seq, header, content)
    put_u64(txn, store.tables.partition, b"next_seq", seq + 1)
    again = {(domain, info.owner, str(Outcome.ENQUEUED)): records for domain, records in info.by_domain.items()}
    add_counts(txn, store.tables.counts, Counts(again))
    return seq + 1


def _doomed(txn: Transaction, store: Store, now_unix_ms: int) -> Iterable[tuple[str, int | None, str]]:
    """(exporter, seq, reason); seq None: the exporter itself is forgotten."""
    for exporter, sums in outbox.all_totals(txn, store.tables).items():
        if sums.removed_unix_ms:
            if sums.removed_unix_ms + GRACE_SECS * 1000 <= now_unix_ms:
                for queued in outbox.queue(txn, store.tables, exporter):
                    yield exporter, queued.seq, "exporter_removed"
                yield exporter, None, ""
            continue
        max_age_ms = store.quota(exporter).max_age_secs * 1000
        for queued in outbox.queue(txn, store.tables, exporter) if max_age_ms else ():
            if queued.created_unix_ms + max_age_ms > now_unix_ms:
                break
            yield exporter, queued.seq, "expired"


def _forget_pipeline(txn: Transaction, store: Store, record: PipelineRecord) -> None:
    component, outcome = f"pipeline/{record.id}", f"{Outcome.DROPPED}:pipeline_removed"
    lost = {(domain, component, outcome): records for domain, records in record.unread.items()}
    accepted = {(domain, component, str(Outcome.ACCEPTED)): records for domain, records in record.unread.items()}
    add_counts(txn, store.tables.counts, Counts(lost | accepted))
    cursors.forget(txn, store.tables, record.id)
    for row_key in [row_key for row_key, _ in rows(txn, store.tables.digests, key(record.id, b""))]:
        txn.delete(row_key, db=store.tables.digests)
    txn.delete(record.id.encode(), db=store.tables.applied)
    roster.delete_pipeline(txn, store.tables, record.id)
