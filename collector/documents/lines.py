"""Two plain models: the record as one JSON object, and the body as one line."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents import attributes_json, body_text, quoted, resource_json, scope_json
from collector.documents.bodies import structured_bodies
from collector.documents.facts import said

_CONTROL = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"]
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_CONTROL_TEXT = [_SHORT.get(mark, f"\\u{ord(mark):04x}") for mark in _CONTROL]
_MUST_ESCAPE = r"[\x00-\x1f\x7f-\x{9f}\x{2028}\x{2029}]"


def line_text(batch: LogBatch) -> pl.Series:
    """The body on one line, JSON for what is no string, empty for none; control characters are shown as `\\n`, `\\u001b`."""
    text = body_text(said(batch)).fill_null("")
    rows = text.str.contains(_MUST_ESCAPE).arg_true()
    if len(rows):
        text = text.scatter(rows, text.gather(rows).str.replace_many(_CONTROL, _CONTROL_TEXT))
    return text.rename("text")


def record_json(batch: LogBatch) -> pl.Series:
    """`{"timestamp":…,"severity_number":…,"body":…,"attributes":{…},"resource":{…},…}`, what is absent left out.

    Times are RFC 3339 with nanoseconds, ids hex. A body that is no string stands there as what it is.
    """
    batch = said(batch)
    body = quoted(batch.column("body"))
    body = body.zip_with(body.is_not_null(), structured_bodies(batch))
    number = batch.column("severity_number")
    members = {
        "timestamp": _time(batch.column("time_unix_nano")),
        "observed_timestamp": _time(batch.column("observed_time_unix_nano")),
        "severity_number": number.set(number == 0, None).cast(pl.String),
        "severity_text": _quoted(batch.column("severity_text")),
        "event_name": _quoted(batch.column("event_name")),
        "body": body,
        "trace_id": _id(batch.column("trace_id")),
        "span_id": _id(batch.column("span_id")),
        "domain": _quoted(batch.column("domain")),
        "scope_name": _quoted(batch.scope_field("name")),
        "scope_version": _quoted(batch.scope_field("version")),
        "scope_attributes": _object(scope_json(batch)),
        "resource": _object(resource_json(batch)),
        "attributes": _object(attributes_json(batch)),
    }
    pieces = [
        pl.concat_str(pl.lit(f',"{key}":'), pl.lit(text)).fill_null("")
        for key, text in members.items()
        if text.null_count() < len(text)
    ]
    identity = quoted(batch.column("record_id").fill_null(""))
    return pl.select(
        pl.concat_str(pl.lit('{"record_id":'), pl.lit(identity), *pieces, pl.lit("}")).alias("json")
    ).to_series()


def _time(nanoseconds: pl.Series) -> pl.Series:
    known = nanoseconds.set((nanoseconds == 0) | (nanoseconds > (1 << 63) - 1), None)
    return known.cast(pl.Datetime("ns")).dt.strftime('"%Y-%m-%dT%H:%M:%S%.9fZ"')


def _id(ids: pl.Series) -> pl.Series:
    return _quoted(ids.bin.encode("hex"))


def _quoted(text: pl.Series) -> pl.Series:
    return quoted(text.set(text == "", None))


def _object(text: pl.Series) -> pl.Series:
    return text.set(text == "{}", None)
