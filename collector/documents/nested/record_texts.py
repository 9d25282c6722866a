"""A record's own fields as text, null where it does not say them."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import nulls
from collector.documents.facts import happened
from collector.documents.nested.layers import Text

_FORMAT = "%Y-%m-%dT%H:%M:%S%.9fZ"
_LAST = (1 << 63) - 1


def timestamps(batch: LogBatch) -> pl.Series:
    """When it happened, else when it was observed or received, as Datetime in nanoseconds, UTC."""
    return happened(batch).clip(upper_bound=_LAST).cast(pl.Int64).cast(pl.Datetime("ns"))


def timestamp_text(batch: LogBatch) -> Text:
    """`"2024-01-15T10:30:00.000000000Z"`."""
    return Text(timestamps(batch).dt.strftime(_FORMAT), quotes=True)


def observed_text(batch: LogBatch) -> Text:
    """When it was observed, in the same form; null where that is unknown or what `timestamp_text` says already."""
    happened, observed = batch.column("time_unix_nano"), batch.column("observed_time_unix_nano")
    known = observed.set((observed == 0) | (happened == 0) | (observed == happened), None)
    if known.null_count() == len(known):
        return Text(nulls("", pl.String(), len(known)), quotes=True)
    return Text(known.clip(upper_bound=_LAST).cast(pl.Int64).cast(pl.Datetime("ns")).dt.strftime(_FORMAT), quotes=True)


def id_text(ids: pl.Series) -> Text:
    """Hex in quotes; null for none."""
    digits = ids.bin.encode("hex")
    return Text(digits.set(digits.str.strip_chars("0") == "", None), quotes=True)


def number_text(numbers: pl.Series) -> Text:
    """Digits; null for 0, which is proto3's "unset"."""
    return Text(numbers.set(numbers == 0, None).cast(pl.String))


def given(values: pl.Series) -> pl.Series:
    """Null for an empty text."""
    return values.set(values == "", None)
