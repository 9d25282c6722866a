"""A journal and a partition behind it, on disk, with a clock that stands still: what tests of the ledger work on."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xxhash
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.encryption import Keys
from collector.errors import Refusal, StorageError
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.reader import JournalReader
from collector.journal.writer import Journal
from collector.ledger.interface import Ack, Commit, OutboxEntry, Read
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.pieces import StoredBatch
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.ledger.reader import PartitionReader
from collector.ledger.sources import Sources
from collector.outcomes import Counts, Outcome
from collector.pipeline.decode import decode

MIB = 1 << 20
START_UNIX_MS = 1_700_000_000_000
PIPELINE = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",))
PLAN = LedgerPlan((PIPELINE,), {"sqlite": Quota()}, max_bytes=16 * MIB, state_bytes=MIB)
_PATIENCE_SECS = 30.0


def request(bodies: Sequence[str], time_unix_nano: int = START_UNIX_MS * 1_000_000, severity_number: int = 9) -> bytes:
    """An OTLP request with one record for each body."""
    message = ExportLogsServiceRequest()
    scope_logs = message.resource_logs.add().scope_logs.add()
    for body in bodies:
        record = scope_logs.log_records.add(time_unix_nano=time_unix_nano, severity_number=severity_number)
        record.body.string_value = body
    return bytes(message.SerializeToString())


def plan(
    *pipelines: PipelinePlan, quotas: Mapping[str, Quota] | None = None, dedup_window_secs: float = 300.0
) -> LedgerPlan:
    """A plan with small files."""
    return LedgerPlan(pipelines or (PIPELINE,), quotas or {}, dedup_window_secs, 16 * MIB, state_bytes=MIB)


@dataclass
class Clock:
    """Milliseconds since the epoch, moved by hand."""

    unix_ms: int = START_UNIX_MS

    def __call__(self) -> int:
        return self.unix_ms


class PartitionBench:
    """Directories `journal` and `partition` under `root`. `ledger` is open until `crash` or `close`."""

    def __init__(self, root: Path, plan: LedgerPlan = PLAN, keys: Keys | None = None, **observers: Any) -> None:
        self.root = root
        self.keys = keys
        self.clock = Clock()
        self.plan = plan
        self.fatal: list[StorageError] = []
        self.partition = PartitionReader.open(root / "partition")
        self.journal = self._open_journal()
        self.journal_reader = JournalReader.open(root / "journal")
        self.ledger = self.open(**observers)

    # --- what comes in

    def put(
        self, *bodies: str, domain: str = "a.example", receiver: str = "otlp", received_unix_ms: int | None = None
    ) -> None:
        """One payload with a record for each body, durable on return."""
        self.put_raw(request(bodies), len(bodies), domain, receiver, received_unix_ms)

    def put_raw(
        self,
        body: bytes,
        records: int = 1,
        domain: str = "a.example",
        receiver: str = "otlp",
        received_unix_ms: int | None = None,
    ) -> None:
        """One payload of any bytes."""
        received = self.clock() if received_unix_ms is None else received_unix_ms
        self.put_all([Payload(domain, receiver, body, records, received, xxhash.xxh3_128_digest(body))])

    def put_all(self, payloads: Sequence[Payload]) -> None:
        """Many payloads with one commit."""
        answers: list[Refusal | None] = []
        answered = threading.Event()

        def done(refusal: Refusal | None) -> None:
            answers.append(refusal)
            answered.set()

        self.journal.append(payloads, done)
        assert answered.wait(_PATIENCE_SECS), "the journal gave no answer"
        assert answers == [None], f"the journal refused: {answers}"

    # --- the worker

    def open(self, plan: LedgerPlan | None = None, **observers: Any) -> PartitionLedger:
        """Open the ledger (again), perhaps with another plan."""
        self.plan = plan or self.plan
        sources = JournalSources([self.root / "journal"], keys=self.keys)
        self.ledger = self._opened(sources, now_unix_ms=self.clock, keys=self.keys, **observers)
        return self.ledger

    def _opened(self, sources: Sources, **observers: Any) -> PartitionLedger:
        return PartitionLedger.open(self.root / "partition", self.plan, sources, 0, 1, **observers)

    def reopen(self, plan: LedgerPlan | None = None, **observers: Any) -> PartitionLedger:
        """A restart."""
        self.ledger.close()
        return self.open(plan, **observers)

    def read(self, pipeline: str = "logs", max_bytes: int = MIB, max_records: int = 100_000) -> Read:
        """The next entries."""
        return self.ledger.read(pipeline, max_bytes, max_records)

    def reopen_journal(self) -> None:
        """A restart of the process that accepts."""
        assert self.journal.close(_PATIENCE_SECS)
        self.journal = self._open_journal()

    def step(self, pipeline: str = "logs", **changes: Any) -> Read:
        """Read, decode, commit."""
        read = self.read(pipeline)
        if read:
            self.ledger.commit(replace(self.committed(read, pipeline), **changes))
        return read

    @staticmethod
    def committed(read: Read, pipeline: str = "logs") -> Commit:
        """What a step makes of it."""
        decoded = decode(read.entries)
        return Commit(pipeline, read, {pipeline: decoded.batch}, dead_letters=decoded.dead_letters)

    # --- delivery

    def deliverable(self, exporter: str = "sqlite", after: int = -1, max_bytes: int = 1 << 40) -> Sequence[OutboxEntry]:
        """All that waits."""
        return self.ledger.deliverable(exporter, after, max_bytes)

    def drain(self, exporter: str = "sqlite") -> list[str]:
        """Deliver all that waits; the bodies of the records, in order."""
        entries = self.deliverable(exporter)
        self.ledger.ack(exporter, [exported(entry) for entry in entries])
        return [body for entry in entries for body in bodies_of(entry)]

    # --- what others see

    def count(self, component: str, outcome: str, domain: str = "a.example") -> int:
        """One number of the partition's account."""
        return self.partition.counts()[domain, component, outcome]

    @property
    def journal_id(self) -> str:
        """The id of the journal."""
        assert self.journal_reader.id is not None
        return self.journal_reader.id

    def close(self) -> None:
        """Let go of everything; safe twice."""
        self.ledger.close()
        self.partition.close()
        self.journal_reader.close()
        self.journal.close(_PATIENCE_SECS)

    def _open_journal(self) -> Journal:
        return Journal.open(
            self.root / "journal",
            JournalLimits(max_bytes=32 * MIB, max_domain_share=1.0),
            lambda: self.partition.low_watermarks(self.journal.id) if hasattr(self, "journal") else {},
            self.fatal.append,
            self.keys if self.keys is not None and self.keys.seals else None,
        )


def fed(records: int, *pipelines: str, upstream: str = "logs", domain: str = "a.example") -> Counts:
    """The counts of a connector `c` that hands so many records of its upstream to each of these pipelines."""
    connector = f"connector/{upstream}/c"
    counts = Counts({(domain, connector, str(Outcome.OFFERED)): records})
    counts[domain, connector, str(Outcome.COPIED)] += records * (len(pipelines) - 1)
    for pipeline in pipelines:
        counts[domain, connector, f"{Outcome.PASSED}:{pipeline}"] += records
        counts[domain, f"pipeline/{pipeline}", str(Outcome.FED)] += records
    return counts


def exported(entry: OutboxEntry) -> Ack:
    """All records of the entry arrived."""
    return Ack(entry.seq, {(domain, "exported"): records for domain, records in entry.by_domain.items()})


def bodies_of(entry: OutboxEntry) -> list[str]:
    """The bodies of its records."""
    assert not isinstance(entry.content, StoredBatch), "it is read in pieces"
    batch = decode(entry.content).batch if isinstance(entry.content, Sequence) else entry.content
    return batch.column("body").to_list()
