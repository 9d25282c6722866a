"""A process that delivers what a partition holds to tickets and dies of it: `python -m counterparts.ticketing_child ROOT CALLS SECS`.

A ticket a key (the body's text up to `:`); each line of ROOT/tickets is a call: the key, `opened` or the number that was remembered, the body.
SIGKILL the given seconds after the given number of calls; 0 calls: not at all, it ends when nothing waits.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from collector.batch import LogBatch
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Delivery
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.outcomes import Ok, ReceiptKey, Verdict
from counterparts.partition_bench import PLAN

Call = tuple[ReceiptKey, str, list[str]]


class Tickets:
    """Counts the records of a key in its receipt."""

    receipts_for_secs = 86_400.0

    def __init__(self, path: Path, calls: int, secs: float) -> None:
        self._path = path
        self._calls = calls
        self._secs = secs

    def order_by(self, batch: LogBatch) -> pl.Series:
        """The text in front of the colon."""
        return batch.column("body").str.split(":").list.first()

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """The same."""
        return self.order_by(batch)

    async def start(self) -> None:
        """Nothing to open."""

    def encode(self, batch: LogBatch) -> Call:
        """Never asked."""
        raise NotImplementedError

    def encode_with(self, batch: LogBatch, receipts: Mapping[ReceiptKey, bytes]) -> Call:
        """Key, what is known of it, bodies."""
        key = (batch.column("domain")[0], self.order_by(batch)[0])
        return key, receipts.get(key, b"").decode(), batch.column("body").to_list()

    async def send(self, request: Call) -> Call:
        """Write it down; die a moment after the last call that there may be."""
        key, known, bodies = request
        with self._path.open("a") as stream:
            stream.writelines(f"{key[1]} {known or 'opened'} {body}\n" for body in bodies)
        self._calls -= 1
        if self._calls == 0:
            asyncio.get_running_loop().call_later(self._secs, os.kill, os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.05)
        return request

    def classify(self, answer: Any) -> Sequence[Verdict]:
        """Taken, and counted."""
        key, known, bodies = answer
        return [Ok(receipts={key: str(int(known or 0) + len(bodies)).encode()})]

    async def shutdown(self) -> None:
        """Nothing to close."""


def main(root: Path, calls: int, secs: float) -> None:
    """Deliver, and end when nothing waits."""
    ledger = PartitionLedger.open(root / "partition", PLAN, JournalSources([root / "journal"]), 0, 1)
    options = DeliveryConfig.model_validate({"sending_queue": {"batch": {"min_size": 0}}})
    exporters = {"sqlite": (Tickets(root / "tickets", calls, secs), options)}
    delivery = Delivery(exporters, {0: ledger}, partitions={0: root / "partition"})
    delivery.start()
    assert delivery.drain(300), "it is not done"
    delivery.shutdown(10)
    ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
