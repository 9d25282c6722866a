"""The ledger: cursors, state, counts and outbox of one partition, changed together or not at all.

`PartitionReader` and `create_partition` load no columns; `PartitionLedger`, which does, is loaded when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from collector.ledger.reader import PartitionReader, QueueState
from collector.ledger.tables import create_partition

if TYPE_CHECKING:
    from collector.ledger.partition import PartitionLedger

__all__ = ["PartitionLedger", "PartitionReader", "QueueState", "create_partition"]


def __getattr__(name: str) -> Any:
    if name == "PartitionLedger":
        from collector.ledger.partition import PartitionLedger

        return PartitionLedger
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
