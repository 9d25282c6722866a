"""Work on a frame once per distinct row, where there are few: what a program says about its records repeats itself.

Columns that have their codes already are grouped by `collector.columns.dictionary.distinct_rows`; coding the texts of a frame first costs
as much as polars' grouping, and five times as much where most rows differ.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

_ROW = "logboom.row"
_FEW = 4
"""Rows must come this often on average for the grouping to pay."""


def once_each(frame: pl.DataFrame, function: Callable[[pl.DataFrame], pl.Series]) -> pl.Series:
    """`function(frame)`, a value a row, for a function that looks at each row alone."""
    rows, place = few_rows(frame)
    values = function(rows)
    return values if place is None else values.gather(place)


def few_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series | None]:
    """The distinct rows, and for each row which of them it is; the frame and None where there are too many."""
    if not frame.height or any(dtype.is_float() for dtype in frame.dtypes):  # 0.0 and -0.0 would be one row
        return frame, None
    if frame.hash_rows().n_unique() * _FEW > frame.height:
        return frame, None
    groups = frame.with_row_index(_ROW).group_by(frame.columns).agg(_ROW)
    rows = groups.get_column(_ROW)
    place = np.empty(frame.height, dtype=np.uint32)
    place[rows.explode(empty_as_null=True).to_numpy()] = np.repeat(
        np.arange(groups.height, dtype=np.uint32), rows.list.len().to_numpy()
    )
    return groups.drop(_ROW), pl.Series(place)
