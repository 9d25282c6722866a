"""Attributes that no predefined key stands for, as `key=value` pairs of their own.

A key is written `logboomHttpRoute` for `http.route`: alphanumeric, one word, in the form `VendorProductName` that both
standards ask for, and never a predefined key. Attributes of the record come before those of its resource; what gives
the same key a second time is left out.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns import tables
from collector.columns.memo import each
from collector.documents.device_event.pieces import Clean

PREFIX = "logboom"
LONGEST = 4000
"""Characters of a value: what the dictionary of CEF gives to its custom strings."""
_LONGEST_KEY = 128


def extras(batch: LogBatch, shown: frozenset[str], given: frozenset[str], clean: Clean, separator: str) -> pl.Series:
    """The pairs of each record, joined by `separator`; null where a record has none.

    Args:
        shown: attributes that are no extras.
        given: keys that an event has already.
    """
    table = _own(batch, shown)
    named = table.with_columns(key=_keys(table.get_column("key"))).drop_nulls("key")
    named = named.filter(~pl.col("key").is_in(list(given))) if given else named
    pairs = named.unique(["owner", "key"], keep="first", maintain_order=True)
    longest = pl.Series([LONGEST]).new_from_index(0, pairs.height)
    texts = clean(_texts(pairs), longest)
    frame = pairs.select("owner", pair=pl.concat_str("key", pl.lit("="), pl.lit(texts))).drop_nulls("pair")
    joined = frame.group_by("owner", maintain_order=True).agg(pl.col("pair").str.join(separator))
    places = np.full(len(batch), -1, dtype=np.int64)
    places[joined.get_column("owner").to_numpy()] = np.arange(joined.height)
    return joined.get_column("pair").gather(tables.optional_positions(places)).alias("extras")


def _own(batch: LogBatch, shown: frozenset[str]) -> pl.DataFrame:
    columns = list(tables.ATTRIBUTES)
    own = batch.without_attributes(shown).all_attributes()
    kept = tables.without_keys(batch.resource_attributes, shown)
    shared = kept.rename({"owner": "resource"}).join(
        batch.records.select("resource").with_row_index("owner"), on="resource", how="inner", maintain_order="right"
    )
    return pl.concat([own.select(columns), shared.select(columns)])


def _texts(table: pl.DataFrame) -> pl.Series:
    scalars = table.select(
        pl.coalesce(pl.col("string", "bool", "int", "double").cast(pl.String), pl.col("bytes").bin.encode("base64"))
    ).to_series()
    nested = table.get_column("kind") == int(ValueKind.ANY)
    if not nested.any():
        return scalars
    from otlp_wire import any_json  # loads protobuf, which a batch without nested values never needs

    return scalars.zip_with(~nested, any_json(table.get_column("any")))


def _keys(column: pl.Series) -> pl.Series:
    distinct = column.unique()
    names = pl.Series(_names(distinct.to_list()), dtype=pl.String)
    return column.replace_strict(distinct, names, return_dtype=pl.String)


def _name(key: str) -> str | None:
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in key.removeprefix("logboom.")).split()
    return (PREFIX + "".join(word[0].upper() + word[1:] for word in words))[:_LONGEST_KEY] if words else None


_names = each(_name)
