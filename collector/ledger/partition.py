"""`PartitionLedger`: the `Ledger` on LMDB, one partition, held by one process.

    worker's thread       read, commit, state, keep_up (read calls it, too)
    delivery's thread     waiting, deliverable, ack, bury, give_up

The two sides share only LMDB, which serialises writing transactions and gives each reading one its snapshot, and the
content cache, which has a lock. What a transaction decides (who is still waiting for an entry, what a quota holds) it
reads inside itself. Memory follows a commit, never leads it; all of it is read again at the next start.

At a crash: before the commit of a step, nothing of it is there and the same entries are read again; after it, all of it
is, and they are never read again. A spill file without its row, or a row's file that was acknowledged, is swept.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from collector.component import Due
from collector.disk.environment import Environment
from collector.encryption import Keys
from collector.errors import Damaged, KeysUnavailable, StorageError
from collector.journal.entry import Entry
from collector.journal.rotation import bite
from collector.ledger import deadletters, outbox, timers, upkeep
from collector.ledger.cache import CacheStatistics, ContentCache
from collector.ledger.codec import is_batch
from collector.ledger.contents import Contents
from collector.ledger.counts import add_counts
from collector.ledger.deadletters import DeadLetterInfo
from collector.ledger.digests import DedupWindow, write_digests
from collector.ledger.dispatch import Dispatch, clear
from collector.ledger.erasing import Erasing
from collector.ledger.former_state import take_over
from collector.ledger.interface import (
    ERASED,
    LAST,
    RETENTION,
    Ack,
    Commit,
    ErasedPiece,
    ErasurePlace,
    OutboxEntry,
    Read,
    Removal,
    SetAside,
    Waiting,
)
from collector.ledger.letter_ages import expire_letters
from collector.ledger.moving import Moving
from collector.ledger.opening import claim, enroll, make_source, spilled
from collector.ledger.outgoing import records_by_domain
from collector.ledger.plan import LedgerPlan
from collector.ledger.room import Room
from collector.ledger.sources import FLOOR, Gathered, Source, Sources, partition_of
from collector.ledger.spill import sweep
from collector.ledger.state import Budget, ComponentState, domains_of
from collector.ledger.step import Step, apply, prepare
from collector.ledger.store import Store, nowhere, unix_ms
from collector.ledger.tables import FORMAT_VERSION, KIND, OLDEST_FORMAT, Tables, get_u64
from collector.outcomes import Counts, Outcome, ReceiptKey

_log = logging.getLogger("logboom.ledger")
CACHE_BYTES = 16 << 20
_UPKEEP_MS = 1000
_MAINTENANCE_MS = 60_000


class PartitionLedger:
    """One partition, open for writing. Made by `open`."""

    def __init__(self, store: Store, sources: Sources, owns_domain: Callable[[str], bool]) -> None:
        self._store = store
        self._dispatch = Dispatch(store, sources.shelf())
        self._room = Room(store)
        self._moving = Moving(store, Dispatch(store, sources.shelf()))
        self._erasing = Erasing(store, Dispatch(store, sources.shelf()))
        self._sources: dict[str, Source] = {}
        self._windows: dict[str, DedupWindow] = {}
        self._replays: dict[str, list[DeadLetterInfo]] = {}
        self._applied: dict[str, bytes] = {}
        self._upkept_at = self._maintained_at = 0
        self._forgot_at: dict[str, int] = {}
        self._next_seq = self._load(sources, owns_domain)

    @classmethod
    def open(
        cls,
        path: Path,
        plan: LedgerPlan,
        sources: Sources,
        partition: int,
        partitions: int,
        *,
        cache_bytes: int = CACHE_BYTES,
        now_unix_ms: Callable[[], int] = unix_ms,
        at: Callable[[str], None] = nowhere,
        keys: Keys | None = None,
        environment: Environment | None = None,
    ) -> Self:
        """Take the partition and make it agree with the plan; the first start makes its files.

        Args:
            environment: the open one of `path`, closed with the ledger; None: it is opened here.
            sources: what was accepted, of all partitions.
            keys: open what is encrypted, and encrypt, where they seal.
            now_unix_ms, at: the clock, and what is told of each point at which a crash is interesting.

        Raises:
            Locked: another process holds it.
            StorageError: it belongs to another number of partitions, or its files can't be used.
        """
        if environment is None:
            environment = Environment.create(path, plan.partition_bytes, KIND, FORMAT_VERSION, OLDEST_FORMAT)
        try:
            tables = Tables.of(environment)
            assert tables is not None, "a writer makes the tables"
            environment.reader_check()
            claim(environment, tables, partition, partitions)
            take_over(environment, tables)
            store = Store(
                environment,
                tables,
                path,
                plan,
                ContentCache(cache_bytes),
                now_unix_ms,
                at,
                contents=Contents(keys),
                keys=keys,
            )
            return cls(store, sources, lambda domain: partition_of(domain, partitions) == partition)
        except BaseException:
            environment.close()
            raise

    # --- the worker's thread ------------------------------------------------------------------------------------

    def read(self, pipeline: str, max_bytes: int, max_records: int) -> Read:
        """See `Ledger.read`. Reading again without a commit gives the same entries, and perhaps more."""
        self._store.environment.check_current()
        self.keep_up()
        if control := self._control(pipeline, max_records):
            return control
        if self._store.pipeline(pipeline).share_bytes:
            return Read(())
        source, again = self._sources.get(pipeline), self._replays.get(pipeline)
        max_bytes = min(max_bytes, self._room.share(pipeline))
        if (source is None and not again) or not self._room.is_there(pipeline, max_bytes):
            return Read(())
        if again and (replayed := self._replayed(again[0], max_bytes, max_records)):
            return replayed
        if source is None:
            return Read(())
        now = self._store.now_unix_ms()
        taken = source.take(max_bytes, max_records, cut=not self._store.pipeline(pipeline).passthrough)
        for _, domain in taken.position:
            if domain != FLOOR:
                self._store.pace.saw(domain, time.monotonic())
        if source.at_rest:
            self._forget_digests(pipeline, now)
        return self._fresh(pipeline, taken)

    def _control(self, pipeline: str, max_records: int) -> Read:
        """What people do and the service knows comes before what was sent, and does not wait for the room that this needs: an alarm
        about a destination that takes nothing, and its silence, never wait for that destination."""
        plan, size = self._store.pipeline(pipeline), self._store.control_bytes
        if not plan.reads_control:
            return Read(())
        again = self._replays.get(pipeline) if plan.share_bytes else None
        taken = self._sources[pipeline].take_control(size, max_records)  # costs next to nothing where nothing came
        if not (again or taken.position) or not self._room.is_there_for_control(pipeline, size):
            return Read(())
        if again and (replayed := self._replayed(again[0], size, max_records)):
            return replayed
        if not taken.position:
            return Read(())
        return self._fresh(pipeline, taken)

    def _fresh(self, pipeline: str, taken: Gathered) -> Read:
        """Without what came twice, what nobody reads, and what nobody can read any more."""
        source = self._sources[pipeline]
        mine = [entry for entry in taken.entries if source.wanted.owns(entry)]
        erased = taken.pass_whole([entry for entry in mine if entry.erased])
        own = [entry for entry in mine if not entry.erased]
        fresh, seen = self._windows[pipeline].split(own)
        duplicates = taken.pass_whole([entry for entry in seen if not entry.provenance])
        duplicates += [entry for entry in seen if entry.provenance]  # what is behind such a piece may be fresh
        orphans = taken.pass_whole([entry for entry in taken.entries if not source.wanted.owns(entry)])
        self._store.at("read")
        unclaimed = _unclaimed(orphans) + _erased(pipeline, erased) + _deleted(pipeline, taken.lost)
        return Read(fresh, duplicates, taken.position, unclaimed, begun=taken.begun)

    def due(self, pipeline: str, components: Sequence[str], now_unix_nano: int, limit: int) -> Sequence[Due]:
        """See `Ledger.due`."""
        with self._store.environment.read() as txn:
            found = [
                each
                for component in components
                for each in timers.due(txn, self._store.tables, component, now_unix_nano, limit)
            ]
        if not found or not self._room.is_there(pipeline, self._room.share(pipeline)):
            return ()
        return sorted(found, key=lambda each: each.at_unix_nano)[:limit]

    def next_due(self, components: Sequence[str], after_unix_nano: int) -> int | None:
        """See `Ledger.next_due`."""
        with self._store.environment.read() as txn:
            found = [timers.next_due(txn, self._store.tables, component, after_unix_nano) for component in components]
        return min((each for each in found if each is not None), default=None)

    def ahead(self, pipeline: str) -> bool:
        """Whether delivery should catch up before the pipeline's next read: else records of one domain would wait behind
        those of another. Asked, not enforced: whoever drains does not ask."""
        if not self._store.pace.ahead(self._room.waiting(pipeline), time.monotonic()):
            return False
        plan = self._store.pipeline(pipeline)
        if plan.reads_control and self._sources[pipeline].take_control(1, 1).position:
            return False  # commands don't wait for data
        with contextlib.suppress(StorageError):  # the next read says it
            self.keep_up()
        return True

    def full(self, pipeline: str) -> bool:
        """See `Ledger.full`."""
        return self._room.is_full(pipeline)

    def move(self, pipeline: str, to: Sequence[str]) -> int:
        """See `Ledger.move`. Some of it at a time."""
        moved = self._moving.move(pipeline, to)
        if moved:
            self._load_replays()
        return moved

    def erase(self, place: ErasurePlace, taking: Removal, after: int, *, counts_only: bool = False) -> ErasedPiece:
        """See `Ledger.erase`."""
        done = self._erasing.erase(place, taking, after, counts_only)
        if place == "dead letters" and done.records:
            self._load_replays()
        return done

    def erased_waiting(self, domain: str) -> int:
        """See `Ledger.erased_waiting`."""
        with self._store.environment.read() as txn:
            return outbox.erased_of(txn, self._store.tables, domain)

    def commit(self, commit: Commit) -> None:
        """See `Ledger.commit`. A commit that failed may be given again; one that succeeded is not applied twice."""
        if self._applied.get(commit.pipeline) == commit.read.id:
            return
        step = prepare(self._store, commit, self._windows[commit.pipeline], self._next_seq)
        self._store.at("commit:begin")
        with self._store.environment.write() as txn:
            apply(txn, self._store, step)
        self._store.environment.check_current()
        self._store.at("commit:done")
        self._follow(step)

    def applied(self, pipeline: str) -> bytes:
        """See `Ledger.applied`."""
        with self._store.environment.read() as txn:
            return bytes(txn.get(pipeline.encode(), db=self._store.tables.applied, default=b""))

    def state(self, component: str, domain: str) -> ComponentState:
        """See `Ledger.state`."""
        plan = self._store.plan
        budget = Budget(plan.state_bytes, plan.domain_state_bytes)
        return ComponentState(self._store.environment, self._store.tables, component, domain, budget, self._store.keys)

    def domains(self, component: str) -> list[str]:
        """See `Ledger.domains`."""
        with self._store.environment.read() as txn:
            return domains_of(txn, self._store.tables, component)

    def keep_up(self) -> None:
        """See `Ledger.keep_up`."""
        # A clock that was set back must not stop the upkeep until it has caught up.
        now = self._store.now_unix_ms()
        if abs(now - self._upkept_at) < _UPKEEP_MS:
            return
        self._upkept_at = now
        if abs(now - self._maintained_at) >= _MAINTENANCE_MS:
            self.maintain()
        else:
            self._attend()

    def maintain(self) -> None:
        """Do what time alone asks for: ages and requests, and once a minute what left the configuration, what is remembered no longer,
        readers that died."""
        self._maintained_at = self._store.now_unix_ms()
        upkeep.forget_pipelines(self._store)
        upkeep.forget_components(self._store)
        upkeep.forget_receipts(self._store)
        expire_letters(self._store)
        self._store.environment.reader_check()
        self._attend()

    def _attend(self) -> None:
        upkeep.expire(self._store)
        if deadletters.asked(self._store.path):
            self._next_seq = upkeep.carry_out_requests(self._store, self._next_seq)
            self._load_replays()

    # --- delivery's thread --------------------------------------------------------------------------------------

    def waiting(self, exporter: str, after: int, max_bytes: int) -> Sequence[Waiting]:
        """See `Ledger.waiting`."""
        return self._dispatch.waiting(exporter, after, max_bytes)

    def deliverable(self, exporter: str, after: int, max_bytes: int, upto: int = LAST) -> Sequence[OutboxEntry]:
        """See `Ledger.deliverable`."""
        return self._dispatch.deliverable(exporter, after, max_bytes, upto)

    def bury(self, exporter: str, seq: int, reason: str) -> None:
        """See `Ledger.bury`. Doing it again changes nothing."""
        self._dispatch.bury(exporter, seq, reason)

    def give_up(self, exporter: str, seq: int, reason: str) -> None:
        """See `Ledger.give_up`. Doing it again changes nothing."""
        self._dispatch.give_up(exporter, seq, reason)

    def ack(self, exporter: str, acks: Sequence[Ack]) -> None:
        """See `Ledger.ack`. Acknowledging again changes nothing."""
        self._dispatch.ack(exporter, acks)

    def receipts(self, exporter: str, names: Sequence[ReceiptKey]) -> dict[ReceiptKey, bytes]:
        """See `Ledger.receipts`."""
        return self._dispatch.receipts(exporter, names)

    # --- any thread ---------------------------------------------------------------------------------------------

    def cache_statistics(self) -> CacheStatistics:
        """How often delivery was spared reading the outbox."""
        return self._store.cache.statistics()

    def close(self) -> None:
        """Give the partition free. Both sides must have stopped; safe twice."""
        for source in self._sources.values():
            source.close()
        self._dispatch.close()
        self._moving.close()
        self._erasing.close()
        self._store.environment.close()

    # --- inside -------------------------------------------------------------------------------------------------

    def _load(self, sources: Sources, owns_domain: Callable[[str], bool]) -> int:
        """Bring memory up from disk; the next free `seq`."""
        store, tables = self._store, self._store.tables
        make = partial(make_source, store, sources, owns_domain)
        records = enroll(store, sources, make)
        claimed = frozenset(receiver for plan in store.plan.pipelines for receiver in plan.receivers)
        with store.environment.read() as txn:
            for position, plan in enumerate(store.plan.roots):
                self._sources[plan.id] = make(records[plan.id], None if position else claimed)
            for plan in store.plan.pipelines:
                self._windows[plan.id] = DedupWindow(
                    plan.id, store.plan.dedup_window_secs, whole=plan.passthrough, skew_ms=sources.skew_ms
                )
                self._windows[plan.id].load(txn, tables.digests, store.now_unix_ms())
            sums = outbox.all_totals(txn, tables)
            aside = {name: spilled(txn, tables, name) for name in sums}
            next_seq = get_u64(txn, tables.partition, b"next_seq")
        sweep(store.path, aside)
        for exporter, held in sums.items():
            if held.removed_unix_ms:
                self._dispatch.set_aside(exporter)
        self._load_replays()
        return next_seq

    def _load_replays(self) -> None:
        self._replays = {}
        with self._store.environment.read() as txn:
            for info in deadletters.marked_for_replay(txn, self._store.tables):
                self._replays.setdefault(info.pipeline, []).append(info)

    def _replayed(self, info: DeadLetterInfo, max_bytes: int, max_records: int) -> Read:
        with self._store.environment.read() as txn:
            content = deadletters.dead_content(txn, self._store.tables, info.id)
        try:
            opened = self._store.contents.opened(content)
            if opened.erased.total() == info.records:
                self._drop_erased(info)
                return Read(())
            if is_batch(content):
                self._check_owner(info)
                returned = SetAside(info.owner, info.pipeline, info.reason, opened.batch())
                gone = deadletters.erased(info, opened.erased)
                return Read((), replayed=(info.id,), returned=returned, unclaimed=gone)
            pieces = [entry.piece(0, bite(entry, max_bytes, max_records)) for entry in opened.entries()]
        except KeysUnavailable as error:
            _log.debug("dead letter %d waits for its key: %s", info.id, error)
            return Read(())
        except Damaged as error:
            _log.error("dead letter %d of %s stays where it is: %s", info.id, self._store.path, error)
            with self._store.environment.write() as txn:
                deadletters.unmark(txn, self._store.tables, info.id)
            self._load_replays()
            return Read(())
        return Read(pieces, replayed=(info.id,))

    def _drop_erased(self, info: DeadLetterInfo) -> None:
        """Nobody can try it again: its key was destroyed."""
        with self._store.environment.write() as txn:
            deadletters.exhume(txn, self._store.tables, info)
            add_counts(txn, self._store.tables.counts, deadletters.erased(info, info.by_domain))
        self._load_replays()

    def _check_owner(self, info: DeadLetterInfo) -> None:
        """Raises `Damaged` when the connector that it is to be offered to does not stand there any more."""
        kind, _, connector = info.owner.partition(f"/{info.pipeline}/")
        if kind == "connector" and connector not in self._store.pipeline(info.pipeline).feeds:
            raise Damaged(f"pipeline {info.pipeline} has no connector {connector}")

    def _follow(self, step: Step) -> None:
        """The step is on disk: bring memory after it."""
        commit = step.commit
        self._applied[commit.pipeline] = commit.read.id
        if commit.pipeline in self._sources:
            self._sources[commit.pipeline].advance(commit.read.position, commit.read.begun)
        window = self._windows[commit.pipeline]
        window.advance([*commit.read.entries[len(commit.read.replayed) :], *commit.read.duplicates])
        window.forget(step.expired)
        window.remember(step.digests)
        if commit.read.replayed:
            self._load_replays()
        for out in step.outgoing:
            self._store.cache.put(out.seq, out.held)
            self._next_seq = out.seq + 1
        clear(self._store, step.dropped)

    def _forget_digests(self, pipeline: str, now_unix_ms: int) -> None:
        """Nothing waited, and what comes was received after `now_unix_ms`: a look before this one says nothing of a payload
        that was received since, by a clock that was set forward meanwhile. Each second is enough."""
        if abs(now_unix_ms - self._forgot_at.get(pipeline, 0)) < _UPKEEP_MS:
            return
        self._forgot_at[pipeline] = now_unix_ms
        window = self._windows[pipeline]
        expired = window.expired_at_rest(now_unix_ms)
        if expired:
            with self._store.environment.write() as txn:
                write_digests(txn, self._store.tables.digests, (), expired)
            window.forget(expired)


def _erased(pipeline: str, entries: Sequence[Entry]) -> Counts:
    """Entries whose key was destroyed: the pipeline has taken them, and dropped them."""
    return _dropped(pipeline, records_by_domain(entries), ERASED)


def _deleted(pipeline: str, gaps: int) -> Counts:
    """What was deleted before it was read: of no domain that anybody knows, one record for each gap, for nobody knows how many."""
    return _dropped(pipeline, {"": gaps} if gaps else {}, RETENTION)


def _dropped(pipeline: str, by_domain: Mapping[str, int], reason: str) -> Counts:
    counts: Counts = Counts()
    for domain, records in by_domain.items():
        counts[domain, f"pipeline/{pipeline}", str(Outcome.ACCEPTED)] += records
        counts[domain, f"pipeline/{pipeline}", f"{Outcome.DROPPED}:{reason}"] += records
    return counts


def _unclaimed(orphans: Sequence[Any]) -> Counts:
    """Entries that no pipeline reads any more end here, under the receiver they came through."""
    outcome = f"{Outcome.DROPPED}:receiver_removed"
    counts: Counts = Counts()
    for receiver in {entry.receiver for entry in orphans}:
        mine = [entry for entry in orphans if entry.receiver == receiver]
        for domain, records in records_by_domain(mine).items():
            counts[domain, f"receiver/{receiver}", outcome] += records
    return counts
