"""Who sees what components made: on the way through a pipeline only components that say so (`takes_events`), so that nothing
judges an event that is about itself, or counts it as traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from collector.batch import LogBatch, concat

_PLACE = "place"


def divided(batch: LogBatch, kinds: Sequence[str]) -> tuple[LogBatch, LogBatch | None]:
    """What a component may see that takes events of these kinds, and the rest; None where it may see all. Costs nothing
    when no record was made."""
    generation = batch.generation
    if generation is None:
        return batch, None
    hidden = (generation > 0) & ~taken(batch.column("event_name"), kinds)
    if not hidden.any():
        return batch, None
    places = pl.Series(_PLACE, np.arange(len(batch), dtype=np.int64))
    placed = replace(batch, records=batch.records.with_columns(places))
    return placed.filter(~hidden), placed.filter(hidden)


def taken(names: pl.Series, kinds: Sequence[str]) -> pl.Series:
    """Which event names are of these kinds: a name, or the front of many, `logboom.anomaly.*`."""
    exact = [kind for kind in kinds if not kind.endswith("*")]
    fronts = [kind.removesuffix("*") for kind in kinds if kind.endswith("*")]
    found = names.is_in(exact)
    for front in fronts:
        found = found | names.str.starts_with(front)
    return found


def rejoined(seen: LogBatch, hidden: LogBatch | None) -> LogBatch:
    """What the component gave back, with what it did not see in the places that it had. A record that the component added
    follows the one in front of it."""
    if hidden is None:
        return seen
    joined = concat([_placed(seen), hidden])
    order = np.argsort(joined.records.get_column(_PLACE).to_numpy(), kind="stable")
    bare = replace(joined, records=joined.records.drop(_PLACE))
    return bare if (np.diff(order) > 0).all() else bare.gather(pl.Series(order))


def _placed(seen: LogBatch) -> LogBatch:
    """With a place for each record, ascending, whatever the component did with the order."""
    if _PLACE not in seen.records.columns:
        return replace(seen, records=seen.records.with_columns(pl.lit(-1, pl.Int64).alias(_PLACE)))
    filled = pl.col(_PLACE).forward_fill().fill_null(-1).cum_max()
    return replace(seen, records=seen.records.with_columns(filled))
