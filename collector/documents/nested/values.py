"""Attribute values as search engines take them, where JSON leaves a choice: bytes in hex, NaN and infinities null."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.tables import without_keys


def searchable_records(batch: LogBatch, without: Collection[str] = ()) -> LogBatch:
    """The batch with such values in the attributes of its records; `without` names keys to leave out of them."""
    changed = replace(batch, attributes=searchable_table(without_keys(batch.attributes, without)))
    if not batch.derived.width:
        return changed
    kept = batch.derived.select(key for key in batch.derived.columns if key not in without)
    return replace(changed, derived=kept.select(searchable_column(column) for column in kept.iter_columns()))


def searchable_table(table: pl.DataFrame) -> pl.DataFrame:
    """The same for one table; costs nothing for kinds that are not there."""
    kinds = table.get_column("kind").to_numpy()
    if table.get_column("bytes").null_count() < table.height:
        is_bytes = pl.col("kind") == int(ValueKind.BYTES)
        table = table.with_columns(
            string=pl.when(is_bytes).then(pl.col("bytes").bin.encode("hex")).otherwise("string"),
            kind=pl.when(is_bytes).then(pl.lit(int(ValueKind.STRING), pl.UInt8)).otherwise("kind"),
        )
    double = table.get_column("double")
    if double.null_count() < len(double) and not (double.is_finite() | double.is_null()).all():
        odd = pl.col("double").is_finite().not_().fill_null(False)
        table = table.with_columns(kind=pl.when(odd).then(pl.lit(int(ValueKind.EMPTY), pl.UInt8)).otherwise("kind"))
    nested = np.flatnonzero(kinds == int(ValueKind.ANY))
    return _with_nested(table, pl.Series(nested)) if len(nested) else table


def _with_nested(table: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    from otlp_wire import any_from_python, any_to_python

    values = table.get_column("any")
    changed: dict[bytes, bytes] = {}
    for data in values.gather(rows).drop_nulls().unique():
        found = any_to_python(data)
        if (as_json := plain(found)) != found:
            changed[data] = any_from_python(as_json)
    if not changed:
        return table
    return table.with_columns(values.replace(list(changed), list(changed.values())).alias("any"))


def plain(value: Any) -> Any:
    """A value of `any_to_python` with what JSON has: bytes as hex, numbers that are none as None."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def any_python(data: bytes) -> Any:
    """A serialised AnyValue as plain Python."""
    from otlp_wire import any_to_python

    return plain(any_to_python(data))


def text(value: Any) -> str:
    """JSON of a plain value."""
    return orjson.dumps(value).decode()


def searchable_column(column: pl.Series) -> pl.Series:
    """The same for a derived column; numbers that are none become null."""
    if column.dtype == pl.Binary:
        return column.bin.encode("hex")
    if column.dtype.is_float():
        return pl.select(pl.when(pl.lit(column).is_finite()).then(pl.lit(column)).alias(column.name)).to_series()
    return column
