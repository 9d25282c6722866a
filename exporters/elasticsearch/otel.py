"""Documents of the mapping mode `otel`: OpenTelemetry's own fields, attributes with dotted keys.

{"@timestamp":"1710273641123.456780","observed_timestamp":…,"data_stream":{…},"severity_text":…,"severity_number":…,
 "trace_id":…,"span_id":…,"attributes":{…},"dropped_attributes_count":…,"event_name":…,"resource":{…},"scope":{…},
 "body":{"text":…} or {"structured":{…}}}

Times are milliseconds with a fraction. What a record does not say is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.documents import attributes_json, quoted
from collector.documents.facts import happened
from collector.documents.json_text import escaped
from collector.documents.nested import Text
from collector.documents.nested.record_texts import given, id_text
from collector.documents.nested.values import any_python, searchable, text
from exporters.elasticsearch.geolocation import with_points
from exporters.elasticsearch.routing import DATASET, INDEX, NAMESPACE, TYPE, Routes, data_stream_json

DOCUMENT_ID = "elasticsearch.document_id"
PIPELINES = ("elasticsearch.ingest_pipeline", "elasticsearch.document_pipeline")
"""As the Collector's code has it, and as its documentation has it."""
MODE = "elastic.mapping.mode"
_ELSEWHERE = frozenset({TYPE, DATASET, NAMESPACE, INDEX, DOCUMENT_ID, *PIPELINES, MODE, "elasticsearch.mapping.hints"})
"""Attributes that say where a document goes, not what it holds."""


def documents(batch: LogBatch, routes: Routes) -> list[pl.Expr]:
    """One JSON object a record, in pieces that only need to be joined."""
    clean = searchable(batch, _ELSEWHERE)
    observed = pl.col("observed_time_unix_nano")
    times = batch.records.with_columns(stamp=pl.lit(happened(batch))).select(
        stamp=_millis(pl.col("stamp")), observed=pl.when(observed > 0).then(_millis(observed))
    )
    members: dict[str, pl.Series | Text] = {
        "observed_timestamp": Text(times.get_column("observed"), quotes=True),
        "data_stream": routes.spread(data_stream_json(routes.stream)),
        "severity_text": Text.of(given(batch.column("severity_text"))),
        "severity_number": _number(batch.column("severity_number")),
        "trace_id": id_text(batch.column("trace_id")),
        "span_id": id_text(batch.column("span_id")),
        "attributes": _attributes(clean.attributes, batch.attributes, len(batch), clean.derived),
        "dropped_attributes_count": _number(batch.column("dropped_attributes_count")),
        "event_name": Text.of(_event_name(batch)),
        "resource": _objects(_resources(batch, clean)).gather(batch.column("resource")),
        "scope": _objects(_scopes(batch, clean)).gather(batch.column("scope")),
    }
    return [
        pl.lit('{"@timestamp":"'),
        pl.lit(times.get_column("stamp")),
        pl.lit('"'),
        *_members(members),
        *_body(batch),
        pl.lit("}"),
    ]


def _members(columns: Mapping[str, pl.Series | Text]) -> list[pl.Expr]:
    """`,"name":value` for each column; nothing where it is null."""
    pieces: list[pl.Expr] = []
    for name, column in columns.items():
        text = column if isinstance(column, Text) else Text(column)
        quote = '"' if text.quotes else ""
        member = [pl.lit(f',"{name}":{quote}'), pl.lit(text.texts), *([pl.lit(quote)] if quote else [])]
        missing = text.texts.null_count()
        if missing == len(text.texts):
            continue
        pieces += [pl.concat_str(member).fill_null("")] if missing else member
    return pieces


def _millis(time: pl.Expr) -> pl.Expr:
    """Milliseconds and six digits of nanoseconds, `.0` for none."""
    nanos = time % 1_000_000
    fraction = pl.when(nanos == 0).then(pl.lit("0")).otherwise(nanos.cast(pl.String).str.zfill(6))
    return pl.concat_str((time // 1_000_000).cast(pl.String), pl.lit("."), fraction)


def _number(values: pl.Series) -> pl.Series:
    return values.set(values == 0, None).cast(pl.String)


def _event_name(batch: LogBatch) -> pl.Series:
    name = given(batch.column("event_name"))
    return name.zip_with(name.is_not_null(), given(batch.attribute("event.name"))) if name.has_nulls() else name


def _attributes(
    clean: pl.DataFrame, original: pl.DataFrame, height: int, derived: pl.DataFrame | None = None
) -> pl.Series:
    """The object of each owner; null for one that never had an attribute."""
    empty = pl.DataFrame({"record_id": pl.repeat(None, height, dtype=pl.String, eager=True)})
    owners = LogBatch(empty, with_points(clean), pl.DataFrame() if derived is None else derived)
    objects = attributes_json(owners)
    nothing = objects == "{}"
    if not nothing.any():
        return objects
    had = np.bincount(original.get_column("owner").to_numpy(), minlength=height) > 0
    return objects.set(nothing & pl.Series(~had), None)


def _resources(batch: LogBatch, clean: LogBatch) -> dict[str, pl.Series]:
    table = batch.resources
    return {
        "schema_url": quoted(given(table.get_column("schema_url"))),
        "attributes": _attributes(clean.resource_attributes, batch.resource_attributes, table.height),
        "dropped_attributes_count": _number(table.get_column("dropped_attributes_count")),
    }


def _scopes(batch: LogBatch, clean: LogBatch) -> dict[str, pl.Series]:
    table = batch.scopes
    return {
        **{name: quoted(given(table.get_column(name))) for name in ("schema_url", "name", "version")},
        "attributes": _attributes(clean.scope_attributes, batch.scope_attributes, table.height),
        "dropped_attributes_count": _number(table.get_column("dropped_attributes_count")),
    }


def _objects(columns: Mapping[str, pl.Series]) -> pl.Series:
    """A small table's rows as objects."""
    rows = (
        zip(columns, row, strict=True) for row in zip(*(column.to_list() for column in columns.values()), strict=True)
    )
    objects = ["{" + ",".join(f'"{name}":{value}' for name, value in row if value is not None) + "}" for row in rows]
    return pl.Series(objects, dtype=pl.String)


def _body(batch: LogBatch) -> list[pl.Expr]:
    string, other = batch.column("body"), batch.column("body_any")
    if not string.null_count():
        return [pl.lit(',"body":{"text":"'), pl.lit(escaped(string)), pl.lit('"}')]
    bodies = {data: _structured(any_python(data)) for data in other.drop_nulls().unique()}
    structured = other.replace_strict(list(bodies), list(bodies.values()), default=None, return_dtype=pl.String)
    texts = pl.select(pl.concat_str(pl.lit('{"text":'), pl.lit(quoted(string)), pl.lit("}"))).to_series()
    return _members({"body": texts.zip_with(texts.is_not_null(), structured)})


def _structured(body: object) -> str | None:
    """Maps and arrays of maps are objects; Elasticsearch has no mixed arrays at the top, so others are wrapped."""
    if body is None:
        return None
    if isinstance(body, list) and not all(isinstance(item, dict) for item in body):
        body = {"value": body}
    return text({"structured" if isinstance(body, dict | list) else "text": body})
