"""`LogBatch` → events of the HTTP Event Collector, one JSON text a record, a column at a time.

{"time":1700000000.123,"host":"web-1","source":"app","sourcetype":"json","index":"main","event":…,"fields":{…}}

What stands at `event` is the body, or a document of `collector.documents.models`: a column of JSON text either way.
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns.distinct import once_each
from collector.documents import attributes_json, quoted
from collector.documents.bodies import has_structured, structured_bodies
from collector.documents.facts import said
from collector.documents.options import JSON_MODELS, DocumentModel
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.fields import fields, record_id_field
from exporters.splunk_hec.metadata import TOKEN, Metadata

_NANOS = 9


def events(batch: LogBatch, config: SplunkHecConfig) -> pl.Series:
    """One envelope a record; null for a record that has no event."""
    batch = said(batch)
    metadata = Metadata(config)
    members = once_each(metadata.columns(batch), _metadata_members)
    if config.format == "otel":
        event = _bodies(batch, config)
        more = fields(batch, config.otel_to_hec_fields, (*metadata.keys, TOKEN))
    else:
        event = _documents(batch, config.format, config)
        more = record_id_field(batch, config.otel_to_hec_fields)
    pieces = (_times(batch, config.time_decimals), members, ',"event":', event, more, "}\n")
    line = pl.concat_str([pl.lit(piece) for piece in pieces])
    return pl.select(line.alias("event")).to_series()


def bodies(batch: LogBatch) -> pl.Series:
    """Bodies as JSON; null where there is none, or nothing in it."""
    own = batch.column("body")
    text = quoted(own.set(own == "", None))
    return with_structured(text, batch)


def with_structured(text: pl.Series, batch: LogBatch) -> pl.Series:
    """Where there is no text, the body that is no string, as JSON; null for one that says nothing."""
    if not has_structured(batch):
        return text
    json = structured_bodies(batch)
    return text.zip_with(text.is_not_null(), json.set(json == "null", None))


def _bodies(batch: LogBatch, config: SplunkHecConfig) -> pl.Series:
    own = bodies(batch)
    if config.empty_body != "attributes" or not own.null_count():
        return own
    attributes = attributes_json(batch)
    return own.zip_with(own.is_not_null(), attributes.set(attributes == "{}", '"-"'))


def _documents(batch: LogBatch, model: DocumentModel, config: SplunkHecConfig) -> pl.Series:
    from collector.documents.models import texts  # loads all models, which most configurations do without

    found = texts(batch, model, config)
    return found if model in JSON_MODELS else quoted(found)


def _metadata_members(columns: pl.DataFrame) -> pl.Series:
    """`"host":"h","source":"s"`; what is empty is left out, the host never is."""
    pieces = [pl.lit('"host":'), pl.lit(quoted(columns.get_column("host")))]
    for name in ("source", "sourcetype", "index"):
        column = columns.get_column(name)
        pieces.append(pl.concat_str(pl.lit(f',"{name}":'), pl.lit(quoted(column.set(column == "", None)))))
    return pl.select(pl.concat_str(pieces, ignore_nulls=True).alias("members")).to_series()


def _times(batch: LogBatch, decimals: int) -> pl.Series:
    """`{"time":1700000000.123,`, by integers; `{` without a time: then Splunk takes its own."""
    unit = 10 ** (_NANOS - decimals)
    nanos = pl.when(pl.col("time_unix_nano") > 0).then("time_unix_nano").otherwise("observed_time_unix_nano")
    ticks = batch.records.select(((nanos // (unit // 2) + 1) // 2 if unit > 1 else nanos).alias("t")).to_series()
    digits = ticks.cast(pl.String).str.zfill(decimals + 1)
    known = pl.concat_str(
        pl.lit('{"time":'),
        pl.lit(digits).str.head(-decimals),
        pl.lit("."),
        pl.lit(digits).str.tail(decimals),
        pl.lit(","),
    )
    if not (ticks == 0).any():
        return pl.select(known.alias("time")).to_series()
    return pl.select(pl.when(pl.lit(ticks) == 0).then(pl.lit("{")).otherwise(known).alias("time")).to_series()
