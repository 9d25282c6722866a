"""`LogBatch` → the body of one push: records of one label set together, in their order.

{"streams":[{"stream":{"job":"shop/web","level":"ERROR"},"values":[["1700000000123456789","{\\"body\\":…}"],…]},…]}
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from collector.documents.facts import normalised, said
from exporters.loki.config import LokiConfig
from exporters.loki.labels import Hinted, hinted, labels_of
from exporters.loki.lines import lines


def push(batch: LogBatch, config: LokiConfig, now_unix_nano: int) -> bytes:
    """The body, uncompressed. `now_unix_nano` is the time of records that have none."""
    batch = normalised(said(batch))
    rows = pl.concat([_rows(part, config, now_unix_nano) for part in hinted(batch, config)]).sort("row")
    streams = rows.group_by("stream", maintain_order=True).agg(pl.col("value").str.join(","))
    text = pl.concat_str(pl.lit('{"stream":'), "stream", pl.lit(',"values":['), "value", pl.lit("]}"))
    return b'{"streams":[%b]}' % ",".join(streams.select(text.alias("stream")).to_series()).encode()


def _rows(part: Hinted, config: LokiConfig, now_unix_nano: int) -> pl.DataFrame:
    """row, stream, value: of each record its place in the batch, its label set, and its entry."""
    labels = labels_of(part, config)
    line = quoted(lines(part.batch, part.format, labels.used))
    time = _time(part.batch, now_unix_nano).cast(pl.String)
    value = pl.concat_str(pl.lit('["'), pl.lit(time), pl.lit('",'), pl.lit(line), pl.lit("]"))
    return pl.select(pl.lit(part.rows).alias("row"), pl.lit(labels.text).alias("stream"), value.alias("value"))


def _time(batch: LogBatch, now_unix_nano: int) -> pl.Series:
    own, observed = batch.column("time_unix_nano"), batch.column("observed_time_unix_nano")
    known = observed.zip_with(own == 0, own)
    return known.set(known == 0, now_unix_nano)
