"""`LogBatch` → rows of the tables that are made of events. Only what components made describes anything, whatever a sender writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from collector.base32 import received_ms
from collector.batch import LogBatch, ValueKind
from collector.documents import cut
from collector.documents.facts import happened
from collector.shaping.events import taken
from collector.store.projection import VERSION_ATTRIBUTE, Column, Projection
from collector.store.projections import PROJECTIONS

_LAST_NUMBER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Described:
    """Rows of a table, columns as in its declaration."""

    projection: Projection
    rows: pl.DataFrame


def in_tables_alone(batch: LogBatch, projections: Sequence[Projection] = PROJECTIONS) -> pl.Series | None:
    """Which records are events that stand in a table of theirs and are no rows of `logs`; None where there are none."""
    generation = batch.generation
    if generation is None:
        return None
    kinds = [kind for projection in projections if projection.alone for kind in projection.kinds]
    found = (generation > 0) & taken(batch.column("event_name"), kinds)
    return found if found.any() else None


def listed(batch: LogBatch) -> LogBatch:
    """The records that are rows of `logs`."""
    others = in_tables_alone(batch)
    return batch if others is None else batch.filter(~others)


def described(batch: LogBatch, text_bytes: int, projections: Sequence[Projection] = PROJECTIONS) -> Sequence[Described]:
    """What the events of a batch say, a table each; longer texts are cut. Costs nothing when no record was made."""
    if batch.generation is None:
        return ()
    return [found for projection in projections if (found := _of(projection, batch, text_bytes)) is not None]


def _of(projection: Projection, batch: LogBatch, text_bytes: int) -> Described | None:
    generation = batch.generation
    assert generation is not None
    events = batch.filter((generation > 0) & taken(batch.column("event_name"), projection.kinds))
    if not len(events):
        return None
    rows = pl.DataFrame(list(_columns(projection, events, text_bytes)))
    named = rows.drop_nulls([column.name for column in projection.primary_key])
    return Described(projection, named) if named.height else None


def _columns(projection: Projection, events: LogBatch, text_bytes: int) -> Iterator[pl.Series]:
    own = {
        "domain": lambda: events.column("domain").fill_null(""),
        "event_id": lambda: events.column("record_id"),
        "version": lambda: _versions(events),
    }
    for column in projection.all_columns:
        made = own.get(column.name)
        yield (made() if made else _column(column, events, text_bytes)).alias(column.name)


def _column(column: Column, events: LogBatch, text_bytes: int) -> pl.Series:
    if not column.attribute:
        return happened(events).clip(upper_bound=_LAST_NUMBER).cast(pl.Int64)
    if column.kind == "INTEGER":
        return events.attribute(column.attribute, ValueKind.INT)
    text, _ = cut(events.attribute_text(column.attribute), text_bytes)
    return text.set(text == "", None)


def _versions(events: LogBatch) -> pl.Series:
    """What the owner says; an event without one is as new as its receipt."""
    told = events.attribute(VERSION_ATTRIBUTE, ValueKind.INT)
    if not told.null_count():
        return told
    received = [received_ms(record_id) for record_id in events.column("record_id")]
    return told.zip_with(told.is_not_null(), pl.Series(received, dtype=pl.Int64))
