"""Attribute tables as fields: a row a value, JSON text beside its key, maps flattened to dotted keys.

Values that say nothing (empty ones, empty arrays and maps) are no fields.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from collector.batch import ValueKind
from collector.documents.json_text import column_texts
from collector.tables import VALUE_COLUMNS
from exporters.elasticsearch.layout import nested
from exporters.elasticsearch.values import any_python, searchable_table, text

_SCALARS = (ValueKind.STRING, ValueKind.BOOL, ValueKind.INT, ValueKind.DOUBLE)
_MEMBERS = pl.List(pl.Struct({"below": pl.String, "value": pl.String}))


def fields(table: pl.DataFrame) -> pl.DataFrame:
    """Columns owner, key, text, by owner; equal keys of an owner stay in their order."""
    table = searchable_table(table)
    texts = pl.coalesce([_scalar(table, kind) for kind in _SCALARS])
    plain = table.select("owner", "key", "kind", "any", text=texts)
    if (table.get_column("kind") == int(ValueKind.ANY)).any():
        plain = _flattened(plain)
    found = plain.filter(pl.col("text").is_not_null()).select("owner", "key", "text")
    return found if found.get_column("owner").is_sorted() else found.sort("owner", maintain_order=True)


def _scalar(table: pl.DataFrame, kind: ValueKind) -> pl.Expr:
    """The texts of one kind of value, null elsewhere. Null columns of other kinds cost nothing."""
    column = table.get_column(VALUE_COLUMNS[kind])
    if column.null_count() == len(column):
        return pl.lit(None, pl.String)
    if kind is ValueKind.DOUBLE:
        column = column.set(~column.is_finite(), None)
    return pl.lit(column_texts(column))


def _flattened(rows: pl.DataFrame) -> pl.DataFrame:
    """Maps as a row a member; what is in them is worked out once per distinct map."""
    nested_values = rows.filter(pl.col("kind") == int(ValueKind.ANY)).get_column("any").drop_nulls().unique()
    members = [
        [{"below": key, "value": value} for key, value in members_of(any_python(data))] for data in nested_values
    ]
    known = pl.DataFrame({"any": nested_values, "members": pl.Series(members, dtype=_MEMBERS)})
    joined = rows.join(known, on="any", how="left", maintain_order="left")
    opened = joined.explode("members", empty_as_null=True, keep_nulls=True).unnest("members")
    dotted = pl.concat_str(pl.col("key"), pl.lit("."), pl.col("below"))
    return opened.with_columns(
        key=pl.when(pl.col("below").fill_null("") == "").then("key").otherwise(dotted),
        text=pl.coalesce("text", "value"),
    )


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
