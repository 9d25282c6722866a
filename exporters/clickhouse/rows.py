"""`LogBatch` → an Arrow stream of the Collector's columns, as ClickHouse reads it (`FORMAT ArrowStream`): one record batch, a row a record."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pyarrow as pa

from collector.batch import ATTRIBUTES, LogBatch
from collector.documents import body_text
from collector.documents.facts import happened, said
from collector.documents.plain_text import as_texts

_LAST_NANO = (1 << 63) - 1
"""Of a column of nanoseconds: in 2262. What says to be later stands there."""


def arrow_stream(batch: LogBatch) -> bytes:
    """The rows, uncompressed."""
    table = pa.table(_columns(said(batch)))
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _columns(batch: LogBatch) -> dict[str, pa.Array]:
    resources = _maps(batch.resource_attributes, batch.resources.height)
    scopes = _maps(batch.scope_attributes, batch.scopes.height)
    return {
        "Timestamp": _times(batch),
        "TraceId": _text(batch.column("trace_id").bin.encode("hex")),
        "SpanId": _text(batch.column("span_id").bin.encode("hex")),
        "TraceFlags": (batch.column("flags") & 0xFF).cast(pl.UInt8).to_arrow(),
        "SeverityText": _text(batch.column("severity_text")),
        "SeverityNumber": batch.column("severity_number").cast(pl.UInt8).to_arrow(),
        "ServiceName": _text(batch.resource_attribute_text("service.name")),
        "Body": _text(body_text(batch)),
        "ResourceSchemaUrl": _text(batch.resource_field("schema_url")),
        "ResourceAttributes": _spread(resources, batch.column("resource")),
        "ScopeSchemaUrl": _text(batch.scope_field("schema_url")),
        "ScopeName": _text(batch.scope_field("name")),
        "ScopeVersion": _text(batch.scope_field("version")),
        "ScopeAttributes": _spread(scopes, batch.column("scope")),
        "LogAttributes": _maps(batch.all_attributes(), len(batch)),
        "EventName": _text(batch.column("event_name")),
    }


def _times(batch: LogBatch) -> pa.Array:
    nanos = happened(batch).clip(upper_bound=_LAST_NANO).cast(pl.Int64)
    return nanos.cast(pl.Datetime("ns", "UTC")).to_arrow()


def _text(text: pl.Series) -> pa.Array:
    return text.fill_null("").to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())


def _maps(table: pl.DataFrame, height: int) -> pa.Array:
    """One map an owner, of text to text, its keys in order: ClickHouse compares maps as they are written. Of a repeated key the first counts."""
    texts = as_texts(table).unique(["owner", "key"], keep="first", maintain_order=True).sort("owner", "key")
    owners = texts.get_column("owner").to_numpy()
    offsets = np.searchsorted(owners, np.arange(height + 1)).astype(np.int32)
    return pa.MapArray.from_arrays(offsets, _text(texts.get_column("key")), _text(texts.get_column("string")))


def _spread(maps: pa.Array, owners: pl.Series) -> pa.Array:
    """The map of each record; an empty one for all where there are none."""
    if not len(maps):
        return _maps(ATTRIBUTES.to_frame(), len(owners))
    return maps.take(owners.to_arrow())
