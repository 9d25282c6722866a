"""Attribute tables as one JSON object an owner."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from collector.batch import LogBatch
from collector.columns.distinct import once_each
from collector.documents.json_text import PLAIN, Style, column_text, quoted_name
from collector.documents.member_texts import table_members


def attributes_json(batch: LogBatch, without: Collection[str] = (), style: Style = PLAIN) -> pl.Series:
    """The attributes of each record as a JSON object, derived ones last; `without` names keys to leave out.

    A key that came more than once keeps its first value. A record without attributes has `{}`.
    """
    table, derived = _without(batch.attributes, without), _derived_members(batch, without, style)
    if derived is None:
        return _objects(table, len(batch), style).rename("attributes")
    own = table_members(table, len(batch), style, opening="{")
    if (own == "").any():
        return _braced(_both(table_members(table, len(batch), style), derived)).rename("attributes")
    return pl.select(pl.concat_str(pl.lit(own), pl.lit(derived), pl.lit("}")).alias("attributes")).to_series()


def attribute_members(batch: LogBatch, without: Collection[str] = (), style: Style = PLAIN) -> pl.Series:
    """The same as it stands between other members, a comma before each: `,"key":value…`; empty without attributes."""
    text = table_members(_without(batch.attributes, without), len(batch), style)
    derived = _derived_members(batch, without, style)
    return (text if derived is None else _both(text, derived)).rename("attributes")


def resource_json(batch: LogBatch, style: Style = PLAIN) -> pl.Series:
    """The attributes of each record's resource as a JSON object; written once a resource, then shared."""
    objects = _objects(batch.resource_attributes, batch.resources.height, style)
    return objects.gather(batch.column("resource")).rename("resource")


def scope_json(batch: LogBatch, style: Style = PLAIN) -> pl.Series:
    """The attributes of each record's instrumentation scope as a JSON object."""
    objects = _objects(batch.scope_attributes, batch.scopes.height, style)
    return objects.gather(batch.column("scope")).rename("scope")


def _objects(table: pl.DataFrame, height: int, style: Style) -> pl.Series:
    """The object of each owner; `{}` without attributes."""
    text = table_members(table, height, style, opening="{", closing="}")
    nothing = text == ""
    return text.set(nothing, "{}") if nothing.any() else text


def _derived_members(batch: LogBatch, without: Collection[str], style: Style) -> pl.Series | None:
    """What logboom derived as members of each record, in one text a distinct row; null is left out."""
    derived = batch.derived.select(key for key in batch.derived.columns if key not in without)
    return once_each(derived, lambda rows: _column_members(rows, style)) if derived.width else None


def _column_members(columns: pl.DataFrame, style: Style) -> pl.Series:
    pieces = [column_text(f",{quoted_name(column.name, style)}:", column, style) for column in columns.iter_columns()]
    return pl.select(pl.concat_str(pieces, ignore_nulls=True).alias("members")).to_series()


def _both(own: pl.Series, derived: pl.Series) -> pl.Series:
    return pl.select(pl.concat_str(pl.lit(own), pl.lit(derived))).to_series()


def _braced(inner: pl.Series) -> pl.Series:
    text = pl.concat_str(pl.lit("{"), pl.lit(inner.str.strip_prefix(",")), pl.lit("}"))
    return pl.select(text.alias("object")).to_series()


def _without(table: pl.DataFrame, keys: Collection[str]) -> pl.DataFrame:
    if not keys or not table.height:
        return table
    gone = table.get_column("key").is_in(pl.Series(list(keys), dtype=pl.String).implode())
    return table.filter(~gone) if gone.any() else table
