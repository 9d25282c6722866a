"""Objects of attributes; and those of resources and scopes, which come again with each batch: their JSON is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from collector.batch import ATTRIBUTES, RESOURCES, SCOPES, LogBatch
from collector.columns.memo import MANY, Memo
from collector.columns.tables import without_keys
from collector.documents import attributes_json, quoted
from collector.documents.nested.record_texts import given
from collector.documents.nested.values import searchable_table
from exporters.elasticsearch.geolocation import with_points
from exporters.elasticsearch.places import ELSEWHERE

_LARGE = 8 << 10
"""Bytes of a table whose rows are not kept."""
_KEPT = 256
_VALUES = list(ATTRIBUTES)[1:]
Row = tuple[tuple[Any, ...], tuple[tuple[Any, ...], ...]]
"""A row of `RESOURCES` or `SCOPES`, and its attributes: `_VALUES`."""


def resources(batch: LogBatch) -> pl.Series:
    """The object of each resource."""
    return _told(batch.resources, batch.resource_attributes, RESOURCES, ("schema_url",))


def scopes(batch: LogBatch) -> pl.Series:
    """The object of each scope."""
    return _told(batch.scopes, batch.scope_attributes, SCOPES, ("schema_url", "name", "version"))


def spread(objects: pl.Series, places: pl.Series) -> pl.Series:
    """The object of each record."""
    return objects.gather(places) if places.has_nulls() else objects[places]


def attribute_objects(owners: LogBatch, original: pl.DataFrame) -> pl.Series:
    """The object of each record of `owners`; null for one that never had an attribute, not in `original` either."""
    objects = attributes_json(LogBatch(owners.records, with_points(owners.attributes), owners.derived))
    nothing = objects == "{}"
    if not nothing.any():
        return objects
    had = np.bincount(original.get_column("owner").to_numpy(), minlength=len(owners)) > 0
    return objects.set(nothing & pl.Series(~had), None)


def number(values: pl.Series) -> pl.Series:
    """Digits; null for 0, which is proto3's "unset"."""
    zero = values == 0
    return (values.set(zero, None) if zero.any() else values).cast(pl.String)


def _told(table: pl.DataFrame, attributes: pl.DataFrame, schema: pl.Schema, texts: Sequence[str]) -> pl.Series:
    large = table.height > MANY or table.estimated_size() + attributes.estimated_size() > _LARGE
    if large or attributes.get_column("double").null_count() < attributes.height:  # 0.0 and -0.0 would be one
        return _written(table, attributes, texts)
    memo = _RESOURCES if schema is RESOURCES else _SCOPES
    return pl.Series(memo(_rows(table.select(list(schema)), attributes)), dtype=pl.String)


def _rows(table: pl.DataFrame, attributes: pl.DataFrame) -> list[Row]:
    own: list[list[tuple[Any, ...]]] = [[] for _ in range(table.height)]
    for owner, *values in attributes.select("owner", *_VALUES).rows():
        own[owner].append(tuple(values))
    return [(row, tuple(values)) for row, values in zip(table.rows(), own, strict=True)]


def _of_rows(rows: Sequence[Row], schema: pl.Schema, texts: Sequence[str]) -> list[str]:
    table = pl.DataFrame([row for row, _ in rows], schema, orient="row")
    listed = [(owner, *values) for owner, (_, own) in enumerate(rows) for values in own]
    return _written(table, pl.DataFrame(listed, ATTRIBUTES, orient="row"), texts).to_list()


_RESOURCES: Memo[Row, str] = Memo(partial(_of_rows, schema=RESOURCES, texts=("schema_url",)), _KEPT)
_SCOPES: Memo[Row, str] = Memo(partial(_of_rows, schema=SCOPES, texts=("schema_url", "name", "version")), _KEPT)


def _written(table: pl.DataFrame, attributes: pl.DataFrame, texts: Sequence[str]) -> pl.Series:
    """`schema_url`, other texts, `attributes` and `dropped_attributes_count` of each row, as far as they are said."""
    owners = LogBatch(table, searchable_table(without_keys(attributes, ELSEWHERE)))
    return _objects(
        {
            **{name: quoted(given(table.get_column(name))) for name in texts},
            "attributes": attribute_objects(owners, attributes),
            "dropped_attributes_count": number(table.get_column("dropped_attributes_count")),
        }
    )


def _objects(columns: Mapping[str, pl.Series]) -> pl.Series:
    """A small table's rows as objects."""
    rows = (
        zip(columns, row, strict=True) for row in zip(*(column.to_list() for column in columns.values()), strict=True)
    )
    objects = ["{" + ",".join(f'"{name}":{value}' for name, value in row if value is not None) + "}" for row in rows]
    return pl.Series(objects, dtype=pl.String)
