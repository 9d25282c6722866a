"""MSG: the text of a record, or the whole record as a document."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents import body_text
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
    if config.format == "text":
        body = body_text(batch)
        return visible(body if attribute is None else attribute.zip_with(attribute.is_not_null(), body))
    document = _document(batch, config)
    if config.format in ("cef", "leef"):
        return document  # they hold no control character but LEEF's delimiter
    return visible_in_json(document)


def _document(batch: LogBatch, config: SyslogConfig) -> pl.Series:
    extra = config.extra_attributes
    match config.format:
        case "cef":
            from collector.documents.cef import cef_text

            return cef_text(batch, _device(config), extra_attributes=extra)
        case "leef":
            from collector.documents.leef import leef_text

            return leef_text(batch, _device(config), config.leef_delimiter, extra_attributes=extra)
        case model:
            from collector.documents.models import texts

            return texts(batch, model, config)


def _device(config: SyslogConfig) -> Device:
    given = config.device
    return Device(given.vendor, given.product, given.version or Device().version)
