"""Where the fields of documents come from: layers of records, or of what many records share.

A layer has rows of its own (a record, a resource, a scope, a data stream), and `place` says which row each record has.
What one row says stands in a document as it is, so text made of one layer's fields alone is made once a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from collector.columns.tables import optional_positions
from collector.documents.json_text import column_texts, escaped
from collector.documents.nested.values import searchable_column

Positions = npt.NDArray[np.int64]
_WORD = 64


@dataclass(frozen=True, slots=True)
class Text:
    """A column of JSON values; null = the field is not there. With `quotes` the texts are strings, escaped, and quotes
    go around them."""

    texts: pl.Series
    quotes: bool = False

    @classmethod
    def of(cls, column: pl.Series) -> Text:
        """A column of strings, booleans, integers or doubles as JSON; bytes in hex, numbers that are none left out."""
        column = searchable_column(column)
        return cls(escaped(column), quotes=True) if column.dtype == pl.String else cls(column_texts(column))


@dataclass(frozen=True, slots=True)
class Columns:
    """Fields in columns of one length.

    Args:
        columns: keys and values, in the order in which later ones win.
        place: for each record its row; None = the rows are the records.
    """

    columns: Sequence[tuple[str, Text]]
    place: pl.Series | None = None

    def shapes(self) -> list[pl.Series]:
        """Columns that are equal for rows that have the same fields."""
        optional = [text.texts for _, text in self.columns if 0 < text.texts.null_count() < len(text.texts)]
        words = [optional[at : at + _WORD] for at in range(0, len(optional), _WORD)]
        return [pl.Series(_bits(word)) for word in words]

    def slots(self, row: int) -> list[tuple[str, int]]:
        """(key, number) of the fields of a row."""
        return [(key, at) for at, (key, text) in enumerate(self.columns) if text.texts[row] is not None]

    def texts(self) -> list[pl.Series]:
        """All values, one column after the other."""
        return [text.texts for _, text in self.columns]

    def at(self, number: int, rows: Positions) -> Positions:
        """Where in `texts` the field `number` of `rows` is; they all have the same fields."""
        text = self.columns[number][1]
        return rows + number * len(text.texts)

    def quotes_around(self, number: int, row: int) -> bool:
        """Whether quotes go around the field."""
        del row
        return self.columns[number][1].quotes


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields that each row has of its own.

    Args:
        keys: the distinct keys.
        codes: for each field the position of its key in `keys`, those of a row together, rows in order.
        values: their texts.
        quotes: for each field whether quotes go around its value.
        starts: row i has the fields `starts[i]:starts[i + 1]`.
        place: as in `Columns`.
        prefix: stands before all keys.
    """

    keys: Sequence[str]
    codes: npt.NDArray[np.uint32]
    values: pl.Series
    quotes: npt.NDArray[np.bool_]
    starts: Positions
    place: pl.Series | None = None
    prefix: str = ""

    def shapes(self) -> list[pl.Series]:
        """As in `Columns`: the keys of each row, and whether their values have quotes, as bytes."""
        told = self.codes * np.uint32(2) + self.quotes
        buffers = [None, pa.py_buffer((self.starts * told.itemsize).tobytes()), pa.py_buffer(told.tobytes())]
        made = pl.from_arrow(pa.Array.from_buffers(pa.large_binary(), len(self.starts) - 1, buffers))
        assert isinstance(made, pl.Series)
        return [made]

    def slots(self, row: int) -> list[tuple[str, int]]:
        """As in `Columns`."""
        codes = self.codes[self.starts[row] : self.starts[row + 1]].tolist()
        return [(self.prefix + self.keys[code], offset) for offset, code in enumerate(codes)]

    def column(self, key: str) -> pl.Series | None:
        """The scalars of one field without quotes, a value a row, the last of equal keys; None when no row has it."""
        wanted = np.array([self.prefix + known == key for known in self.keys], dtype=np.bool_)
        at = np.flatnonzero(wanted[self.codes]) if wanted.any() else np.empty(0, dtype=np.int64)
        if (bare := at[~self.quotes[at]]).size and (lists := self.values.gather(bare).str.starts_with("[")).any():
            at = np.setdiff1d(at, bare[lists.to_numpy()])
        if not len(at):
            return None
        last = np.full(len(self.starts) - 1, -1, dtype=np.int64)
        last[np.searchsorted(self.starts, at, side="right") - 1] = at
        return self.values.gather(optional_positions(last))

    def texts(self) -> list[pl.Series]:
        """As in `Columns`."""
        return [self.values]

    def at(self, number: int, rows: Positions) -> Positions:
        """As in `Columns`."""
        return self.starts[rows] + number

    def quotes_around(self, number: int, row: int) -> bool:
        """As in `Columns`."""
        return bool(self.quotes[self.starts[row] + number])


Layer = Columns | Fields


def _bits(columns: Sequence[pl.Series]) -> npt.NDArray[np.uint64]:
    word = np.zeros(len(columns[0]), dtype=np.uint64)
    for bit, column in enumerate(columns):
        word |= column.is_not_null().to_numpy().astype(np.uint64) << np.uint64(bit)
    return word
