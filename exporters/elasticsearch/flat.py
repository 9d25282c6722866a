"""Documents of the mapping modes `none` and `raw`: one level, dotted keys.

none  {"@timestamp":…,"Attributes.http.route":…,"Body":…,"Resource.service.name":…,"Scope.name":…,"SeverityNumber":…,…}
raw   the same without the prefix `Attributes.`
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.documents import quoted
from collector.tables import conform, stack
from exporters.elasticsearch import layout, shapes
from exporters.elasticsearch.fields import fields
from exporters.elasticsearch.routing import Routes, timestamps
from exporters.elasticsearch.values import text


def documents(batch: LogBatch, routes: Routes) -> list[pl.Expr]:
    """Documents of the mode `none`."""
    return _documents(batch, routes, "Attributes.")


def raw_documents(batch: LogBatch, routes: Routes) -> list[pl.Expr]:
    """Documents of the mode `raw`."""
    return _documents(batch, routes, "")


def _documents(batch: LogBatch, routes: Routes, prefix: str) -> list[pl.Expr]:
    before = {
        "@timestamp": timestamp_texts(batch),
        "TraceId": id_texts(batch.column("trace_id")),
        "SpanId": id_texts(batch.column("span_id")),
        "TraceFlags": batch.column("flags").cast(pl.String),
        "SeverityText": quoted(given(batch.column("severity_text"))),
        "SeverityNumber": batch.column("severity_number").cast(pl.String),
        "Body": quoted(batch.column("body")),
    }
    sources = shapes.Sources(
        before,
        shapes.small(_prefixed(fields(batch.resource_attributes), "Resource."), batch.resources.height),
        _scopes(batch),
        fields(stack([_bodies(batch), _prefixed(batch.all_attributes(), prefix)])),
        stream_texts(routes, prefix),
    )
    return [pl.lit(shapes.documents(batch, sources, layout.flat))]


def timestamp_texts(batch: LogBatch) -> pl.Series:
    """`"2024-01-15T10:30:00.000000000Z"`."""
    return timestamps(batch).dt.strftime('"%Y-%m-%dT%H:%M:%S%.9fZ"')


def id_texts(ids: pl.Series) -> pl.Series:
    """Hex in quotes; null for none."""
    digits = ids.bin.encode("hex")
    return quoted(digits.set(digits.str.strip_chars("0") == "", None))


def given(values: pl.Series) -> pl.Series:
    """Null for an empty text."""
    return values.set(values == "", None)


def stream_texts(routes: Routes, prefix: str = "") -> dict[str, pl.Series]:
    """The data stream's three fields."""
    return {
        f"{prefix}data_stream.{column.name}": routes.spread(quoted(column)) for column in routes.stream.iter_columns()
    }


def _prefixed(table: pl.DataFrame, prefix: str) -> pl.DataFrame:
    return table.with_columns(pl.concat_str(pl.lit(prefix), "key").alias("key")) if prefix else table


def _bodies(batch: LogBatch) -> pl.DataFrame:
    """Bodies that are no strings, as rows of an attribute table."""
    other = batch.column("body_any")
    at = other.is_not_null().arg_true()
    rows = pl.DataFrame({"owner": at.cast(pl.UInt32), "any": other.gather(at)})
    return conform(rows.with_columns(key=pl.lit("Body"), kind=pl.lit(int(ValueKind.ANY), pl.UInt8)))


def _scopes(batch: LogBatch) -> list[list[tuple[str, str]]]:
    """Name and version are always there, and win over attributes of that name."""
    listed = shapes.small(_prefixed(fields(batch.scope_attributes), "Scope."), batch.scopes.height)
    for own, name, version in zip(listed, batch.scopes["name"], batch.scopes["version"], strict=True):
        own += [("Scope.name", text(name or "")), ("Scope.version", text(version or ""))]
    return listed
