"""Delivery's side of the ledger in memory: what waits for each exporter, and what became of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.ledger.gauges import QueueState
from collector.ledger.interface import LAST, Ack, DeadLetter, OutboxEntry, Waiting
from collector.ledger.plan import Quota
from collector.outcomes import Counts, Outcome, ReceiptKey


class MemoryOutbox:
    """Queues, counts and dead letters of the exporters."""

    def __init__(self, exporters: Sequence[str], quotas: Mapping[str, Quota]) -> None:
        self.exporters = list(exporters)
        self.counts: Counts = Counter()
        self.dead_letters: list[tuple[str, DeadLetter]] = []
        self.ack_calls = 0
        self.kept_receipts: dict[tuple[str, ReceiptKey], bytes] = {}
        self._lock = threading.RLock()
        self._entries: dict[int, OutboxEntry] = {}
        self._seq = 0
        self._quotas = dict(quotas)
        self._waiting: dict[str, set[int]] = {exporter: set() for exporter in exporters}

    def waiting(self, exporter: str, after: int, max_bytes: int) -> Sequence[Waiting]:
        """The same without contents."""
        found = self.deliverable(exporter, after, max_bytes)
        newest = max(self._waiting[exporter], default=-1)
        return [Waiting(each.seq, each.records, each.size_bytes, last=each.seq == newest) for each in found]

    def bury(self, exporter: str, seq: int, reason: str) -> None:
        """A dead letter; its outcomes are those of the whole entry."""
        entry = self._entries[seq]
        assert isinstance(entry.content, LogBatch)
        letter = DeadLetter(seq, reason, entry.content)
        self.ack(exporter, [replace(whole(entry, Outcome.DEAD_LETTERED), dead_letters=[letter])])

    def give_up(self, exporter: str, seq: int, reason: str) -> None:
        """Dropped, and counted so."""
        self.ack(exporter, [whole(self._entries[seq], f"{Outcome.DROPPED}:{reason}")])

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
                self._settle(exporter, ack)

    def _settle(self, exporter: str, ack: Ack) -> None:
        if ack.seq not in self._waiting[exporter]:
            return
        assert sum(ack.outcomes.values()) == self._entries[ack.seq].records, "outcomes must add up"
        self._waiting[exporter].remove(ack.seq)
        for (domain, outcome), count in ack.outcomes.items():
            self.counts[domain, f"exporter/{exporter}", outcome] += count
        self.dead_letters += [(exporter, letter) for letter in ack.dead_letters]
        for name, value in ack.receipts.items():
            self.kept_receipts.pop((exporter, name), None)
            if value is not None:
                self.kept_receipts[exporter, name] = value

    def receipts(self, exporter: str, names: Sequence[ReceiptKey]) -> Mapping[ReceiptKey, bytes]:
        """What was acknowledged; nothing ever expires here."""
        with self._lock:
            return {
                name: self.kept_receipts[exporter, name] for name in names if (exporter, name) in self.kept_receipts
            }

    def queues(self) -> dict[str, QueueState]:
        """What waits for each exporter."""
        with self._lock:
            return {
                exporter: QueueState(self.queued(exporter), self._queued_bytes(exporter), len(waiting))
                for exporter, waiting in self._waiting.items()
            }

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

    @property
    def any_full(self) -> bool:
        """An exporter that stops the pipeline has too much to send."""
        return any(self.stops(exporter) for exporter in self._quotas)

    def stops(self, exporter: str) -> bool:
        """This one has."""
        quota = self._quotas.get(exporter)
        return quota is not None and quota.on_full == "block" and self._queued_bytes(exporter) >= quota.max_bytes

    def _queued_bytes(self, exporter: str) -> int:
        return sum(self._entries[seq].size_bytes for seq in self._waiting[exporter])

    def _enqueue(self, content: LogBatch | Sequence[Entry], pipeline: str, exporters: Sequence[str]) -> OutboxEntry:
        self._seq += 1
        domains = domains_of(content)
        records = sum(domains.values())
        size = sum(len(e.body) for e in content) if not isinstance(content, LogBatch) else 100 * records
        self._entries[self._seq] = OutboxEntry(self._seq, pipeline, records, size, domains, 0, content)
        for exporter in exporters:
            self._waiting[exporter].add(self._seq)
            for domain, count in domains.items():
                self.counts[domain, f"exporter/{exporter}", Outcome.ENQUEUED] += count
            self._drop_oldest(exporter)
        return self._entries[self._seq]

    def _drop_oldest(self, exporter: str) -> None:
        """The newest always stays."""
        quota = self._quotas.get(exporter)
        while quota is not None and quota.on_full == "drop_oldest" and len(self._waiting[exporter]) > 1:
            if self._queued_bytes(exporter) <= quota.max_bytes:
                break
            self._settle(exporter, whole(self._entries[min(self._waiting[exporter])], f"{Outcome.DROPPED}:queue_full"))


def by_domain(entries: Sequence[Entry]) -> dict[str, int]:
    """Records of each domain."""
    counts: Counter[str] = Counter()
    for entry in entries:
        counts[entry.domain] += entry.records
    return counts


def domains_of(content: LogBatch | Sequence[Entry]) -> dict[str, int]:
    """Records of each domain."""
    return content.by_domain() if isinstance(content, LogBatch) else by_domain(content)


def whole(entry: OutboxEntry, outcome: str) -> Ack:
    """All of it ends alike."""
    return Ack(entry.seq, {(domain, outcome): records for domain, records in entry.by_domain.items()})
