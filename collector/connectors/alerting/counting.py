"""How often a monitor's query takes records of a batch: by domain, group and part of the window. In columns, but for what is distinct."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from collector.batch import LogBatch
from collector.connectors.alerting.monitors import NONE, Counted
from collector.connectors.alerting.routes import NANOS
from collector.connectors.alerting.watch import Condition
from collector.documents.facts import said
from collector.query import Query
from collector.query.columns import text_of

_LATEST, _AHEAD = 900 * NANOS, 60 * NANOS
_MOST_CHARS = 200
_DOMAIN, _PART, _TIME, _ROW, _BODY = "\0domain", "\0part", "\0time", "\0row", "\0body"


class Stream:
    """The records of a batch that were sent, with times within what receipt allows."""

    def __init__(self, batch: LogBatch, now: int) -> None:
        generation = batch.generation
        rows = pl.int_range(len(batch), dtype=pl.UInt32, eager=True)
        self._rows = rows if generation is None else rows.filter(generation == 0)
        self._batch = said(batch if generation is None else batch.filter(generation == 0))
        received = _received(self._batch, now)
        self._times = _happened(self._batch, received)
        self.domains = [name for name in self._batch.column("domain").unique().to_list() if name]
        newest = received.max()
        self.lag = now - int(newest) if isinstance(newest, int) else 0

    def counted(self, query: Query, condition: Condition, sample_chars: int) -> Iterator[Counted]:
        """By time."""
        taken = query.mask(self._batch)
        if not taken.any():
            return
        labels = condition.config.labels
        frame = pl.DataFrame([
            self._batch.column("domain").fill_null("").alias(_DOMAIN), self._times.alias(_TIME), self._rows.alias(_ROW),
            (self._times // condition.part).alias(_PART), self._batch.column("body").alias(_BODY),
            *(text_of(self._batch, field).str.slice(0, _MOST_CHARS).fill_null(NONE).alias(label)
              for label, field in zip(labels, condition.config.fields, strict=True)),
        ]).filter(taken)  # fmt: skip
        counted = frame.group_by(_PART, _DOMAIN, *labels, maintain_order=True).agg(
            pl.len().alias("\0n"),
            pl.col(_TIME).max(),
            pl.col(_BODY).first().str.slice(0, sample_chars),
            pl.col(_ROW).first(),
        )
        for part, domain, *values, records, last, body, row in counted.sort(_PART, maintain_order=True).iter_rows():
            yield Counted(domain, dict(zip(labels, values, strict=True)), part, records, last, body or "", row)


def _received(batch: LogBatch, now: int) -> pl.Series:
    """When each record was received, ns; `now` where it was in no journal."""
    payload, table = batch.column("payload"), batch.payloads.get_column("received_unix_ms")
    if not len(table) or payload.null_count():
        return pl.repeat(now, len(batch), dtype=pl.Int64, eager=True)
    return (table.cast(pl.Int64) * 1_000_000).fill_null(now).gather(payload)


def _happened(batch: LogBatch, received: pl.Series) -> pl.Series:
    own, observed = (
        batch.column(name).cast(pl.Int64, strict=False).fill_null(0)
        for name in ("time_unix_nano", "observed_time_unix_nano")
    )
    said_at = own.zip_with(own > 0, observed)
    said_at = said_at.zip_with(said_at > 0, received)
    early, late = received - _LATEST, received + _AHEAD
    said_at = said_at.zip_with(said_at > early, early)
    return said_at.zip_with(said_at < late, late)
