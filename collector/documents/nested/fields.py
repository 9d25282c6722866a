"""Attribute tables as fields: JSON text beside its key, maps flattened to dotted keys.

Values that say nothing (empty ones, empty arrays and maps) are no fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.distinct import few_rows
from collector.documents.json_text import IS_QUOTED, value_texts
from collector.documents.nested.layers import Columns, Fields, Text
from collector.documents.nested.layout import nested
from collector.documents.nested.values import any_python, searchable_table, text

_NO_SCALARS = [int(ValueKind.EMPTY), int(ValueKind.ANY)]
_ROW = "row"
_MEMBERS = pl.List(pl.Struct({"below": pl.String, "text": pl.String}))


def fields(
    table: pl.DataFrame,
    height: int,
    place: pl.Series | None = None,
    names: Mapping[str, str] | None = None,
    prefix: str = "",
) -> Fields:
    """The attributes of `height` owners. Equal keys of an owner stay in their order.

    Args:
        place: for each record its owner; None = the owners are the records.
        names: key → the name it gets; maps go by the new name as well.
        prefix: stands before all keys.
    """
    rows, renamed = _flattened(searchable_table(table), names or {})
    codes, keys = _coded(rows.get_column("key"))
    if not renamed and names:
        keys = [names.get(key, key) for key in keys]
    starts = np.zeros(height + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows.get_column("owner").to_numpy(), minlength=height), out=starts[1:])
    quotes = rows.get_column("quotes").to_numpy()
    return Fields(keys, codes, rows.get_column("text"), quotes, starts, place, prefix)


def derived_fields(batch: LogBatch, names: Mapping[str, str] | None = None, prefix: str = "") -> Columns:
    """The attributes that logboom computed."""
    rows, place = few_rows(batch.derived)
    named = [(prefix + (names or {}).get(column.name, column.name), Text.of(column)) for column in rows.iter_columns()]
    return Columns([(key, text) for key, text in named if text.texts.null_count() < len(text.texts)], place)


def _coded(keys: pl.Series) -> tuple[np.ndarray[tuple[int], np.dtype[np.uint32]], list[str]]:
    """Keys as positions in the list of distinct ones. The categories are nobody else's, and live as long as `coded`."""
    category = pl.Categorical(pl.Categories.random())
    coded = keys.cast(category)
    codes = coded.to_physical().cast(pl.UInt32).to_numpy()
    distinct = pl.Series(np.arange(codes.max(initial=0) + 1 if len(codes) else 0, dtype=np.uint32))
    return codes, distinct.cat.to(category).cast(pl.String).to_list()


def _flattened(table: pl.DataFrame, names: Mapping[str, str]) -> tuple[pl.DataFrame, bool]:
    """Columns owner, key, text, quotes, by owner; and whether the keys have their new names already."""
    no_scalar = table.get_column("kind").is_in(_NO_SCALARS)
    if not no_scalar.any():
        return _by_owner(_scalars(table)), False
    table = table.with_columns(pl.col("key").replace(names)).with_row_index(_ROW)
    opened = _opened(table.filter(pl.col("kind") == ValueKind.ANY))
    rows = pl.concat([_scalars(table.filter(~no_scalar), _ROW), opened])
    return rows.sort("owner", _ROW, maintain_order=True), True


def _scalars(table: pl.DataFrame, *more: str) -> pl.DataFrame:
    texts, kinds = value_texts(table)
    rows = table.select(*more, "owner", "key", text=texts, quotes=pl.Series(IS_QUOTED[kinds]))
    missing = kinds == ValueKind.EMPTY
    return rows.filter(pl.Series(~missing)) if missing.any() else rows


def _by_owner(rows: pl.DataFrame) -> pl.DataFrame:
    return rows if rows.get_column("owner").is_sorted() else rows.sort("owner", maintain_order=True)


def _opened(rows: pl.DataFrame) -> pl.DataFrame:
    """Maps as a row a member; what is in them is worked out once per distinct map."""
    values = rows.get_column("any").drop_nulls().unique()
    members = [[{"below": key, "text": told} for key, told in members_of(any_python(data))] for data in values]
    known = pl.DataFrame({"any": values, "members": pl.Series(members, dtype=_MEMBERS)})
    joined = rows.select(_ROW, "owner", "key", "any").join(known, on="any", how="inner", maintain_order="left")
    found = joined.explode("members", empty_as_null=True, keep_nulls=True).unnest("members")
    dotted = pl.concat_str(pl.col("key"), pl.lit("."), pl.col("below"))
    key = pl.when(pl.col("below") == "").then("key").otherwise(dotted)
    quotes = pl.col("text").str.starts_with('"')
    bare = pl.when(quotes).then(pl.col("text").str.strip_prefix('"').str.strip_suffix('"')).otherwise("text")
    told = found.filter(pl.col("text").is_not_null())
    return told.select(_ROW, "owner", key.alias("key"), bare.alias("text"), quotes.alias("quotes"))


def members_of(value: Any, path: str = "") -> list[tuple[str, str]]:
    """(dotted key, JSON) of everything in a value; `path` is its own key."""
    if value is None or value == []:
        return []
    if not isinstance(value, dict):
        return [(path, _json(value))]
    return [found for key, item in value.items() for found in members_of(item, f"{path}.{key}" if path else key)]


def _json(value: Any) -> str:
    """JSON of a scalar or an array; maps in arrays are documents of their own."""
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    if isinstance(value, dict):
        inner = members_of(value)
        return "".join(map(str, nested(inner))) if inner else "null"
    return text(value)
