"""Documents of the mapping modes `none` and `raw`: one level, dotted keys.

none  {"@timestamp":…,"Attributes.http.route":…,"Body":…,"Resource.service.name":…,"Scope.name":…,"SeverityNumber":…,…}
raw   the same without the prefix `Attributes.`
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.tables import conform
from collector.documents import nested
from collector.documents.nested import Columns, Fields, Text, derived_fields, fields
from collector.documents.nested.layers import Layer
from collector.documents.nested.layout import flat
from collector.documents.nested.record_texts import given, id_text, number_text, timestamp_text
from exporters.elasticsearch.routing import Routes


def documents(batch: LogBatch, routes: Routes) -> list[pl.Series]:
    """Documents of the mode `none`."""
    return _documents(batch, routes, "Attributes.")


def raw_documents(batch: LogBatch, routes: Routes) -> list[pl.Series]:
    """Documents of the mode `raw`."""
    return _documents(batch, routes, "")


def stream_fields(routes: Routes, prefix: str = "") -> Columns:
    """The data stream's three fields."""
    columns = [(f"{prefix}data_stream.{column.name}", Text.of(column)) for column in routes.stream.iter_columns()]
    return Columns(columns, routes.place)


def _documents(batch: LogBatch, routes: Routes, prefix: str) -> list[pl.Series]:
    record = Columns(
        [
            ("@timestamp", timestamp_text(batch)),
            ("TraceId", id_text(batch.column("trace_id"))),
            ("SpanId", id_text(batch.column("span_id"))),
            ("TraceFlags", Text(batch.column("flags").cast(pl.String))),
            ("SeverityText", Text.of(given(batch.column("severity_text")))),
            ("SeverityNumber", number_text(batch.column("severity_number"))),
            ("Body", Text.of(batch.column("body"))),
        ]
    )
    layers: list[Layer] = [
        record,
        fields(batch.resource_attributes, batch.resources.height, batch.column("resource"), prefix="Resource."),
        fields(batch.scope_attributes, batch.scopes.height, batch.column("scope"), prefix="Scope."),
        _scopes(batch),
        *_bodies(batch),
        fields(batch.attributes, len(batch), prefix=prefix),
        derived_fields(batch, prefix=prefix),
        stream_fields(routes, prefix),
    ]
    return [nested.documents(layers, flat, len(batch))]


def _bodies(batch: LogBatch) -> list[Fields]:
    """Bodies that are no strings."""
    other = batch.column("body_any")
    if other.null_count() == len(other):
        return []
    at = other.is_not_null().arg_true()
    rows = pl.DataFrame({"owner": at.cast(pl.UInt32), "any": other.gather(at)})
    table = conform(rows.with_columns(key=pl.lit("Body"), kind=pl.lit(int(ValueKind.ANY), pl.UInt8)))
    return [fields(table, len(batch))]


def _scopes(batch: LogBatch) -> Columns:
    """Name and version are always there, and win over attributes of that name."""
    names = ("name", "version")
    columns = [(f"Scope.{name}", Text.of(batch.scopes.get_column(name).fill_null(""))) for name in names]
    return Columns(columns, batch.column("scope"))
