"""Timestamps: RFC 3339 in UTC with at most six digits of a second, and the `Mmm dd hh:mm:ss` of RFC 3164."""

from __future__ import annotations

import time

import numpy as np
import polars as pl

from collector.batch import LogBatch

_SECOND = 1_000_000_000


def rfc5424(batch: LogBatch) -> pl.Series:
    """`2003-10-11T22:14:15.003Z`: digits beyond microseconds are left out, never rounded into the next second. Null
    when the record has neither its own time nor the one it was observed at."""
    nanos = _nanos(batch)
    seconds = _each_second(nanos // _SECOND, "%Y-%m-%dT%H:%M:%S", "UTC")
    digits = (nanos % _SECOND // 1000).cast(pl.String).str.zfill(6).str.strip_chars_end("0")
    columns = {"s": seconds, "d": digits, "unknown": nanos == 0}
    fraction = pl.when(pl.col("d") == "").then(pl.lit("")).otherwise(pl.concat_str(pl.lit("."), "d"))
    text = pl.concat_str("s", fraction, pl.lit("Z"))
    return pl.DataFrame(columns).select(pl.when(~pl.col("unknown")).then(text)).to_series()


def rfc3164(batch: LogBatch, zone: str) -> pl.Series:
    """`Oct  1 22:14:15` in the time zone; now where the record has no time, for this format must have one."""
    nanos = _nanos(batch)
    seconds = (nanos // _SECOND).set(nanos == 0, int(time.time()))
    return _each_second(seconds, "%b %e %H:%M:%S", zone)


def _nanos(batch: LogBatch) -> pl.Series:
    """The time of each record, or when it was observed; 0 = neither."""
    own = batch.column("time_unix_nano")
    return own.zip_with(own > 0, batch.column("observed_time_unix_nano"))


def _each_second(seconds: pl.Series, pattern: str, zone: str) -> pl.Series:
    """Formatted once for each second that occurs."""
    distinct, rows = np.unique(seconds.to_numpy(), return_inverse=True)
    moments = pl.from_epoch(pl.Series(distinct.astype(np.int64)), time_unit="s")
    local = moments.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    return local.dt.strftime(pattern).gather(pl.Series(rows.astype(np.uint32)))
