"""`LogBatch` → a table of archived records, a column at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from collector import levels
from collector.archive.schema import DERIVED, FOUND, FOUND_NUMBERS, FROM_BODY, SCHEMA, TIME
from collector.batch import LogBatch
from collector.columns import tables
from collector.columns.tables import ValueKind
from collector.documents import body_text
from collector.documents.facts import happened, said
from collector.documents.member_texts import one_of_each_key
from collector.documents.plain_text import plain_texts

_ENVIRONMENT = "deployment.environment.name"
_HAVE_A_COLUMN = frozenset(
    {*FOUND.values(), *FOUND_NUMBERS.values(), "logboom.domain", "logboom.record.id", _ENVIRONMENT}
)
_LAST_NANO = (1 << 63) - 1
_OLDEST = pl.CompatLevel.oldest()
Maps = tuple[pa.Array, pa.Array]
"""The map of each owner, and its kinds."""


def table_of(batch: LogBatch) -> pa.Table:
    """The records, in their order: columns `SCHEMA`."""
    batch = said(batch)
    found = _found(batch)
    own = _maps(_attributes(batch), len(batch))
    resource = _spread(batch, "resource")
    scope = _spread(batch, "scope")
    columns: Mapping[str, pa.Array] = {
        **_fields(batch),
        **{name: _text(values) for name, values in found.items()},
        **{name: _arrow(batch.attribute(key, ValueKind.INT)) for name, key in FOUND_NUMBERS.items()},
        "level": _text(_level(batch, found)),
        "service_name": _text(batch.resource_attribute("service.name")),
        "environment": _text(_environment(batch)),
        "attributes": own[0], "attributes_kinds": own[1],
        "resource": resource[0], "resource_kinds": resource[1],
        "resource_schema_url": _text(batch.resource_field("schema_url")),
        **{f"scope_{name}": _text(batch.scope_field(name)) for name in ("name", "version", "schema_url")},
        "scope_attributes": scope[0], "scope_attributes_kinds": scope[1],
    }  # fmt: skip
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _fields(batch: LogBatch) -> dict[str, pa.Array]:
    body, observed = body_text(batch), batch.column("observed_time_unix_nano")
    severity = batch.column("severity_number")
    generation = batch.generation
    nothing = tables.nulls("generation", pl.UInt8(), len(batch))
    return {
        "record_id": _arrow(batch.column("record_id").fill_null("")),
        "domain": _arrow(batch.column("domain").fill_null("")),
        "time": _time(happened(batch)),
        "observed_time": _time(observed.set(observed == 0, None)),
        "severity_number": _arrow(severity.set(severity <= 0, None)),
        "body": _arrow(body),
        "body_is_json": _arrow(batch.column("body").is_null() & body.is_not_null()),
        **{name: _text(batch.column(name)) for name in ("severity_text", "event_name")},
        **{name: _arrow(batch.column(name).replace([b""], [None])) for name in ("trace_id", "span_id")},
        **{name: _arrow(batch.column(name)) for name in ("flags", "dropped_attributes_count")},
        "generation": _arrow(nothing if generation is None else generation.set(generation == 0, None).cast(pl.UInt8)),
    }


def _found(batch: LogBatch) -> dict[str, pl.Series]:
    """What processors wrote, by column; an attribute of that name that was sent counts as well, and stays among the attributes."""
    sent = set(batch.attributes.get_column("key").unique()) if batch.attributes.height else set()
    there = sent | set(batch.derived.columns)
    nothing = tables.nulls("", pl.String(), len(batch))
    return {name: batch.attribute_text(key) if key in there else nothing for name, key in FOUND.items()}


def _level(batch: LogBatch, found: Mapping[str, pl.Series]) -> pl.Series:
    told = [found["triage_level"], batch.column("severity_number"), found["error_type"]]
    return pl.select(levels.level(*(pl.lit(column) for column in told)).alias("level")).to_series()


def _environment(batch: LogBatch) -> pl.Series:
    own, resource = batch.attribute(_ENVIRONMENT), batch.resource_attribute(_ENVIRONMENT)
    return own if not own.null_count() else own.zip_with(own.is_not_null(), resource)


def _attributes(batch: LogBatch) -> pl.DataFrame:
    """Those of the records, with what logboom added and no column holds; `kind` with its bits."""
    sent = _marked(batch.attributes)
    added = [key for key in batch.derived.columns if key not in _HAVE_A_COLUMN]
    if not added:
        return sent
    rows = [tables.rows_of_column(key, batch.derived.get_column(key)) for key in added]
    derived = tables.stack(rows).with_columns((pl.col("kind") | DERIVED).cast(pl.UInt8))
    return tables.stack([sent, derived])


def _marked(table: pl.DataFrame) -> pl.DataFrame:
    if not tables.is_marked(table):
        return table
    taken = pl.col(tables.FROM_BODY).fill_null(False)
    return table.with_columns(pl.when(taken).then(pl.col("kind") | FROM_BODY).otherwise("kind").cast(pl.UInt8))


def _spread(batch: LogBatch, level: str) -> Maps:
    """The map of each record's resource or scope."""
    owned, height = (
        (batch.resource_attributes, batch.resources.height)
        if level == "resource"
        else (batch.scope_attributes, batch.scopes.height)
    )
    if not height:
        return _coded(_maps(tables.ATTRIBUTES.to_frame(), len(batch)))
    maps, kinds = _coded(_maps(_marked(owned), height))
    place = batch.column(level).to_arrow()
    return maps.take(place), kinds.take(place)


def _coded(maps: Maps) -> Maps:
    """The same with numbers in place of texts, which many records share."""
    texts, kinds = maps
    keys, items = texts.keys.dictionary_encode(), texts.items.dictionary_encode()
    return pa.MapArray.from_arrays(texts.offsets, keys, items), kinds


def _maps(table: pl.DataFrame, height: int) -> Maps:
    """One map an owner, in the order of the table; of a repeated key the first counts."""
    if not table.height:
        offsets = pa.array(np.zeros(height + 1, dtype=np.int32))
        nothing = pa.array([], pa.large_string())
        return pa.MapArray.from_arrays(offsets, nothing, nothing), pa.array([b""] * height, pa.large_binary())
    table = one_of_each_key(table)
    ends = np.searchsorted(table.get_column("owner").to_numpy(), np.arange(height + 1))
    texts = pa.MapArray.from_arrays(ends.astype(np.int32), _arrow(table.get_column("key")), _arrow(plain_texts(table)))
    kinds = pa.py_buffer(np.ascontiguousarray(table.get_column("kind").to_numpy()))
    offsets = pa.py_buffer(ends.astype(np.int64))
    return texts, pa.LargeBinaryArray.from_buffers(pa.large_binary(), height, [None, offsets, kinds])


def _time(nanos: pl.Series) -> pa.Array:
    return nanos.clip(upper_bound=_LAST_NANO).cast(pl.Int64).cast(pl.Datetime("ns", "UTC")).to_arrow().cast(TIME)


def _text(text: pl.Series) -> pa.Array:
    """Empty is not said."""
    return _arrow(text.set(text == "", None))


def _arrow(values: pl.Series) -> pa.Array:
    return values.to_arrow(compat_level=_OLDEST)
