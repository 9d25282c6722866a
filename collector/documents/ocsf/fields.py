"""Attributes on their way into fields of the schema, and what is left of them.

A field takes an attribute's value only where it can hold it: of the right kind, valid, not too long. What is not taken
stays behind for `unmapped`, so an odd value is never lost and never makes an event invalid.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import ValueKind
from collector.columns.tables import VALUE_COLUMNS, kind_of, optional_positions
from collector.documents.ocsf.catalogue import MAX_TEXT

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Valid = Callable[[pl.Series], pl.Series]


class Fields:
    """The attributes of `height` owners: a table, and columns beside it (derived attributes)."""

    def __init__(self, table: pl.DataFrame, height: int, derived: pl.DataFrame | None = None) -> None:
        self._table = table
        self._derived = {} if derived is None else {column.name: column for column in derived.iter_columns()}
        self._taken = np.zeros(table.height, dtype=np.bool_)
        self._taken_derived: dict[str, Mask] = {}
        self._first: dict[str, Rows] = {}
        self._texts: dict[str, pl.Series | None] = {}
        self._numbers: dict[str, pl.Series | None] = {}
        self._having: dict[str, Mask | None] = {}
        self.height = height

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(self._table.get_column("key").unique())

    @cached_property
    def _kinds(self) -> npt.NDArray[np.uint8]:
        return self._table.get_column("kind").to_numpy()

    def texts(self, key: str) -> pl.Series | None:
        """The texts under `key` that a field can hold, null elsewhere; None when there is none."""
        if key not in self._texts:
            column = self._column(key, ValueKind.STRING)
            self._texts[key] = None if column is None else _some(_fitting(column))
        return self._texts[key]

    def having(self, key: str) -> Mask | None:
        """Which owners have such a text; None when there is none."""
        if key not in self._having:
            found = self.texts(key)
            self._having[key] = None if found is None else there(found)
        return self._having[key]

    def numbers(self, key: str) -> pl.Series | None:
        """The integers under `key`, sent as integers or as digits."""
        if key not in self._numbers:
            found, text = self._column(key, ValueKind.INT), self._column(key, ValueKind.STRING)
            digits = None if text is None else _some(_digits(text))
            both = found if digits is None else digits if found is None else found.zip_with(found.is_not_null(), digits)
            self._numbers[key] = both
        return self._numbers[key]

    def take(self, key: str, owners: Mask) -> None:
        """The attribute `key` of these owners has found its place."""
        if key in self._derived:
            before = self._taken_derived.get(key)
            self._taken_derived[key] = owners if before is None else before | owners
        else:
            self._taken[self._first_rows(key)[owners]] = True

    def left(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The table and the columns beside it, without what was taken."""
        table = self._table.filter(pl.Series(~self._taken)) if self._taken.any() else self._table
        rest = [self._left_of(key, column) for key, column in self._derived.items()]
        return table, pl.DataFrame([column for column in rest if column is not None])

    def _left_of(self, key: str, column: pl.Series) -> pl.Series | None:
        taken = self._taken_derived.get(key)
        if taken is None:
            return column
        return None if taken.all() else _some(column.set(pl.Series(taken), None))

    def _column(self, key: str, kind: ValueKind) -> pl.Series | None:
        """The value of each owner's first attribute `key` where it is of that kind; None where none is."""
        if (column := self._derived.get(key)) is not None:
            return _some(column) if kind_of(column) == kind else None
        if key not in self._keys:
            return None
        first = self._first_rows(key)
        rows = np.where(self._kinds[first] == kind, first, -1)
        rows[first < 0] = -1
        if not (rows >= 0).any():
            return None
        return self._table.get_column(VALUE_COLUMNS[kind]).gather(optional_positions(rows))

    def _first_rows(self, key: str) -> Rows:
        if key not in self._first:
            rows = np.flatnonzero((self._table.get_column("key") == key).to_numpy())
            first = np.full(self.height, -1, dtype=np.int64)
            first[self._table.get_column("owner").to_numpy()[rows[::-1]]] = rows[::-1]  # the last write wins
            self._first[key] = first
        return self._first[key]


class Part:
    """Some of the owners (`rows`, ascending). Values are columns as long as `rows`; None where no owner has one."""

    def __init__(self, fields: Fields, rows: Rows) -> None:
        self._fields = fields
        self.rows = rows
        self._whole = len(rows) == fields.height

    def text(
        self, *keys: str, valid: Valid | None = None, where: Mask | None = None, take: bool = True
    ) -> pl.Series | None:
        """Texts: of the first of `keys` that an owner has. `where`: only for these; `take=False` only looks."""
        return self._first_of(keys, self._fields.texts, valid, where, take)

    def number(self, *keys: str, low: int, high: int, where: Mask | None = None, take: bool = True) -> pl.Series | None:
        """Integers in a range, sent as integers or as digits."""
        return self._first_of(keys, self._fields.numbers, lambda column: column.is_between(low, high), where, take)

    def present(self, *keys: str) -> Mask:
        """Which owners have a text under one of `keys`."""
        some = np.zeros(self._fields.height, dtype=np.bool_)
        for key in keys:
            if (having := self._fields.having(key)) is not None:
                some |= having
        return some if self._whole else some[self.rows]

    def _first_of(
        self,
        keys: tuple[str, ...],
        read: Callable[[str], pl.Series | None],
        valid: Valid | None,
        where: Mask | None,
        take: bool,
    ) -> pl.Series | None:
        found: pl.Series | None = None
        for key in keys:
            column = read(key)
            if column is None:
                continue
            column = column if self._whole else column.gather(self.rows)
            good = self._good(column, valid, where, found)
            if not good.any():
                continue
            if take:
                owners = np.zeros(self._fields.height, dtype=np.bool_)
                owners[self.rows[good]] = True
                self._fields.take(key, owners)
            chosen = column if good.sum() == column.count() else column.set(pl.Series(~good), None)
            found = chosen if found is None else found.zip_with(found.is_not_null(), chosen)
        return found

    @staticmethod
    def _good(column: pl.Series, valid: Valid | None, where: Mask | None, found: pl.Series | None) -> Mask:
        good = there(column)
        if valid is not None and good.any():
            good = good & valid(column).fill_null(False).to_numpy()
        good = good if where is None else good & where
        return good if found is None else good & ~there(found)


def _some(column: pl.Series) -> pl.Series | None:
    return column if column.null_count() < len(column) else None


def there(column: pl.Series) -> Mask:
    """Where a column has a value."""
    nulls = column.null_count()
    if 0 < nulls < len(column):
        mask: Mask = column.is_not_null().to_numpy()
        return mask
    return np.full(len(column), not nulls)


def same(text: str, height: int) -> pl.Series:
    """One text for all."""
    return pl.Series([text], dtype=pl.String).new_from_index(0, height)


def _fitting(text: pl.Series) -> pl.Series:
    empty = text == ""
    text = text.set(empty, None) if empty.any() else text
    return text.set(text.str.len_chars() > MAX_TEXT, None) if some_too_long(text) else text


def some_too_long(text: pl.Series) -> bool:
    """Whether there may be texts that no field holds; looks at bytes, which is quick, and at all of them first."""
    return text.estimated_size() > MAX_TEXT and bool((text.str.len_bytes() > MAX_TEXT).any())


def _digits(text: pl.Series) -> pl.Series:
    return text.set(~text.str.contains(r"^\d{1,9}$"), None).cast(pl.Int64)
