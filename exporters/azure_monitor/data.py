"""What an item says beside its properties, by its kind.

Message      "message":"…","severityLevel":"Error"
Exception    "exceptions":[{"typeName":"…","message":"…","hasFullStack":true,"stack":"…"}],"severityLevel":"Error"
Event        "name":"…"
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from collector.documents.bodies import body_text
from exporters.azure_monitor.config import AzureMonitorConfig

EVENT_NAMES = ("microsoft.custom_event.name", "APPLICATION_INSIGHTS_EVENT_MARKER_ATTRIBUTE")
_EXCEPTION = ("exception.type", "exception.message", "exception.stacktrace")
_NAME, _TYPE, _TEXT = 512, 1024, 32_768
"""Longest event name, type of an exception, message or stack, in characters."""
_LEVELS = ("Information", *["Verbose"] * 8, *["Information"] * 4, *["Warning"] * 4, *["Error"] * 4, *["Critical"] * 4)
"""By OpenTelemetry's severity number."""
_NOTHING = "n/a"
"""The message of a record that says nothing: it must have one."""


def kinds(batch: LogBatch, config: AzureMonitorConfig) -> pl.Series:
    """`Message`, `Exception` or `Event` for each record."""
    event, exception = _events(batch, config), _exceptions(batch, config)
    kind = pl.when(pl.lit(event)).then(pl.lit("Event")).when(pl.lit(exception)).then(pl.lit("Exception"))
    return batch.records.select(kind.otherwise(pl.lit("Message")).alias("kind")).to_series()


def contents(batch: LogBatch, config: AzureMonitorConfig) -> pl.Series:
    """The members of each item's data but its version and properties, without braces."""
    kind = kinds(batch, config)
    found = _message(batch)
    for name, made in (("Exception", _exception), ("Event", _event)):
        if (kind == name).any():
            found = made(batch).zip_with(kind == name, found)
    return found


def _events(batch: LogBatch, config: AzureMonitorConfig) -> pl.Series:
    return _there(batch, EVENT_NAMES if config.custom_events_enabled else ())


def _exceptions(batch: LogBatch, config: AzureMonitorConfig) -> pl.Series:
    return _there(batch, _EXCEPTION[:2] if config.exception_events_enabled else ())


def _there(batch: LogBatch, keys: tuple[str, ...]) -> pl.Series:
    found = pl.repeat(value=False, n=len(batch), eager=True)
    for key in keys:
        found |= batch.attribute_text(key).is_not_null()
    return found


def _message(batch: LogBatch) -> pl.Series:
    text = _first(body_text(batch), batch.attribute_text("exception.message"), batch.column("event_name"))
    return _joined(pl.lit('"message":'), _cut(text, _TEXT), _severity(batch))


def _exception(batch: LogBatch) -> pl.Series:
    kind, message, stack = (batch.attribute_text(key) for key in _EXCEPTION)
    last = pl.concat_str(pl.lit(',"hasFullStack":true,"stack":'), _cut(stack, _TEXT)).fill_null(',"hasFullStack":false')
    return _joined(
        pl.lit('"exceptions":[{"typeName":'), _cut(_first(kind), _TYPE), pl.lit(',"message":'),
        _cut(_first(message, body_text(batch), kind), _TEXT), last, pl.lit("}]"), _severity(batch),
    )  # fmt: skip


def _event(batch: LogBatch) -> pl.Series:
    return _joined(pl.lit('"name":'), _cut(_first(*(batch.attribute_text(key) for key in EVENT_NAMES)), _NAME))


def _severity(batch: LogBatch) -> pl.Expr:
    level = pl.Series(_LEVELS).gather(batch.column("severity_number").cast(pl.UInt32))
    return pl.concat_str(pl.lit(',"severityLevel":"'), pl.lit(level), pl.lit('"'))


def _first(*texts: pl.Series) -> pl.Series:
    """The first that says something."""
    said = [pl.lit(text.set(text == "", None)) for text in texts]
    return pl.select(pl.coalesce(*said, pl.lit(_NOTHING)).alias("text")).to_series()


def _cut(text: pl.Series, characters: int) -> pl.Expr:
    return pl.lit(quoted(text.str.head(characters)))


def _joined(*pieces: pl.Expr) -> pl.Series:
    return pl.select(pl.concat_str(pieces).alias("data")).to_series()
