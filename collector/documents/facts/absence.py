"""One spelling for what a record does not say. A batch that has no other costs a look at five columns."""

from __future__ import annotations

import time
from dataclasses import replace

import polars as pl

from collector.batch import LogBatch

_ZEROS = {"trace_id": pl.Series([bytes(16)]), "span_id": pl.Series([bytes(8)])}
_EMPTY_BODIES = [b"", b"\x0a\x00", b"\x3a\x00"]
"""An AnyValue without a member, with an empty text, with empty bytes."""
_MOST_SEVERE = 24


def normalised(batch: LogBatch) -> LogBatch:
    """The batch with `RECORDS`' one spelling of "not said": ids empty, severity 0, and an observed time wherever a record has
    no time at all: that of receipt."""
    columns = [
        *(_without(batch.column(name), zeros) for name, zeros in _ZEROS.items()),
        _severity(batch.column("severity_number")),
        _observed(batch),
    ]
    changed = [column for column in columns if column is not None]
    return replace(batch, records=batch.records.with_columns(changed)) if changed else batch


def said(batch: LogBatch) -> LogBatch:
    """`normalised`, and null for bodies with nothing in them: what documents are made of."""
    batch = normalised(batch)
    columns = []
    text, other = batch.column("body"), batch.column("body_any")
    if (empty := text == "").any():
        columns.append(text.set(empty, None))
    if other.null_count() < len(other) and (empty := other.is_in(_EMPTY_BODIES)).any():
        columns.append(other.set(empty, None))
    return replace(batch, records=batch.records.with_columns(columns)) if columns else batch


def happened(batch: LogBatch) -> pl.Series:
    """Nanoseconds since 1970, UInt64, never 0 or null: when it happened, else when it was observed, else received; now for a
    record that never was in a journal and has no time."""
    times = normalised(batch).records.select("time_unix_nano", "observed_time_unix_nano")
    own, observed = times.get_columns()
    if not (own == 0).any():
        return own
    known = own.zip_with(own != 0, observed)
    return known.set(known == 0, time.time_ns())


def _without(ids: pl.Series, zeros: pl.Series) -> pl.Series | None:
    empty = ids == zeros
    return ids.set(empty, b"") if empty.any() else None


def _severity(numbers: pl.Series) -> pl.Series | None:
    foreign = (numbers < 0) | (numbers > _MOST_SEVERE)
    return numbers.set(foreign, 0) if foreign.any() else None


def _observed(batch: LogBatch) -> pl.Series | None:
    observed, own = batch.column("observed_time_unix_nano"), batch.column("time_unix_nano")
    unknown = (observed == 0) & (own == 0)
    positions = batch.column("payload")
    if not unknown.any() or not batch.payloads.height or positions.null_count() == len(positions):
        return None
    received = batch.payloads.get_column("received_unix_ms") * 1_000_000
    return observed.zip_with(~unknown, received.gather(positions).fill_null(0)).alias(observed.name)
