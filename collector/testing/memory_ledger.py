"""A ledger in memory: a real implementation of the seam that forgets everything with the process.

It keeps the same account as the one on disk, so a test can ask whether it adds up:

    accepted = duplicate + undecodable + what processors count + out
    enqueued = exported + dead_lettered + dropped + filtered + queued

One module of tests holds both to the same contract (`tests/unit/ledger/test_contract.py`). It differs in three things: payloads are
not cut, what components keep has no budget, and `on_full: spill` never fills.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import otlp_wire
from collector.batch import LogBatch
from collector.component import Due
from collector.journal.entry import Entry
from collector.ledger.interface import (
    Commit,
    ErasedPiece,
    ErasurePlace,
    RawDeadLetter,
    Read,
    Removal,
    SetAside,
    StateKey,
    TimerKey,
)
from collector.ledger.plan import Quota
from collector.outcomes import Outcome
from collector.testing.memory_outbox import MemoryOutbox, by_domain, domains_of, whole
from collector.testing.work import MemoryState

_DEDUP_WINDOW_MS = 300_000
_BETWEEN_TICKS_NANOS = 1_000_000


class MemoryLedger(MemoryOutbox):
    """One partition with one pipeline that reads, and those that it feeds.

    Args:
        exporters: ids of the exporters that what leaves the pipeline goes to.
        quotas: how much may wait for each; for the others, any amount.
        fed: pipeline → its exporters; the first one reaches all of them.
    """

    def __init__(
        self,
        exporters: Sequence[str],
        pipeline: str = "logs",
        quotas: Mapping[str, Quota] | None = None,
        fed: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._exporters_of = {pipeline: exporters, **(fed or {})}
        super().__init__(
            list(dict.fromkeys(name for each in self._exporters_of.values() for name in each)), quotas or {}
        )
        self._pipeline = pipeline
        self._journal: list[Entry] = []
        self._state: dict[StateKey, bytes] = {}
        self._timers: dict[TimerKey, int] = {}
        self._ran: dict[TimerKey, int] = {}
        self._digests: dict[tuple[str, int, bytes], int] = {}
        self._applied = b""
        self.raw_dead_letters: list[RawDeadLetter] = []
        self.set_aside: list[SetAside] = []
        self._returned: list[tuple[int, SetAside]] = []
        self._next_letter = 0

    def append(self, entry: Entry) -> None:
        """Put a payload where `read` finds it."""
        with self._lock:
            self._journal.append(entry)

    def read(self, pipeline: str, max_bytes: int, max_records: int) -> Read:
        """The next entries, one of each domain in turn."""
        with self._lock:
            for number, letter in self._returned:
                if letter.pipeline == pipeline and not self.any_full:
                    return Read((), replayed=(number,), returned=letter)
            chosen: list[Entry] = []
            for entry in _in_turns(self._journal) if pipeline == self._pipeline and not self.any_full else ():
                if chosen and (len(entry.body) > max_bytes or entry.records > max_records):
                    break
                max_bytes -= len(entry.body)
                max_records -= entry.records
                chosen.append(entry)
            return Read(*self._split(chosen))

    def commit(self, commit: Commit) -> None:
        """All of it at once; one that was applied is not applied again."""
        with self._lock:
            if commit.read.id == self._applied:
                return
            self._applied = commit.read.id
            passed = {id(entry) for entry in (*commit.read.entries, *commit.read.duplicates)}
            self._journal = [entry for entry in self._journal if id(entry) not in passed]
            self._digests |= {_digest(entry): entry.received_unix_ms for entry in commit.read.entries}
            self._returned = [each for each in self._returned if each[0] not in commit.read.replayed]
            self._keep(commit)
            self._set_timers(commit)
            self._count(commit)
            self.raw_dead_letters += commit.dead_letters
            self.set_aside += commit.set_aside
            for pipeline, content in commit.outbox.items():
                if len(content) and self._exporters_of[pipeline]:
                    self._enqueue(content, pipeline, self._exporters_of[pipeline])

    def put(self, content: LogBatch | Sequence[Entry]) -> int:
        """Enqueue for every exporter without a journal before it; gives the seq."""
        with self._lock:
            return self._enqueue(content, self._pipeline, self._exporters_of[self._pipeline]).seq

    def applied(self, pipeline: str) -> bytes:
        """See `Ledger.applied`."""
        return self._applied if pipeline == self._pipeline else b""

    def keep_up(self) -> None:
        """Nothing grows old here."""

    def ahead(self, pipeline: str) -> bool:  # noqa: ARG002
        """Delivery never falls behind so far that it matters."""
        return False

    def move(self, pipeline: str, to: Sequence[str]) -> int:
        """See `Ledger.move`. The oldest entry alone."""
        with self._lock:
            exporters = self._exporters_of[pipeline]
            held = {seq for name in exporters for seq in self._waiting[name] if self._entries[seq].pipeline == pipeline}
            if not held:
                return 0
            entry = self._entries[min(held)]
            for exporter in exporters:
                self._settle(exporter, whole(entry, Outcome.MOVED))
            assert isinstance(entry.content, LogBatch), "payloads do not move in memory"
            for target in to:
                self._next_letter += 1
                letter = SetAside(f"pipeline/{target}", target, "moved", entry.content)
                self._returned.append((self._next_letter, letter))
            return entry.records

    def erase(self, place: ErasurePlace, taking: Removal, after: int, *, counts_only: bool = False) -> ErasedPiece:
        """See `Ledger.erase`. Batches that wait, at once; the records are counted there and then."""
        with self._lock:
            erased = 0
            for seq, entry in self._entries.items() if place == "outbox" else ():
                assert isinstance(entry.content, LogBatch), "payloads are not erased in memory"
                going = taking.of_batch(entry.content)
                erased += int(going.sum())
                if counts_only or seq <= after or not going.any():
                    continue
                rest = entry.content.filter(~going)
                for exporter in (name for name, held in self._waiting.items() if seq in held):
                    self.counts[taking.domain, f"exporter/{exporter}", f"{Outcome.DROPPED}:erased"] += int(going.sum())
                self._entries[seq] = replace(entry, content=rest, records=len(rest), by_domain=rest.by_domain())
            if taking.tally is not None and not counts_only:
                self._state[taking.tally] = erased.to_bytes(8, "big")
            return ErasedPiece(erased, None)

    def erased_waiting(self, domain: str) -> int:  # noqa: ARG002
        """Nothing is on its way here."""
        return 0

    def full(self, pipeline: str) -> bool:
        """See `Ledger.full`."""
        return any(self.stops(exporter) for exporter in self._exporters_of[pipeline])

    def close(self) -> None:
        """Nothing is held."""

    def _split(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Fresh ones, and copies of earlier ones or of each other."""
        seen, fresh, duplicates = dict(self._digests), list[Entry](), list[Entry]()
        for entry in entries:
            before = seen.get(_digest(entry)) if entry.digest else None
            near = before is not None and abs(entry.received_unix_ms - before) <= _DEDUP_WINDOW_MS
            if near and (entry.text or otlp_wire.tells_times(entry.body)):
                duplicates.append(entry)
            else:
                fresh.append(entry)
                seen[_digest(entry)] = entry.received_unix_ms
        return fresh, duplicates

    def _keep(self, commit: Commit) -> None:
        for key, value in commit.state.items():
            if value is None:
                self._state.pop(key, None)
            else:
                self._state[key] = value

    def _set_timers(self, commit: Commit) -> None:
        """A name is never due twice for the same moment."""
        for due in commit.ran:
            if self._timers.get(due[:3]) == due.at_unix_nano:
                del self._timers[due[:3]]
            self._ran[due[:3]] = due.at_unix_nano
        for timer, at in commit.timers.items():
            self._timers.pop(timer, None)
            if at is not None:
                self._timers[timer] = max(at, self._ran.get(timer, 0) + _BETWEEN_TICKS_NANOS)

    def _count(self, commit: Commit) -> None:
        self.counts.update(commit.counts)
        self.counts.update(commit.read.unclaimed)
        for outcome, entries in (
            (Outcome.ACCEPTED, [*commit.read.entries, *commit.read.duplicates]),
            (Outcome.DUPLICATE, commit.read.duplicates),
            (Outcome.UNDECODABLE, [letter.entry for letter in commit.dead_letters]),
        ):
            self._add(f"pipeline/{commit.pipeline}", outcome, by_domain(entries))
        if commit.read.returned is not None:
            self._add(commit.read.returned.owner, Outcome.REPLAYED, commit.read.returned.batch.by_domain())
        for letter in commit.set_aside:
            self._add(letter.owner, Outcome.DEAD_LETTERED, letter.batch.by_domain())
        for pipeline, content in commit.outbox.items():
            self._add(f"pipeline/{pipeline}", Outcome.OUT, domains_of(content))

    def _add(self, component: str, outcome: str, domains: Mapping[str, int]) -> None:
        for domain, records in domains.items():
            self.counts[domain, component, outcome] += records

    def state(self, component: str, domain: str) -> MemoryState:
        """What a component has committed of a domain; it has no budget."""
        kept = {key[2]: value for key, value in self._state.items() if key[:2] == (component, domain)}
        return MemoryState(kept)

    def domains(self, component: str) -> Sequence[str]:
        """See `Ledger.domains`."""
        return sorted({domain for owner, domain, _ in self._state if owner == component})

    def due(self, pipeline: str, components: Sequence[str], now_unix_nano: int, limit: int) -> Sequence[Due]:  # noqa: ARG002
        """See `Ledger.due`."""
        with self._lock:
            mine = [Due(*key, at) for key, at in self._timers.items() if key[0] in components and not self.any_full]
        due = [each for each in mine if each.at_unix_nano <= now_unix_nano]
        return sorted(due, key=lambda each: each.at_unix_nano)[:limit]

    def next_due(self, components: Sequence[str], after_unix_nano: int) -> int | None:
        """See `Ledger.next_due`."""
        with self._lock:
            mine = [at for (component, _, _), at in self._timers.items() if component in components]
        return min((at for at in mine if at > after_unix_nano), default=None)


def _digest(entry: Entry) -> tuple[str, int, bytes]:
    return entry.domain, len(entry.body), entry.digest


def _in_turns(entries: Sequence[Entry]) -> Iterator[Entry]:
    """One of each domain, and again."""
    waiting: dict[str, deque[Entry]] = {}
    for entry in entries:
        waiting.setdefault(entry.domain, deque()).append(entry)
    while waiting:
        for domain in list(waiting):
            yield waiting[domain].popleft()
            if not waiting[domain]:
                del waiting[domain]
