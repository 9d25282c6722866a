"""A process that delivers what a partition holds and may die of it: `python -m counterparts.delivering_child ROOT MODE [BYTES]`.

    quiet     deliver all to ROOT/delivered, one body a line
    decoding  the same; SIGKILL when an entry that holds `dynamite` has been decoded, before anybody has it
    moving    the same, and SIGKILL as well when an entry is to be moved unread
    whole     decode the first entry at once; nothing is delivered

BYTES: the memory that it may take beside what it has when it begins.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector.batch import LogBatch
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Delivery
from collector.ledger import contents, dispatch, outbox
from collector.ledger.codec import decode_batch
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.pieces import open_batch
from collector.ledger.plan import LedgerPlan, PipelinePlan
from collector.outcomes import Ok, Verdict
from counterparts.partition_bench import MIB

PLAN = LedgerPlan((PipelinePlan("logs", frozenset({"otlp"}), ("file", "other")),), {}, max_bytes=256 * MIB)


class Lines:
    """Appends bodies to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def start(self) -> None:
        """Nothing to do."""

    def encode(self, batch: LogBatch) -> list[str]:
        """The bodies."""
        texts: list[str] = batch.column("body").to_list()
        return texts

    async def send(self, texts: list[str]) -> None:
        """Write them."""
        with self._path.open("a") as stream:
            stream.writelines(text + "\n" for text in texts)

    def classify(self, answer: Any) -> Sequence[Verdict]:
        """It has all of them."""
        return [Ok()]

    async def shutdown(self) -> None:
        """Nothing to do."""


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def _lay(mode: str) -> None:
    def decode(data: bytes, records: int) -> Any:
        batch = undisturbed(data, records)
        if isinstance(batch, LogBatch) and (batch.column("body") == "dynamite").any():
            _die()
        return batch

    undisturbed = open_batch
    if mode in ("decoding", "moving"):
        contents.open_batch = decode  # type: ignore[attr-defined]
    if mode == "moving":
        dispatch.NewDeadLetter = lambda *of: _die()  # type: ignore[assignment,attr-defined]


def main(root: Path, mode: str, room: int | None) -> None:
    """Deliver, and end when nothing waits."""
    sources = JournalSources([root / "journal"])
    ledger = PartitionLedger.open(root / "partition", PLAN, sources, 0, 1, cache_bytes=0)
    exporters = {"file": (Lines(root / "delivered"), DeliveryConfig())}
    _lay(mode)
    delivery = Delivery(exporters, {0: ledger}, partitions={0: root / "partition"})
    if room is not None:
        status = Path("/proc/self/status").read_text().splitlines()
        used = next(int(line.split()[1]) for line in status if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (used * 1024 + room, used * 1024 + room))
    if mode == "whole":
        with ledger._store.environment.read() as txn:
            decode_batch(outbox.content_of(txn, ledger._store.tables, 0) or b"")
    else:
        delivery.start()
        assert delivery.drain(300), "it is not done"
        delivery.shutdown(10)
    ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
