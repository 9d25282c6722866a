"""A ledger in memory: a real implementation of the seam that forgets everything with the process.

It keeps the same account as the one on disk, so a test can ask whether it adds up:

    enqueued = exported + dead_lettered + dropped + filtered + queued
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

from collector.batch import LogBatch
from collector.component import Due
from collector.journal.entry import Entry
from collector.ledger.interface import LAST, Ack, Commit, DeadLetter, OutboxEntry, Read, StateKey, TimerKey, Waiting
from collector.outcomes import Outcome
from collector.testing.work import MemoryState


class MemoryLedger:
    """One partition with one pipeline.

    Args:
        exporters: ids of the exporters that every outbox entry goes to.
    """

    def __init__(self, exporters: Sequence[str], pipeline: str = "logs") -> None:
        self._lock = threading.Lock()
        self._pipeline = pipeline
        self._journal: list[Entry] = []
        self._entries: dict[int, OutboxEntry] = {}
        self._seq = 0
        self._state: dict[StateKey, bytes] = {}
        self._timers: dict[TimerKey, int] = {}
        self._waiting: dict[str, set[int]] = {exporter: set() for exporter in exporters}
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.dead_letters: list[tuple[str, DeadLetter]] = []
        self.ack_calls = 0

    def append(self, entry: Entry) -> None:
        """Put a payload where `read` finds it."""
        with self._lock:
            self._journal.append(entry)

    def read(self, pipeline: str, max_bytes: int, max_records: int) -> Read:
        """The next entries; the limits are those of the seam."""
        with self._lock:
            chosen: list[Entry] = []
            for entry in self._journal if pipeline == self._pipeline else ():
                if chosen and (len(entry.body) > max_bytes or entry.records > max_records):
                    break
                max_bytes -= len(entry.body)
                max_records -= entry.records
                chosen.append(entry)
            return Read(chosen)

    def commit(self, commit: Commit) -> None:
        """Cursor, state, counts and outbox entry at once."""
        with self._lock:
            done = {id(entry) for entry in commit.read.entries}
            self._journal = [entry for entry in self._journal if id(entry) not in done]
            for key, value in commit.state.items():
                if value is None:
                    self._state.pop(key, None)
                else:
                    self._state[key] = value
            for due in commit.ran:
                self._timers.pop(due[:3], None)
            for timer, at in commit.timers.items():
                self._timers.pop(timer, None)
                if at is not None:
                    self._timers[timer] = at
            self.counts.update(commit.counts)
            if commit.outbox is not None and len(commit.outbox):
                self._enqueue(commit.outbox, commit.pipeline)

    def put(self, content: LogBatch | Sequence[Entry]) -> int:
        """Enqueue for every exporter without a journal before it; gives the seq."""
        with self._lock:
            return self._enqueue(content, self._pipeline)

    def _enqueue(self, content: LogBatch | Sequence[Entry], pipeline: str) -> int:
        self._seq += 1
        by_domain = content.by_domain() if isinstance(content, LogBatch) else _by_domain(content)
        records = sum(by_domain.values())
        size = sum(len(e.body) for e in content) if not isinstance(content, LogBatch) else 100 * records
        self._entries[self._seq] = OutboxEntry(self._seq, pipeline, records, size, by_domain, 0, content)
        for exporter, waiting in self._waiting.items():
            waiting.add(self._seq)
            for domain, count in by_domain.items():
                self.counts[domain, f"exporter/{exporter}", Outcome.ENQUEUED] += count
        return self._seq

    def state(self, component: str, domain: str) -> MemoryState:
        """What a component has committed of a domain; it has no budget."""
        kept = {key[2]: value for key, value in self._state.items() if key[:2] == (component, domain)}
        return MemoryState(kept)

    def due(self, pipeline: str, components: Sequence[str], now_unix_nano: int, limit: int) -> Sequence[Due]:  # noqa: ARG002
        """What these components are due for."""
        due = [Due(*key, at) for key, at in self._timers.items() if key[0] in components and at <= now_unix_nano]
        return sorted(due, key=lambda each: each.at_unix_nano)[:limit]

    def waiting(self, exporter: str, after: int, max_bytes: int) -> Sequence[Waiting]:
        """The same without contents."""
        found = self.deliverable(exporter, after, max_bytes)
        return [Waiting(entry.seq, entry.records, entry.size_bytes) for entry in found]

    def bury(self, exporter: str, seq: int, reason: str) -> None:
        """A dead letter; its outcomes are those of the whole entry."""
        self._end(exporter, seq, Outcome.DEAD_LETTERED)
        content = self._entries[seq].content
        assert isinstance(content, LogBatch)
        self.dead_letters.append((exporter, DeadLetter(seq, reason, content)))

    def give_up(self, exporter: str, seq: int, reason: str) -> None:
        """Dropped, and counted so."""
        self._end(exporter, seq, f"{Outcome.DROPPED}:{reason}")

    def _end(self, exporter: str, seq: int, outcome: str) -> None:
        domains = self._entries[seq].by_domain
        self.ack(exporter, [Ack(seq, {(domain, outcome): records for domain, records in domains.items()})])

    def deliverable(self, exporter: str, after: int, max_bytes: int, upto: int = LAST) -> Sequence[OutboxEntry]:
        """Unacknowledged entries, oldest first."""
        with self._lock:
            found: list[OutboxEntry] = []
            for seq in sorted(self._waiting[exporter]):
                if seq <= after or seq > upto:
                    continue
                if found and max_bytes < self._entries[seq].size_bytes:
                    break
                max_bytes -= self._entries[seq].size_bytes
                found.append(self._entries[seq])
            return found

    def ack(self, exporter: str, acks: Sequence[Ack]) -> None:
        """Count and forget; an entry that is not waiting any more is ignored."""
        with self._lock:
            self.ack_calls += 1
            for ack in acks:
                if ack.seq not in self._waiting[exporter]:
                    continue
                assert sum(ack.outcomes.values()) == self._entries[ack.seq].records, "outcomes must add up"
                self._waiting[exporter].remove(ack.seq)
                for (domain, outcome), count in ack.outcomes.items():
                    self.counts[domain, f"exporter/{exporter}", outcome] += count
                self.dead_letters += [(exporter, letter) for letter in ack.dead_letters]

    def queued(self, exporter: str) -> int:
        """Records that wait for an exporter."""
        with self._lock:
            return sum(self._entries[seq].records for seq in self._waiting[exporter])

    def outcomes(self, exporter: str) -> dict[str, int]:
        """Outcome → records over all domains, `queued` among them."""
        totals: Counter[str] = Counter({"queued": self.queued(exporter)})
        for outcome, count in self._of(exporter):
            totals[outcome] += count
        return {outcome: count for outcome, count in totals.items() if count}

    def adds_up(self, exporter: str) -> bool:
        """Whether every enqueued record ended once or is queued."""
        totals = self.outcomes(exporter)
        return totals.pop(Outcome.ENQUEUED, 0) == sum(totals.values())

    def _of(self, exporter: str) -> Iterator[tuple[str, int]]:
        for (_, component, outcome), count in self.counts.items():
            if component == f"exporter/{exporter}":
                yield outcome, count


def _by_domain(entries: Sequence[Entry]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for entry in entries:
        counts[entry.domain] += entry.records
    return counts
