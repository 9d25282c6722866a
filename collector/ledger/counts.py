"""Counts are rows: (domain, component, outcome) → records, changed in the transaction that makes them true."""

from __future__ import annotations

from collector.disk.environment import Database, Transaction
from collector.ledger.tables import get_u64, key, names, put_u64, rows
from collector.outcomes import Counts, Outcome


def add_counts(txn: Transaction, table: Database, counts: Counts) -> None:
    """Add to what is there."""
    for parts, records in counts.items():
        if records:
            row_key = key(*parts)
            put_u64(txn, table, row_key, get_u64(txn, table, row_key) + records)


def load_counts(txn: Transaction, table: Database) -> Counts:
    """All of them."""
    loaded: Counts = Counts()
    for row_key, value in rows(txn, table, b""):
        domain, component, outcome = names(row_key)
        if outcome == Outcome.ENQUEUED and component.startswith("pipeline/"):
            outcome = str(Outcome.OUT)  # as older versions called what left a pipeline
        loaded[domain, component, outcome] += int.from_bytes(value, "big")
    return loaded
