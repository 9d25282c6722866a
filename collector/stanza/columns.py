"""One field of many entries: a polars column where all values are of one scalar type (null = absent), else a list of Python values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.stanza.absent import ABSENT

Column: TypeAlias = "pl.Series | list[Any]"
Rows: TypeAlias = npt.NDArray[np.int64]
_TYPES: dict[type, Any] = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean, bytes: pl.Binary}
_INT64 = range(-(1 << 63), 1 << 63)


def items(column: Column) -> list[Any]:
    """The values; `ABSENT` where there is none."""
    if isinstance(column, list):
        return column
    values = column.to_list()
    return [ABSENT if value is None else value for value in values] if column.null_count() else values


def tightened(values: Sequence[Any]) -> Column:
    """As a polars column where that can be."""
    kinds = set(map(type, values))
    everywhere = type(ABSENT) not in kinds
    kinds.discard(type(ABSENT))
    if len(kinds) != 1 or (kind := kinds.pop()) not in _TYPES:
        return list(values)
    said = values if everywhere else [value for value in values if value is not ABSENT]
    if kind is int and (min(said) not in _INT64 or max(said) not in _INT64):
        return list(values)
    return pl.Series(
        values if everywhere else [None if value is ABSENT else value for value in values], dtype=_TYPES[kind]
    )


def nothing(height: int) -> Column:
    """Absent everywhere."""
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)


def constant(value: Any, height: int) -> Column:
    """The same everywhere."""
    if type(value) in _TYPES and not (type(value) is int and value not in _INT64):
        return pl.Series([value], dtype=_TYPES[type(value)]).new_from_index(0, height)
    return [value] * height


def taken(column: Column, rows: Rows) -> Column:
    """Those of some rows."""
    if isinstance(column, list):
        return column if len(rows) == len(column) else [column[row] for row in rows.tolist()]
    return column if len(rows) == len(column) else column[rows]


def put(column: Column, rows: Rows, values: Column) -> Column:
    """The column with other values in some rows."""
    if len(rows) == len(column):
        return values
    if not isinstance(column, list) and column.null_count() == len(column) and not isinstance(values, list):
        column = pl.Series([None], dtype=values.dtype).new_from_index(0, len(column))
    if isinstance(column, list) or isinstance(values, list) or column.dtype != values.dtype:
        whole = list(items(column))
        for row, value in zip(rows.tolist(), items(values), strict=True):
            whole[row] = value
        return tightened(whole)
    index = np.full(len(column), -1, dtype=np.int64)
    index[rows] = np.arange(len(rows))
    mask = pl.Series(index >= 0)
    spread = values.gather(pl.Series(np.where(index >= 0, index, 0))) if len(values) else column
    return spread.zip_with(mask, column)


def present(column: Column) -> npt.NDArray[np.bool_]:
    """Where there is a value."""
    if isinstance(column, list):
        return np.fromiter((value is not ABSENT for value in column), dtype=np.bool_, count=len(column))
    return column.is_not_null().to_numpy()
