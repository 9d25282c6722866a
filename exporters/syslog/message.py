"""MSG: the text of a record, or the whole record as JSON, CEF or LEEF."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents import attributes_json, body_text, quoted, resource_json
from collector.documents.device_event import Device
from exporters.syslog.config import SyslogConfig
from exporters.syslog.control_characters import visible, visible_in_json

ATTRIBUTE = "message"
"""Where otelcol's syslog parser leaves MSG. otelcol's exporter takes nothing else; here the body stands in for it."""


def message(batch: LogBatch, config: SyslogConfig, attribute: pl.Series | None) -> pl.Series:
    """MSG of each record, safe to frame; null or empty where there is none.

    Args:
        attribute: the attribute `message` of each record, None when none has it.
    """
    match config.message_format:
        case "text":
            body = body_text(batch)
            return visible(body if attribute is None else attribute.zip_with(attribute.is_not_null(), body))
        case "json":
            return visible_in_json(record_json(batch))
        case "cef":
            from collector.documents.cef import cef_text

            return visible(cef_text(batch, _device(config)))
        case "leef":
            from collector.documents.leef import leef_text

            return visible(leef_text(batch, _device(config), config.leef_delimiter))


def record_json(batch: LogBatch) -> pl.Series:
    """One JSON object a record. Members without content are left out; `attributes` holds the derived ones too."""
    time = batch.column("time_unix_nano")
    time = time.zip_with(time > 0, batch.column("observed_time_unix_nano"))
    moments = time.set(time == 0, None).cast(pl.Int64).cast(pl.Datetime("ns"))
    number = batch.column("severity_number")
    attributes, resource = attributes_json(batch), resource_json(batch)
    members = {
        "time": quoted(moments.dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ")),
        "severity_number": number.set(number == 0, None).cast(pl.String),
        "severity_text": _filled(batch.column("severity_text")),
        "body": _body_json(batch),
        "event_name": _filled(batch.column("event_name")),
        "trace_id": _filled(batch.column("trace_id").bin.encode("hex")),
        "span_id": _filled(batch.column("span_id").bin.encode("hex")),
        "domain": quoted(batch.column("domain")),
        "record_id": quoted(batch.column("record_id")),
        "scope": _filled(batch.scope_field("name")),
        "attributes": attributes.set(attributes == "{}", None),
        "resource": resource.set(resource == "{}", None),
    }
    pieces = [pl.concat_str(pl.lit(f',"{name}":'), pl.lit(text)).alias(name) for name, text in members.items()]
    inner = pl.concat_str(pieces, ignore_nulls=True).str.strip_prefix(",")
    return pl.select(pl.concat_str(pl.lit("{"), inner, pl.lit("}")).alias("json")).to_series()


def _filled(text: pl.Series) -> pl.Series:
    return quoted(text.set(text.str.len_bytes() == 0, None))


def _body_json(batch: LogBatch) -> pl.Series:
    text, other = quoted(batch.column("body")), batch.column("body_any")
    if other.null_count() == len(other):
        return text
    from otlp_wire import any_json

    return text.zip_with(text.is_not_null(), any_json(other))


def _device(config: SyslogConfig) -> Device:
    options = config.device
    return Device(options.vendor, options.product, options.version or Device().version)
