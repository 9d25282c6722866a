"""Rows into the embedded store, with the counts by minute and without: µs of CPU a record, one thread, in one run; and what D1 is billed.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/store_inserts.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import polars as pl
from sample_records import triaged

from collector.store import minutes
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows

ROUNDS = {1: 300, 20: 120, 500: 24, 8000: 6}


def batches(source: pl.DataFrame, size: int, rounds: int) -> Iterator[pl.DataFrame]:
    """So many batches of new records with 144 different keys of one minute."""
    source = pl.concat([source] * (size * rounds // source.height + 1)).head(size * rounds)
    number = pl.int_range(pl.len())
    source = source.with_columns(
        record_id=number.cast(pl.String).str.zfill(9) + pl.col("record_id"),
        endpoint=pl.lit("/endpoint/") + (number * 7 % 6).cast(pl.String),
    )
    return source.iter_slices(size)


def costs(store: EmbeddedStore, source: pl.DataFrame, size: int) -> float:
    """Median CPU of an insert, µs a record; the disk is not waited for."""
    store.select("PRAGMA synchronous = OFF")
    spent = []
    for batch in batches(source, size, ROUNDS[size]):
        began = time.thread_time_ns()
        store.insert(batch)
        spent.append(time.thread_time_ns() - began)
    return statistics.median(spent) / size / 1000


def one(source: pl.DataFrame, size: int, *, counted: bool) -> float:
    """In a store of its own."""
    rollups = minutes.ROLLUPS if counted else ()
    with tempfile.TemporaryDirectory() as directory, mock.patch.object(minutes, "ROLLUPS", rollups):
        store = EmbeddedStore(Path(directory) / "store.db")
        try:
            return costs(store, source, size)
        finally:
            store.close()


def main() -> None:
    """Print a table."""
    source = rows(triaged(), Limits())
    for size in ROUNDS:
        pairs = [(one(source, size, counted=False), one(source, size, counted=True)) for _ in range(3)]
        without, counted = (statistics.median(each) for each in zip(*pairs, strict=True))
        print(
            f"{size:5} records a batch: {without:7.2f} µs without, {counted:7.2f} with counts ({counted - without:+.2f})"
        )


if __name__ == "__main__":
    main()
