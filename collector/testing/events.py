"""Batches with records that components made, for tests of who gets them and what they do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import GENERATION


def marked(batch: LogBatch, kinds: Sequence[str]) -> LogBatch:
    """The batch with an event name for each record; those with one are marked as made, as only the core can do."""
    names = pl.Series("event_name", kinds, dtype=pl.String)
    generation = (names != "").cast(pl.UInt8).alias(GENERATION)
    return replace(batch, records=batch.records.with_columns(names, generation))
