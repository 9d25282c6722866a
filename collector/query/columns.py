"""Fields of a batch as columns with the very values that rows of the store have; null = absent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import ATTRIBUTES, ValueKind, first_values, kind_of
from collector.documents import body_text
from collector.query.fields import NOT_STORED, Field, Kind
from collector.shaping.selection import levels
from collector.store.columns import DERIVED

_ENVIRONMENT = "deployment.environment.name"


class Values(NamedTuple):
    """An attribute of each record, in the column of its kind. `kind` is null where it is absent; `text` also holds what JSON
    writes as text: bytes, and numbers that are none."""

    kind: pl.Series
    text: pl.Series
    boolean: pl.Series
    integer: pl.Series
    double: pl.Series


def column(batch: LogBatch, name: str) -> pl.Series:
    """A column of `logs`, by its name there, of a batch that says things in one way (`documents.facts.said`). `triage_level` is the level of records that were not triaged, too."""
    if name in DERIVED and name != "triage_level":
        return _unset(batch.attribute_text(DERIVED[name]))
    match name:
        case "triage_level":
            return levels(batch)
        case "body":
            return body_text(batch)
        case "severity_number":
            numbers = batch.column(name)
            return numbers.set(numbers <= 0, None)
        case "service_name":
            return _unset(batch.resource_attribute("service.name"))
        case "environment":
            return _environment(batch)
        case "scope_name":
            return _unset(batch.scope_field("name"))
        case "trace_id" | "span_id":
            return _unset(batch.column(name).bin.encode("hex"))
        case _:
            return _unset(batch.column(name))


def attribute_values(batch: LogBatch, field: Field) -> Values:
    """An attribute of each record, or of its resource."""
    if field.kind is Kind.RESOURCE:
        found = first_values(batch.resource_attributes, field.key, batch.resources.height)
        return _values(found[batch.column("resource")] if batch.resources.height else _absent(len(batch)))
    if field.key == NOT_STORED:
        return _values(_absent(len(batch)))
    if field.key in batch.derived.columns:
        return _values(_derived(batch.derived.get_column(field.key)))
    return _values(first_values(batch.attributes, field.key, len(batch)))


def numbers_of(values: Values) -> pl.Series:
    """Integers, and those that are written as text in just the digits that they have."""
    read = values.text.cast(pl.Int64, strict=False)
    same = read.cast(pl.String) == values.text
    return values.integer.zip_with(values.integer.is_not_null(), read.set(~same.fill_null(False), None))


def text_of(batch: LogBatch, field: Field) -> pl.Series:
    """What a field holds as text, for counting by it; null where it is absent."""
    if field.kind not in (Kind.ATTRIBUTE, Kind.RESOURCE):
        return column(batch, field.column).cast(pl.String)
    values = attribute_values(batch, field)
    texts = [values.text, values.boolean.cast(pl.String), values.integer.cast(pl.String), values.double.cast(pl.String)]
    return pl.select(pl.coalesce([pl.lit(one) for one in texts]).alias(field.name)).to_series()


def _environment(batch: LogBatch) -> pl.Series:
    own, of_resource = batch.attribute(_ENVIRONMENT), batch.resource_attribute(_ENVIRONMENT)
    return _unset(own.zip_with(own.is_not_null(), of_resource))


def _unset(text: pl.Series) -> pl.Series:
    return text.set((text == "").fill_null(False), None) if len(text) else text


def _absent(height: int) -> pl.DataFrame:
    return first_values(ATTRIBUTES.to_frame(), "", height)


def _derived(values: pl.Series) -> pl.DataFrame:
    """A derived column as the rows of an attribute table."""
    kind = kind_of(values)
    frame = _absent(len(values))
    kinds = pl.Series("kind", np.full(len(values), int(kind), np.uint8)).set(values.is_null(), None)
    name = {ValueKind.STRING: "string", ValueKind.BOOL: "bool", ValueKind.INT: "int", ValueKind.DOUBLE: "double"}.get(
        kind, "bytes"
    )
    return frame.with_columns(kinds, values.alias(name))


def _values(found: pl.DataFrame) -> Values:
    kind, text, double = (found.get_column(name) for name in ("kind", "string", "double"))
    of_bytes = found.get_column("bytes")
    if of_bytes.null_count() < len(found):
        text = text.zip_with(of_bytes.is_null(), of_bytes.bin.encode("base64"))
    odd = (double.is_not_null() & ~double.is_finite()).fill_null(False)
    if odd.any():
        text, double = text.zip_with(~odd, _spelled(double)), double.set(odd, None)
    return Values(kind, text, found.get_column("bool"), found.get_column("int"), double)


def _spelled(numbers: pl.Series) -> pl.Series:
    """Numbers that are none, as JSON has them."""
    by_name = (
        pl.when(numbers.is_nan())
        .then(pl.lit("NaN"))
        .when(numbers > 0)
        .then(pl.lit("Infinity"))
        .otherwise(pl.lit("-Infinity"))
    )
    return pl.select(by_name.alias("string")).to_series()
