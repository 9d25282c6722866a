"""Journals and partitions opened for reading by their paths; None while a writer has not made them."""

from __future__ import annotations

from pathlib import Path

from collector.disk.environment import Environment
from collector.journal import layout
from collector.ledger import tables


def open_journal(path: Path) -> Environment | None:
    """Raises `StorageError`: it is of a foreign format, or can't be read."""
    return Environment.open(path, layout.KIND, layout.FORMAT_VERSION, layout.OLDEST_FORMAT)


def open_partition(path: Path) -> Environment | None:
    """Raises as `open_journal`."""
    return Environment.open(path, tables.KIND, tables.FORMAT_VERSION, tables.OLDEST_FORMAT)
