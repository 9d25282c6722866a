"""A partition with a control journal beside the other one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from collector.control.record import ControlRecord
from collector.journal.entry import Payload
from collector.journal.limits import CONTROL_LIMITS
from collector.journal.writer import Journal
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan
from collector.reserved import RECEIVER
from counterparts.partition_bench import PartitionBench
from otlp_wire import receive_json


class ControlBench(PartitionBench):
    """With a control journal beside the other one."""

    control: Journal

    def __init__(self, root: Path, plan: LedgerPlan) -> None:
        self._marks = lambda: (
            self.partition.low_watermarks(self.control.id, control=True) if hasattr(self, "control") else {}
        )
        root.mkdir()
        super().__init__(root, plan)
        self.control = Journal.open(root / "control", CONTROL_LIMITS, self._marks, self.fatal.append)

    def open(self, plan: LedgerPlan | None = None, **observers: Any) -> PartitionLedger:
        """As with the bench, and the control journal."""
        self.plan = plan or self.plan
        sources = JournalSources([self.root / "journal"], self.root / "control")
        self.ledger = PartitionLedger.open(
            self.root / "partition", self.plan, sources, 0, 1, now_unix_ms=self.clock, **observers
        )
        return self.ledger

    def tell(self, *bodies: str, domain: str = "a.example") -> None:
        """One entry of the control journal."""
        data, self.journal = self.journal, self.control
        self.put(*bodies, domain=domain, receiver=RECEIVER)
        self.journal = data

    def tell_record(self, record: ControlRecord) -> None:
        """As slot 0 writes it."""
        data, self.journal = self.journal, self.control
        body = receive_json(record.otlp_json()).body
        self.put_all([Payload(record.domain, RECEIVER, body, 1, self.clock(), os.urandom(16))])
        self.journal = data

    def close(self) -> None:
        self.control.close(10.0)
        super().close()
