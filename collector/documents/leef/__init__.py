"""IBM's Log Event Extended Format: one event a record, as text without a syslog header."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.device_event import Device, leef_severity

__all__ = ["Device", "leef_severity", "leef_text"]


def leef_text(batch: LogBatch, device: Device = Device(), delimiter: str = "\t") -> pl.Series:  # noqa: B008 frozen
    """`LEEF:2.0|vendor|product|version|event id|delimiter|key=value…`, one line a record, no null."""

    def clean(text: pl.Expr) -> pl.Expr:
        return text.fill_null("").str.replace_all(r"[\x00-\x1f|]+", " ").str.replace_all(delimiter, " ", literal=True)

    head = "|".join(
        str(pl.select(clean(pl.lit(part))).item()) for part in (device.vendor, device.product, device.version)
    )
    mark = "" if delimiter == "\t" else f"x{ord(delimiter):02X}"
    frame = batch.records.select(
        "time_unix_nano",
        "body",
        name=pl.col("event_name").replace("", "log"),
        severity=leef_severity(batch.column("severity_number"), batch.attribute("logboom.triage.level")),
    )
    line = pl.concat_str(
        pl.lit(f"LEEF:2.0|{head}|"),
        clean(pl.col("name")),
        pl.lit(f"|{mark}|"),
        pl.lit("devTime="),
        pl.col("time_unix_nano") // 1_000_000,
        pl.lit(f"{delimiter}sev="),
        "severity",
        pl.lit(f"{delimiter}msg="),
        clean(pl.col("body")),
    )
    return frame.select(line.alias("leef")).to_series()
