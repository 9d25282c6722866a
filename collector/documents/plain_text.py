"""Values of attributes as plain text, whatever they are: what labels hold."""

from __future__ import annotations

import polars as pl

from collector.columns.tables import ValueKind

_SCALARS = ("string", "bool", "int", "double")


def plain_texts(table: pl.DataFrame) -> pl.Series:
    """The value of each row of an attribute table: text as it is, numbers and booleans as written, bytes in base64, arrays and maps
    as JSON; null for an empty value."""
    there = [name for name in _SCALARS if table.get_column(name).null_count() < table.height] or ["string"]
    text = table.select(pl.coalesce(pl.col(*there).cast(pl.String)).alias("text")).to_series()
    raw = table.get_column("bytes")
    if raw.null_count() < len(raw):
        text = text.zip_with(raw.is_null(), raw.bin.encode("base64"))
    nested = table.get_column("any")
    if nested.null_count() == len(nested):
        return text
    from otlp_wire import any_json  # loads protobuf, which flat attributes never need

    return text.zip_with(nested.is_null(), any_json(nested))


def as_texts(table: pl.DataFrame) -> pl.DataFrame:
    """The table with each value as its plain text; an empty one as "". owner, key, kind, string."""
    kind = pl.lit(ValueKind.STRING, dtype=pl.UInt8).alias("kind")
    text = pl.lit(plain_texts(table)).fill_null("").alias("string")
    return table.select("owner", "key", kind, text)
