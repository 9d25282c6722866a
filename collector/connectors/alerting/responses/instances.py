"""Which instances of a service told something just now: one forged line, or one sick machine, is no quorum."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.connectors.alerting.responses.book import FRESH_NANOS

_NAMES = ("service.instance.id", "k8s.pod.uid", "k8s.pod.name", "host.id", "host.name")
_MOST_CHARS = 200


def instances(batch: LogBatch, rows: pl.Series, now: int) -> pl.Series:
    """For each of some records who told it, by its resource; "" = nobody says. Null: it is old, came long ago, or a component made it."""
    said = pl.DataFrame({name: batch.resource_attribute_text(name).gather(rows) for name in _NAMES}).select(
        pl.coalesce(*_NAMES).fill_null("").str.slice(0, _MOST_CHARS)
    )
    time = batch.column("time_unix_nano").gather(rows)
    time = time.zip_with(time > 0, batch.column("observed_time_unix_nano").gather(rows)).cast(pl.Int64)
    received = batch.payloads.get_column("received_unix_ms").gather(batch.column("payload").gather(rows))
    news = (time >= now - FRESH_NANOS) & (
        received.cast(pl.Int64).fill_null(now // 1_000_000) >= (now - FRESH_NANOS) // 1_000_000
    )
    if batch.generation is not None:
        news &= batch.generation.gather(rows) == 0
    return said.to_series().set(~news, None)
