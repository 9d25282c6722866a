"""`LogBatch` → what the view keeps of it: a line of JSON and the counted columns a record."""

from __future__ import annotations

import polars as pl

from collector import levels
from collector.base32 import received_ms
from collector.batch import LogBatch
from collector.documents import quoted
from collector.store.rows import Limits, rows
from exporters.kv.keys import hour_of

_SHOWN = (
    "record_id",
    "severity_number",
    "severity_text",
    "body",
    "service_name",
    "environment",
    "component",
    "endpoint",
    "error_type",
    "triage_level",
    "triage_rule",
    "pattern_id",
    "issue_id",
    "trace_id",
    "event_name",
    "generation",
)


def viewed(batch: LogBatch, max_body_bytes: int) -> pl.DataFrame:
    """Columns `record_id`, `domain`, `level`, `component`, `made` (whether a component made it: such records are not counted), `line`
    (an object; absent members are left out)."""
    frame = rows(batch, Limits(max_body_bytes, attribute_bytes=1024))
    time = pl.concat_str(pl.lit('"time_unix_nano":"'), pl.col("time_unix_nano"), pl.lit('"'))
    members = [time, *(_member(frame.get_column(name)) for name in _SHOWN)]
    inner = pl.concat_str(members, separator=",", ignore_nulls=True)
    return frame.select(
        "record_id",
        pl.col("domain").fill_null(""),
        level=levels.level(pl.col("triage_level"), pl.col("severity_number"), pl.col("error_type")),
        component=pl.col("component").fill_null(""),
        made=pl.col("generation").is_not_null(),
        line=pl.concat_str(pl.lit("{"), inner, pl.lit("}")),
    )


def received_hours(record_ids: pl.Series) -> pl.Series:
    """The hour of receipt of each record, `2026-11-23T07`."""
    stamps = record_ids.str.head(10)
    hours = {stamp: hour_of(received_ms(stamp)) for stamp in stamps.unique()}
    return stamps.replace_strict(hours, return_dtype=pl.String)


def _member(column: pl.Series) -> pl.Expr:
    text = quoted(column) if column.dtype == pl.String else column.cast(pl.String)
    return pl.concat_str(pl.lit(f'"{column.name}":'), pl.lit(text))
