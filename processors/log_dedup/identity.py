"""What makes records the same, as 128 bits: resource attributes, scope, and of the record attributes, body and severity, or the fields that are named.

The bits are hashes under two secrets, drawn anew for each interval: nobody can send records that are taken for others, and an equal pair by chance is no
matter of this world. Another version of polars may hash otherwise: then what is held and what comes are two groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

import otlp_wire
from collector.batch import LogBatch
from collector.client_info import NOTHING, Wanted, part_of
from collector.columns.dictionary import encode
from collector.columns.tables import ATTRIBUTES, optional_positions
from collector.ottl.statements.frame import Frame
from collector.shaping.identities import by_attributes
from processors.log_dedup.fields import Field, read

Seeds = tuple[int, int]


class Keys(NamedTuple):
    """Two numbers a record; both are equal where the records are the same."""

    low: npt.NDArray[np.uint64]
    high: npt.NDArray[np.uint64]


def keys_of(batch: LogBatch, fields: Sequence[Field], seeds: Seeds, kept_apart: Wanted = NOTHING) -> Keys:
    """The identity of each record. With `fields` only these are compared, where a record has one of them. `kept_apart`: and by what came with
    its request."""
    told = _told(batch, fields)
    if kept_apart:
        told = told.with_columns(_came(batch, kept_apart))
    resources, scopes, own = (
        _plain(table) for table in (batch.resource_attributes, batch.scope_attributes, batch.all_attributes())
    )
    found = []
    for seed in seeds:
        resource = by_attributes(resources, batch.resources.height, seed)
        scope = by_attributes(scopes, batch.scopes.height, seed)
        attributes = by_attributes(own, len(batch), seed)
        if fields:
            attributes = attributes.set(told.get_column("named"), 0)
        columns = [
            resource.gather(batch.column("resource")).alias("resource"),
            scope.gather(batch.column("scope")).alias("scope"),
            attributes.alias("attributes"),
        ]
        found.append(told.hstack(columns).hash_rows(seed=seed).to_numpy())
    return Keys(found[0], found[1])


def _came(batch: LogBatch, kept_apart: Wanted) -> pl.Series:
    client = batch.client
    if client is None:
        return pl.repeat("", len(batch), dtype=pl.String, eager=True).alias("client")
    coded = encode(client)
    parts = [part_of(text, kept_apart) for text in coded.values.to_pylist()]
    return pl.Series("client", parts, dtype=pl.String).gather(pl.Series(coded.codes))


def _told(batch: LogBatch, fields: Sequence[Field]) -> pl.DataFrame:
    """What is compared as it is, attributes aside."""
    columns = [
        batch.scope_field("name").alias("scope_name"),
        batch.scope_field("version").alias("scope_version"),
        batch.column("severity_number"),
        batch.column("severity_text"),
        batch.column("body"),
        _in_order(batch.column("body_any")),
    ]
    frame = pl.DataFrame(columns)
    if not fields:
        return frame
    named = _named(batch, fields)
    there = named.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    own = [column.set(there, None) for column in frame.get_columns()[2:]]
    return frame.with_columns(own).hstack([*named.get_columns(), there.alias("named")])


def _named(batch: LogBatch, fields: Sequence[Field]) -> pl.DataFrame:
    """The fields that are named, as text; null where there is none."""
    frame, columns = Frame(batch), []
    for position, field in enumerate(fields):
        cells = read(frame, field)
        texts = [None if value is None else repr(_ordered(value)) for value in cells.values]
        codes = np.where(cells.codes < 0, len(texts) - 1, cells.codes).astype(np.int64)
        columns.append(pl.Series(f"field {position}", texts, dtype=pl.String).gather(optional_positions(codes)))
    return pl.DataFrame(columns)


def _plain(table: pl.DataFrame) -> pl.DataFrame:
    """The columns that every table has, with maps in one order."""
    own = table.select(list(ATTRIBUTES))
    values = own.get_column("any")
    return own if values.null_count() == len(values) else own.with_columns(_in_order(values))


def _in_order(values: pl.Series) -> pl.Series:
    """Serialised values as texts that are the same for maps with the same pairs in whatever order."""
    if values.null_count() == len(values):
        return values.cast(pl.String)
    coded = encode(values)
    texts = pl.Series(
        [repr(_ordered(otlp_wire.any_to_python(value))) for value in coded.values.to_pylist()], dtype=pl.String
    )
    return replace(coded, values=texts.to_arrow()).column().alias(values.name)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(each) for each in value] if isinstance(value, list) else value
