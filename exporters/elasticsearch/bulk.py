"""The body of a bulk request: for each document an action line and the document.

{"create":{"_index":"logs-generic.otel-default","_id":"01KAR5…"}}
{"@timestamp":…}
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns.text_buffers import text_bytes
from collector.documents import quoted
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.documents import Documents, joined
from exporters.elasticsearch.otel import DOCUMENT_ID, PIPELINES


def body(batch: LogBatch, documents: Documents, config: ElasticsearchConfig) -> bytes:
    """NDJSON with the newline at the end that the API wants; empty without documents."""
    members = _members(batch, documents, config)
    pieces = [pl.lit(documents.action), *members, pl.lit("}}\n"), *documents.source, pl.lit("\n")]
    return text_bytes(joined(pieces))


def _members(batch: LogBatch, documents: Documents, config: ElasticsearchConfig) -> list[pl.Expr]:
    routing = batch.for_routing(config.routing_attributes)
    identity = routing.attribute_text(DOCUMENT_ID) if config.logs_dynamic_id.enabled else batch.column("record_id")
    pieces = [_member("_id", identity.gather(documents.items))]
    if config.logs_dynamic_pipeline.enabled:
        named = pl.select(pl.coalesce(pl.lit(routing.attribute_text(key)) for key in PIPELINES).alias("pipeline"))
        pieces.append(_member("pipeline", named.to_series().gather(documents.items)))
    return pieces


def _member(name: str, values: pl.Series) -> pl.Expr:
    given = quoted(values.set(values == "", None))
    return pl.concat_str(pl.lit(f',"{name}":'), pl.lit(given)).fill_null("")
