"""A column as codes: its distinct values, and for each row which of them it has.

What is worked out once for each distinct value comes back to the rows as one numpy take. Arrow's `dictionary_encode`
costs 7 µs a call and 10 to 40 ns a row; an expression of polars costs 50 to 130 µs a call.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.intp]
_MOST = (1 << 63) - 1
_FEW = 256
"""Rows so few that their dictionary costs no more than a look whether it is needed."""
_VIEWS = pl.CompatLevel.newest()


@dataclass(frozen=True, slots=True)
class Coded:
    """`codes`: for each row the position of its value in `values`, or -1 for null."""

    codes: Codes
    values: pa.Array

    def __len__(self) -> int:
        return len(self.codes)

    def at(self, rows: npt.NDArray[np.integer]) -> Coded:
        """The same values at other rows: a column of a small table for the records that point into it."""
        return Coded(self.codes[rows], self.values)

    def column(self) -> pl.Series:
        """A value for each row."""
        values, codes = pl.Series(self.values), self.codes.astype(np.int64)
        return values[codes] if codes.min(initial=0) >= 0 else values.extend_constant(None, 1)[codes]

    def used(self, codes: Codes) -> Rows:
        """The values that occur in `codes`, ascending; null is left out."""
        seen = np.zeros(len(self.values) + 1, dtype=np.bool_)
        seen[codes] = True  # -1 is the place behind the last value
        return np.flatnonzero(seen[:-1])

    def where(self, kept: npt.NDArray[np.bool_]) -> Coded:
        """Null where a value is not one of those kept; a mask of the values."""
        return Coded(np.where(np.append(kept, False)[self.codes], self.codes, np.int32(-1)), self.values)


def encode(series: pl.Series) -> Coded:
    """The codes of a column of a scalar type."""
    if series.null_count() == len(series):
        return Coded(np.full(len(series), -1, dtype=np.int32), series[:0].to_arrow())
    if _is_constant(series):
        return Coded(np.zeros(len(series), dtype=np.int32), series[:1].to_arrow())
    encoded = series.to_arrow().dictionary_encode()
    indices = encoded.indices.fill_null(-1) if encoded.indices.null_count else encoded.indices
    return Coded(indices.to_numpy(zero_copy_only=False), encoded.dictionary)


def _is_constant(series: pl.Series) -> bool:
    """Whether all texts are seen to be the same at a glance: many columns of logs say one thing, or are empty.

    Compared are Arrow's views (length and either the text or where it stands), so equal texts of more than 12 bytes may go
    unseen. A tenth of what the dictionary costs, and a few microseconds where the first and the last differ.
    """
    if series.dtype != pl.String or len(series) < _FEW or series.null_count():
        return False
    array = series.to_arrow(compat_level=_VIEWS)
    start, stop = 2 * array.offset, 2 * (array.offset + len(array))
    words = np.frombuffer(array.buffers()[1], dtype=np.int64)[start:stop]
    return bool((words[:2] == words[-2:]).all()) and np.array_equal(words[2:], words[:-2])


def constant(where: npt.NDArray[np.bool_], value: str) -> Coded:
    """One value where the mask is true."""
    return Coded(np.where(where, np.int32(0), np.int32(-1)), _one(value))


def of_answers(codes: Codes, answers: Sequence[str | None]) -> Coded:
    """Rows whose code stands for one of `answers`; None becomes null."""
    places = np.full(len(answers) + 1, -1, dtype=np.int32)
    kept = [position for position, answer in enumerate(answers) if answer is not None]
    places[kept] = np.arange(len(kept), dtype=np.int32)
    return Coded(places[codes], texts([answers[position] for position in kept]))


def texts(values: Sequence[str | None]) -> pa.Array:
    """Strings as an array. Not `pa.array`: without pandas that looks for it on the disk at each call, 100 µs."""
    return pl.Series(values, dtype=pl.String).to_arrow()


@cache
def _one(value: str) -> pa.Array:
    return texts([value])


class Discrete(Protocol):
    """A column whose distinct values are numbered: a `Coded`, or one whose values are a list."""

    @property
    def codes(self) -> Codes: ...
    @property
    def values(self) -> Sized: ...


def distinct_rows(columns: Sequence[Discrete]) -> tuple[Codes, Rows]:
    """The distinct rows of several columns, null being a value: a code for each row, and the first row of each code."""
    joined, bound = columns[0].codes.astype(np.int64) + 1, len(columns[0].values) + 1
    for column in columns[1:]:
        width = len(column.values) + 1
        if bound * width > _MOST:
            joined = _dense(joined).astype(np.int64)
            bound = int(joined.max(initial=0)) + 1
        joined = joined * width + column.codes + 1
        bound *= width
    codes = _dense(joined)
    first = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last write wins: the first row
    return codes, first


def _dense(numbers: npt.NDArray[np.int64]) -> Codes:
    """The same distinctions in small numbers, by first appearance."""
    codes: Codes = pl.Series(numbers).to_arrow().dictionary_encode().indices.to_numpy()
    return codes
