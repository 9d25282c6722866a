"""Which events somebody gets: records that components made, by their kinds. Whoever names none gets what was sent, alone."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from collector.batch import LogBatch


def taken(names: pl.Series, kinds: Sequence[str]) -> pl.Series:
    """Which event names are of these kinds: a name, or the front of many, `logboom.anomaly.*`."""
    exact = [kind for kind in kinds if not kind.endswith("*")]
    fronts = [kind.removesuffix("*") for kind in kinds if kind.endswith("*")]
    found = names.is_in(exact)
    for front in fronts:
        found = found | names.str.starts_with(front)
    return found


def hidden(batch: LogBatch, kinds: Sequence[str]) -> pl.Series | None:
    """Which records are events of other kinds; None where there are none. Costs nothing when no record was made."""
    generation = batch.generation
    if generation is None:
        return None
    others = (generation > 0) & ~taken(batch.column("event_name"), kinds)
    return others if others.any() else None
