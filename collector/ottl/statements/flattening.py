"""`flatten_data`: each record with a resource and a scope of its own, and equal ones joined again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import renumbered

_LEVELS = (("resource", "resources", "resource_attributes"), ("scope", "scopes", "scope_attributes"))


def apart(batch: LogBatch) -> LogBatch:
    """Row i of resources and scopes belongs to record i."""
    own = pl.Series(np.arange(len(batch), dtype=np.uint32))
    changed: dict[str, Any] = {}
    for level, table, attributes in _LEVELS:
        positions = batch.column(level)
        changed[table] = getattr(batch, table)[positions.to_numpy()]
        owners = pl.DataFrame([positions.alias("from"), own.alias("owner")])
        rows = getattr(batch, attributes).rename({"owner": "from"})
        joined = owners.join(rows, on="from", how="inner", maintain_order="left_right").drop("from")
        changed[attributes] = joined
    records = batch.records.with_columns(own.alias("resource"), own.alias("scope"))
    return replace(batch, records=records, **changed)


def together(batch: LogBatch) -> LogBatch:
    """Resources (and scopes within one resource) that say the same are one."""
    records, changed = batch.records, {}
    within = np.zeros(len(batch), dtype=np.uint32)
    for level, table, attributes in _LEVELS:
        rows, held = getattr(batch, table), getattr(batch, attributes)
        place = _joined(rows, held, within)
        kept = np.unique(place, return_index=True)[1]
        new = np.full(rows.height, -1, dtype=np.int64)
        new[kept] = np.arange(len(kept))
        changed[table] = rows[kept]
        changed[attributes] = renumbered(held, new)
        records = records.with_columns(pl.Series(level, place[records.get_column(level).to_numpy()]))
        within = place
    return replace(batch, records=records, **changed)


def _joined(rows: pl.DataFrame, held: pl.DataFrame, within: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """For each row the number of those that say the same, by first appearance."""
    own: list[list[Any]] = [[] for _ in range(rows.height)]
    for owner, *attribute in held.sort("owner", "key").iter_rows():
        own[owner].append(tuple(attribute))
    numbers: dict[Any, int] = {}
    said = zip(within.tolist(), rows.iter_rows(), map(tuple, own), strict=True)
    return np.array([numbers.setdefault(one, len(numbers)) for one in said], dtype=np.uint32)
