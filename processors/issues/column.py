"""A column of few records as codes and a list: what grouping and counting look at."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.columns.dictionary import Coded, Codes, encode

_FEW = 256
_DIGITS = re.compile(r"\d+")


class Column(NamedTuple):
    """A column as codes, with its distinct values as a list: for few rows that costs less than an Arrow array. -1 is null."""

    codes: Codes
    values: list[str]

    def at(self, rows: npt.NDArray[np.integer]) -> Column:
        """The same values at other rows."""
        return Column(self.codes[rows], self.values)

    def of(self, row: int) -> str:
        """The value of a row; empty for null."""
        code = int(self.codes[row])
        return self.values[code] if code >= 0 else ""

    def texts(self, rows: npt.NDArray[np.integer]) -> list[str]:
        """The values of some rows; empty for null."""
        values = [*self.values, ""]  # -1 is the last
        return [values[code] for code in self.codes[rows].tolist()]

    def where(self, kept: npt.NDArray[np.bool_]) -> Column:
        """Null in the other rows."""
        return self if kept.all() else Column(np.where(kept, self.codes, np.int32(-1)), self.values)


def column_of(series: pl.Series) -> Column:
    """A column of texts."""
    if len(series) > _FEW:
        return of_coded(encode(series))
    places: dict[str | None, int] = {None: -1}
    codes = [places.setdefault(value, len(places) - 1) for value in series.to_list()]
    del places[None]
    return Column(np.array(codes, dtype=np.int32), [str(value) for value in places])


def of_coded(coded: Coded) -> Column:
    """One that has its codes."""
    return Column(coded.codes, coded.values.to_pylist())


def collapsed(column: Column) -> Column:
    """Texts that differ in their digits alone as one: a key, not a text."""
    used = sorted(set(column.codes.tolist()) - {-1})
    if not used:
        return column
    places: dict[str, int] = {}
    of_value = np.full(len(column.values) + 1, -1, dtype=np.int32)
    of_value[used] = [places.setdefault(_DIGITS.sub("0", column.values[at]), len(places)) for at in used]
    return Column(of_value[column.codes], list(places))
