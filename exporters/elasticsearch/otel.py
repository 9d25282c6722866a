"""Documents of the mapping mode `otel`: OpenTelemetry's own fields, attributes with dotted keys.

{"@timestamp":"1710273641123.456780","observed_timestamp":…,"data_stream":{…},"severity_text":…,"severity_number":…,
 "trace_id":…,"span_id":…,"attributes":{…},"dropped_attributes_count":…,"event_name":…,"resource":{…},"scope":{…},
 "body":{"text":…} or {"structured":{…}}}

Times are milliseconds with a fraction. What a record does not say is left out.
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns.interleaved import Member, Piece
from collector.documents import quoted
from collector.documents.facts import happened
from collector.documents.json_text import escaped
from collector.documents.nested.record_texts import given, id_text
from collector.documents.nested.values import any_python, searchable_records, text
from collector.documents.time_texts import milliseconds
from exporters.elasticsearch.places import DOCUMENT_ID, ELSEWHERE, MODE, PIPELINES
from exporters.elasticsearch.routing import Routes, data_stream_json
from exporters.elasticsearch.shared_objects import attribute_objects, number, resources, scopes, spread

__all__ = ["DOCUMENT_ID", "MODE", "PIPELINES", "documents"]
_NO_ID = pl.Series([b""])


def documents(batch: LogBatch, routes: Routes) -> list[Piece]:
    """One JSON object a record, in pieces that only need to be joined."""
    happens, observed = happened(batch), batch.column("observed_time_unix_nano")
    stamp = milliseconds(happens)
    objects = attribute_objects(searchable_records(batch, ELSEWHERE), batch.attributes)
    return [
        '{"@timestamp":"',
        stamp,
        '"',
        Member(',"observed_timestamp":"', _observed(observed, happens, stamp), '"'),
        *_stream(routes),
        Member(',"severity_text":"', escaped(given(batch.column("severity_text"))), '"'),
        Member(',"severity_number":', number(batch.column("severity_number"))),
        *_id("trace_id", batch),
        *_id("span_id", batch),
        Member(',"attributes":', objects),
        Member(',"dropped_attributes_count":', number(batch.column("dropped_attributes_count"))),
        Member(',"event_name":"', escaped(_event_name(batch)), '"'),
        Member(',"resource":', spread(resources(batch), batch.column("resource"))),
        Member(',"scope":', spread(scopes(batch), batch.column("scope"))),
        *_body(batch),
        "}",
    ]


def _observed(observed: pl.Series, happens: pl.Series, stamp: pl.Series) -> pl.Series:
    if (observed == happens).all():
        return stamp
    none = observed == 0
    told = milliseconds(observed)
    return told.set(none, None) if none.any() else told


def _stream(routes: Routes) -> list[Piece]:
    told = data_stream_json(routes.stream)
    if len(told) != 1:
        return [Member(',"data_stream":', routes.spread(told))]
    return [] if told[0] is None else [f',"data_stream":{told[0]}']


def _id(name: str, batch: LogBatch) -> list[Piece]:
    ids = batch.column(name)
    return [Member(f',"{name}":"', id_text(ids).texts, '"')] if (ids != _NO_ID).any() else []


def _event_name(batch: LogBatch) -> pl.Series:
    name = given(batch.column("event_name"))
    return name.zip_with(name.is_not_null(), given(batch.attribute("event.name"))) if name.has_nulls() else name


def _body(batch: LogBatch) -> list[Piece]:
    string, other = batch.column("body"), batch.column("body_any")
    if not string.null_count():
        return [',"body":{"text":"', escaped(string), '"}']
    if other.null_count() == len(other):
        return [Member(',"body":{"text":"', escaped(string), '"}')]
    bodies = {data: _structured(any_python(data)) for data in other.drop_nulls().unique()}
    structured = other.replace_strict(list(bodies), list(bodies.values()), default=None, return_dtype=pl.String)
    texts = pl.select(pl.concat_str(pl.lit('{"text":'), pl.lit(quoted(string)), pl.lit("}"))).to_series()
    return [Member(',"body":', texts.zip_with(texts.is_not_null(), structured))]


def _structured(body: object) -> str | None:
    """Maps and arrays of maps are objects; Elasticsearch has no mixed arrays at the top, so others are wrapped."""
    if body is None:
        return None
    if isinstance(body, list) and not all(isinstance(item, dict) for item in body):
        body = {"value": body}
    return text({"structured" if isinstance(body, dict | list) else "text": body})
