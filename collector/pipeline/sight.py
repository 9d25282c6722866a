"""Who sees what components made: on the way through a pipeline only components that say so (`takes_events`), so that nothing
judges an event that is about itself, or counts it as traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from collector.batch import LogBatch, concat
from collector.shaping.events import hidden

_PLACE = "place"


def divided(batch: LogBatch, kinds: Sequence[str]) -> tuple[LogBatch, LogBatch | None]:
    """What a component may see that takes events of these kinds, and the rest; None where it may see all. Costs nothing
    when no record was made."""
    others = hidden(batch, kinds)
    if others is None:
        return batch, None
    places = pl.Series(_PLACE, np.arange(len(batch), dtype=np.int64))
    placed = replace(batch, records=batch.records.with_columns(places))
    return placed.filter(~others), placed.filter(others)


def rejoined(seen: LogBatch, unseen: LogBatch | None) -> LogBatch:
    """What the component gave back, with what it did not see in the places that it had. A record that the component added
    follows the one in front of it."""
    if unseen is None:
        return seen
    joined = concat([_placed(seen), unseen])
    order = np.argsort(joined.records.get_column(_PLACE).to_numpy(), kind="stable")
    bare = replace(joined, records=joined.records.drop(_PLACE))
    return bare if (np.diff(order) > 0).all() else bare.gather(pl.Series(order))


def _placed(seen: LogBatch) -> LogBatch:
    """With a place for each record, ascending, whatever the component did with the order."""
    if _PLACE not in seen.records.columns:
        return replace(seen, records=seen.records.with_columns(pl.lit(-1, pl.Int64).alias(_PLACE)))
    filled = pl.col(_PLACE).forward_fill().fill_null(-1).cum_max()
    return replace(seen, records=seen.records.with_columns(filled))
