"""A partition that chains what people do and read, and the store that its outbox goes to."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from collector.audit import entry
from collector.audit.checkpoint import Checkpoint
from collector.audit.key import SigningKey
from collector.audit.verifying import Verified, verified
from collector.batch import LogBatch, concat
from collector.control.record import ControlRecord
from collector.ledger.plan import PipelinePlan
from collector.pipeline.auditing import AuditChain
from collector.pipeline.network import Network
from collector.pipeline.pipeline import Pipeline
from collector.reserved import AUDIT, PIPELINE, RECEIVER
from collector.scope import Scope
from collector.store import audit_reading
from collector.store.describing import described, listed
from collector.store.embedded import EmbeddedStore
from collector.store.reading import opened
from collector.store.rows import Limits, rows
from counterparts.control_bench import ControlBench
from counterparts.partition_bench import plan

SERVICE = PipelinePlan(PIPELINE, frozenset({RECEIVER}), ("sqlite",), share_bytes=1 << 20, components=[AUDIT])
LOGIN, NOISE = "logboom.service.console.login", "logboom.service.process.ended"
KINDS = (LOGIN, entry.READ)
YEAR = 365 * 86_400


class AuditBench:
    """`logs/service` with its chain alone. The clock is the bench's, and begins now."""

    def __init__(self, root: Path, retention_secs: float = 6 * YEAR, checkpoint_secs: float = 3600.0) -> None:
        root.mkdir(exist_ok=True)
        self.root = root
        self.options = (retention_secs, checkpoint_secs)
        self.bench = ControlBench(root / "data", plan(SERVICE))
        self.bench.clock.unix_ms = time.time_ns() // 1_000_000
        self.store = root / "store.db"
        self.open()

    def open(self) -> None:
        """The pipeline, as a new process makes it."""
        chain = AuditChain(KINDS, self.root, *self.options)
        self.pipeline = Pipeline(
            PIPELINE, self.bench.ledger, [], attempts_path=self.bench.root / "partition", network=Network({PIPELINE: [(AUDIT, chain)]}),
            now_unix_nano=lambda: self.bench.clock() * 1_000_000,
        )  # fmt: skip

    def tell(self, name: str = LOGIN, domain: str = "a.example", body: str = "", **attributes: str | int) -> None:
        """Something happened, now."""
        said = {key.replace("_", "."): value for key, value in attributes.items()}
        at = self.bench.clock() * 1_000_000
        self.bench.tell_record(ControlRecord(name, domain, body or f"{name} at {at}", said, time_unix_nano=at))
        self.bench.clock.unix_ms += 1

    def chained(self, entries: int, domain: str = "a.example") -> None:
        """So many log-ins, in the chain and the store, and a checkpoint."""
        for number in range(entries):
            self.tell(domain=domain, user_id=f"user {number}", client_address="198.51.100.7")
        self.pipeline.step()
        self.pipeline.last_step()
        self.deliver()

    def content(self) -> LogBatch:
        """What waits for the store."""
        return concat([each.content for each in self.bench.deliverable() if isinstance(each.content, LogBatch)])

    def deliver(self) -> None:
        """All of it into the store."""
        batch, store = self.content(), EmbeddedStore(self.store)
        store.open()
        store.insert(rows(listed(batch), Limits()), described(batch, 1 << 18))
        store.close()
        self.bench.drain()

    def change(self, statement: str, *parameters: object) -> int:
        """As somebody does who can write the store; how many rows."""
        with closing(sqlite3.connect(self.store)) as connection, connection:
            return connection.execute(statement, parameters).rowcount

    def verify(
        self, checkpoints: Sequence[Checkpoint] | None = None, domain: str = "a.example", now: int = 0
    ) -> Verified:
        """With the store's own checkpoints, or those."""
        keys = [SigningKey(self.root).public]
        with opened(self.store, Scope.of(domain), ("audit",)) as connection:
            kept = audit_reading.checkpoints(connection, domain) if checkpoints is None else checkpoints
            return verified(domain, audit_reading.chain(connection, domain), kept, keys, now or time.time_ns())

    def checkpoints(self, domain: str = "a.example") -> Sequence[Checkpoint]:
        """As another destination keeps them."""
        with opened(self.store, Scope.of(domain), ("audit",)) as connection:
            return audit_reading.checkpoints(connection, domain)

    def close(self) -> None:
        """The files."""
        self.pipeline.close()
        self.bench.close()
