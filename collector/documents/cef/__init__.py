"""ArcSight's Common Event Format: one event a record, as text without a syslog header."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.device_event import Device, cef_severity

__all__ = ["Device", "cef_severity", "cef_text"]


def _value(text: pl.Expr) -> pl.Expr:
    return (
        text.fill_null("").str.slice(0, 1023).str.replace_many(["\\", "=", "\n", "\r"], ["\\\\", "\\=", "\\n", "\\r"])
    )


def _header(text: pl.Expr) -> pl.Expr:
    return text.fill_null("").str.replace_all(r"[\x00-\x1f]+", " ").str.replace_many(["\\", "|"], ["\\\\", "\\|"])


def cef_text(batch: LogBatch, device: Device = Device()) -> pl.Series:  # noqa: B008 frozen
    """`CEF:0|vendor|product|version|class|name|severity|extension`, one line a record, no null."""
    head = "|".join(_header_text(part) for part in (device.vendor, device.product, device.version))
    frame = batch.records.select(
        "time_unix_nano",
        "record_id",
        "body",
        name=pl.col("event_name").replace("", "log"),
        severity=cef_severity(batch.column("severity_number"), batch.attribute("logboom.triage.level")),
    )
    line = pl.format(
        "{}|{}|{}|{}|rt={} externalId={} msg={}",
        pl.lit("CEF:0|" + head),
        _header(pl.col("name")),
        _header(pl.col("name")),
        "severity",
        pl.col("time_unix_nano") // 1_000_000,
        _value(pl.col("record_id")),
        _value(pl.col("body")),
    )
    return frame.select(line.alias("cef")).to_series()


def _header_text(text: str) -> str:
    return str(pl.select(_header(pl.lit(text))).item())
