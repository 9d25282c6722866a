"""How often a monitor's query takes records of a batch: by domain, group and part of the window. In columns, but for what is distinct."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import polars as pl

from collector.batch import LogBatch
from collector.connectors.alerting.lags import Source
from collector.connectors.alerting.monitors import NONE, Counted
from collector.connectors.alerting.routes import NANOS
from collector.connectors.alerting.watch import Condition
from collector.documents.facts import said
from collector.query import Query
from collector.query.columns import text_of

_LATEST, _AHEAD = 900 * NANOS, 60 * NANOS
_MOST_CHARS = 200
_DOMAIN, _PART, _TIME, _ROW, _BODY, _RECEIVED = "\0domain", "\0part", "\0time", "\0row", "\0body", "\0received"
_OWN, _OBSERVED = "\0own", "\0observed"


class Stream:
    """The records of a batch that were sent, with times within what receipt allows."""

    def __init__(self, batch: LogBatch, now: int) -> None:
        generation = batch.generation
        self._rows = None if generation is None else (generation == 0).arg_true()
        self._batch = said(batch if generation is None else batch.filter(generation == 0))
        self._now = now

    @property
    def lags(self) -> dict[Source, int]:
        """How long ago the newest of each source was received, ns."""
        used = self._batch.column("payload").drop_nulls().unique()
        received = self._batch.payloads[used.to_numpy()].select(*Source._fields, "received_unix_ms").drop_nulls()
        newest = received.group_by(*Source._fields).agg(pl.col("received_unix_ms").max())
        return {Source(*source): max(0, self._now - at * 1_000_000) for *source, at in newest.iter_rows()}

    @cached_property
    def domains(self) -> list[str]:
        """Of those who sent it."""
        return [name for name in self._batch.column("domain").unique().to_list() if name]

    def counted(self, query: Query, condition: Condition, sample_chars: int) -> Iterator[Counted]:
        """By time."""
        taken = query.mask(self._batch)
        if not taken.any():
            return
        labels = condition.config.labels
        texts = [
            text_of(self._batch, field).alias(label)
            for label, field in zip(labels, condition.config.fields, strict=True)
        ]
        groups = [pl.col(label).str.slice(0, _MOST_CHARS).fill_null(NONE) for label in labels]
        counted = (
            pl.DataFrame([*self._raw, *texts]).lazy().filter(taken)
            .select(pl.col(_DOMAIN).fill_null(""), pl.col(_BODY, _ROW), *groups, _time().alias(_TIME))
            .group_by(pl.col(_TIME).floordiv(condition.part).alias(_PART), _DOMAIN, *labels, maintain_order=True)
            .agg(pl.len().alias("\0n"), pl.col(_TIME).max(), pl.col(_BODY).first().str.slice(0, sample_chars), pl.col(_ROW).first())
            .sort(_PART, maintain_order=True).collect()
        )  # fmt: skip
        for part, domain, *values, records, last, body, row in counted.iter_rows():
            yield Counted(domain, dict(zip(labels, values, strict=True)), part, records, last, body or "", row)

    @cached_property
    def _raw(self) -> list[pl.Series]:
        batch = self._batch
        rows = pl.int_range(len(batch), dtype=pl.UInt32, eager=True) if self._rows is None else self._rows
        return [
            batch.column("domain").alias(_DOMAIN), batch.column("body").alias(_BODY), rows.alias(_ROW), batch.column("time_unix_nano").alias(_OWN),
            batch.column("observed_time_unix_nano").alias(_OBSERVED), self._received.alias(_RECEIVED),
        ]  # fmt: skip

    @property
    def _received(self) -> pl.Series:
        """When each record was received, ns; now where it was in no journal."""
        payload, table = self._batch.column("payload"), self._batch.payloads.get_column("received_unix_ms")
        if not len(table) or payload.null_count():
            return pl.Series([self._now], dtype=pl.Int64).new_from_index(0, len(self._batch))
        return (table.cast(pl.Int64) * 1_000_000).fill_null(self._now).gather(payload)


def _time() -> pl.Expr:
    """When a record says that it happened, else was observed, else received; no later and earlier than receipt allows."""
    own, observed = (pl.col(name).cast(pl.Int64, strict=False).fill_null(0) for name in (_OWN, _OBSERVED))
    said_at = pl.when(own > 0).then(own).when(observed > 0).then(observed).otherwise(pl.col(_RECEIVED))
    return said_at.clip(pl.col(_RECEIVED) - _LATEST, pl.col(_RECEIVED) + _AHEAD)
