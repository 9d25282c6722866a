"""Which values an editor may change: asked of all values at once, so that only those are edited one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.ottl.regex import contains

Mask = npt.NDArray[np.bool_]
MANY = 16
"""Values so many that asking all at once costs less than editing each."""


def texts(values: Sequence[Any]) -> Mask:
    """Which of the values are texts."""
    return np.fromiter((isinstance(value, str) for value in values), np.bool_, len(values))


def with_match(values: Sequence[Any], pattern: str) -> Mask:
    """Which of the values are texts that an expression matches somewhere."""
    if len(values) < MANY:
        return texts(values)
    return _asked(values, contains(pl.col("text"), pattern))


def of_column(column: pl.Series, pattern: str) -> Mask:
    """Where a column is null, or has a match."""
    open_to = pl.col("text").is_null() | contains(pl.col("text"), pattern)
    found: Mask = pl.DataFrame([column.alias("text")]).select(open_to).to_series().to_numpy()
    return found


def longer(values: Sequence[Any], limit: int) -> Mask:
    """Which of the values are texts of more bytes."""
    return _asked(values, pl.col("text").str.len_bytes() > limit)


def _asked(values: Sequence[Any], question: pl.Expr) -> Mask:
    try:
        given = pl.Series("text", [value if isinstance(value, str) else None for value in values], dtype=pl.String)
    except UnicodeEncodeError:  # half of a surrogate pair, made by a statement
        return texts(values)
    found: Mask = pl.DataFrame([given]).select(question.fill_null(False)).to_series().to_numpy()
    return found
