"""The body of a bulk request: for each document an action line and the document.

{"create":{"_index":"logs-generic.otel-default","_id":"01KAR5…"}}
{"@timestamp":…}
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns.interleaved import Member, Piece, joined_bytes
from collector.documents.json_text import escaped
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.documents import Documents
from exporters.elasticsearch.otel import DOCUMENT_ID, PIPELINES


def body(batch: LogBatch, documents: Documents, config: ElasticsearchConfig) -> bytes:
    """NDJSON with the newline at the end that the API wants; empty without documents."""
    members = _members(batch, documents, config)
    pieces = [documents.action, *members, "}}\n", *documents.source, "\n"]
    return joined_bytes(pieces, len(documents.items))


def _members(batch: LogBatch, documents: Documents, config: ElasticsearchConfig) -> list[Piece]:
    if not config.logs_dynamic_id.enabled and not config.logs_dynamic_pipeline.enabled:
        return [_member("_id", batch.column("record_id"), documents)]
    routing = batch.for_routing(config.routing_attributes)
    identity = routing.attribute_text(DOCUMENT_ID) if config.logs_dynamic_id.enabled else batch.column("record_id")
    pieces = [_member("_id", identity, documents)]
    if config.logs_dynamic_pipeline.enabled:
        named = pl.select(pl.coalesce(pl.lit(routing.attribute_text(key)) for key in PIPELINES).alias("pipeline"))
        pieces.append(_member("pipeline", named.to_series(), documents))
    return pieces


def _member(name: str, values: pl.Series, documents: Documents) -> Piece:
    own = values if len(documents.items) == len(values) else values[pl.Series(documents.items)]
    empty = own == ""
    return Member(f',"{name}":"', escaped(own.set(empty, None) if empty.any() else own), '"')
