"""Records that a component makes: what they are made of, their ids, and the mark that tells them from those that were sent.

The mark is how many generations lie between them and a record that was sent (`GENERATION`). What lies deeper than
`MOST_GENERATIONS` is not kept: events about events about events tell nobody anything.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from collector.base32 import received_ms
from collector.batch import LogBatch
from collector.columns import tables
from collector.columns.tables import GENERATION, PAYLOADS, RECORDS
from collector.pipeline.record_ids import made_ids, made_part

MOST_GENERATIONS = 3
_LONGEST_KIND = 100  # characters
_SOURCES = pl.Schema({"source": pl.String, "unix_ms": pl.Int64, "domain": pl.String, "generation": pl.UInt8})


@dataclass(frozen=True, slots=True)
class Occasion:
    """A tick that makes records: of which domain, when it was due, and what it is called."""

    domain: str
    due_unix_nano: int
    name: str


@dataclass(slots=True)
class Maker:
    """Makes the records of one component in one batch, or at one tick.

    Args:
        batch: what the component was given.
        occasion: the tick, where there is one.
        since_unix_ms: of records that were received before, nothing is made: they are dead letters that are tried again, and
            what they say is no news.
        sole: the batch is one record, of which all is made.
    """

    pipeline: str
    component: str
    batch: LogBatch
    occasion: Occasion | None = None
    since_unix_ms: int = 0
    sole: bool = False
    _made: Counter[str] = field(default_factory=Counter)

    def make(self, kind: str, records: LogBatch, parents: pl.Series | None, rule: str) -> LogBatch:
        """`records` as events of that kind, with all that only the core knows. See `Work.emit`.

        Raises:
            ValueError: nothing says what they are made of, or they can't be what is said.
        """
        if not 0 < len(kind) <= _LONGEST_KIND:
            raise ValueError(f"an event name of {len(kind)} characters: there are 1 to {_LONGEST_KIND}")
        if parents is None and self.sole:
            parents = pl.repeat(0, len(records), dtype=pl.UInt32, eager=True)
        sources = self._of_tick(len(records), rule) if parents is None else self._of(parents, len(records))
        news = sources.get_column("unix_ms") >= self.since_unix_ms
        records, sources = records.filter(news), sources.filter(news)
        parts = self._parts(sources, kind)
        observed, received = records.column("observed_time_unix_nano"), sources.get_column("unix_ms").cast(pl.UInt64)
        own = records.records.select(list(RECORDS))  # a copy of what was given says more: its place, its generation
        placed = own.with_columns(
            sources.get_column("domain"),
            sources.get_column("generation").alias(GENERATION),
            made_ids(parts, self._rows(parts)),
            observed.zip_with(observed > 0, received * 1_000_000),
            pl.repeat(kind, len(records), dtype=pl.String, eager=True).alias("event_name"),
        )
        payloads = sources.select("domain", pl.col("unix_ms").cast(pl.UInt64).alias("received_unix_ms")).unique()
        places = sources.select("domain", received_unix_ms=pl.col("unix_ms").cast(pl.UInt64)).join(
            payloads.with_row_index("payload"), on=["domain", "received_unix_ms"], how="left", maintain_order="left"
        )
        return replace(
            records,
            records=placed.with_columns(places.get_column("payload").cast(pl.UInt32)),
            payloads=tables.conform(payloads, PAYLOADS),
        )

    def _of(self, parents: pl.Series, records: int) -> pl.DataFrame:
        """What the parents, positions in the batch, hand on."""
        if len(parents) != records or parents.null_count():
            raise ValueError(f"{records} records need the position of what each was made of, not {len(parents)}")
        ids, domains = (self.batch.column(name).gather(parents) for name in ("record_id", "domain"))
        if ids.null_count():
            raise ValueError("what has no record id can't be what a record is made of")
        generation = self.batch.generation
        older = pl.repeat(0, records, dtype=pl.UInt8, eager=True) if generation is None else generation.gather(parents)
        times = [received_ms(record_id) for record_id in ids]
        return pl.DataFrame([ids, pl.Series(times, dtype=pl.Int64), domains.fill_null(""), older + 1], _SOURCES)

    def _of_tick(self, records: int, rule: str) -> pl.DataFrame:
        tick = self.occasion
        if tick is None:
            raise ValueError("outside a tick a record is made of others: `parents` says of which")
        source = f"{tick.name}\0{rule}" if rule else tick.name
        rows = [(source, tick.due_unix_nano // 1_000_000, tick.domain, 1)] * records
        return pl.DataFrame(rows, _SOURCES, orient="row")

    def _parts(self, sources: pl.DataFrame, kind: str) -> pl.Series:
        """The first 21 characters of each id, worked out once for each source."""
        distinct = sources.select("source", "unix_ms", "domain").unique()
        parts = [
            made_part(unix_ms, source, domain, self.pipeline, self.component, kind)
            for source, unix_ms, domain in distinct.iter_rows()
        ]
        found = distinct.with_columns(part=pl.Series(parts, dtype=pl.String))
        told = sources.join(found, on=["source", "unix_ms", "domain"], how="left", maintain_order="left")
        return told.get_column("part")

    def _rows(self, parts: pl.Series) -> np.ndarray:
        """The number of each record among those with the same front, those of earlier calls included."""
        numbered = pl.DataFrame({"part": parts}).select(row=pl.int_range(pl.len()).over("part"))
        rows = numbered.get_column("row").to_numpy().astype(np.int64)
        before = {part: self._made[part] for part in parts.unique() if part in self._made}
        self._made.update(parts.to_list())
        if before:
            rows = rows + parts.replace_strict(before, default=0, return_dtype=pl.Int64).to_numpy()
        return rows
