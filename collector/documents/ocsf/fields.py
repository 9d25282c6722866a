"""Attributes on their way into fields of the schema, and what is left of them.

A field takes an attribute's value only where it can hold it: of the right kind, valid, not too long. What is not taken
stays behind for `unmapped`, so an odd value is never lost and never makes an event invalid.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import ValueKind
from collector.documents.ocsf.catalogue import MAX_TEXT
from collector.tables import VALUE_COLUMNS, kind_of, optional_positions

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Valid = Callable[[pl.Series], pl.Series]

_IPV4 = r"^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$"
_HOSTNAME = r"^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$"
_EMAIL = r"^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+$"
_MAX_IP = 40


class Fields:
    """The attributes of `height` owners: a table, and columns beside it (derived attributes)."""

    def __init__(self, table: pl.DataFrame, height: int, derived: pl.DataFrame | None = None) -> None:
        self._table = table
        self._derived = derived if derived is not None else pl.DataFrame()
        self._taken = np.zeros(table.height, dtype=np.bool_)
        self._taken_derived: dict[str, Mask] = {}
        self._found: dict[str, tuple[Rows, npt.NDArray[np.uint8]]] = {}
        self.height = height

    @cached_property
    def keys(self) -> frozenset[str]:
        """All keys there are."""
        return frozenset(self._table.get_column("key").unique()) | frozenset(self._derived.columns)

    def column(self, key: str, kind: ValueKind) -> pl.Series:
        """The value of each owner's first attribute `key` where it is of that kind."""
        if key in self._derived.columns:
            return self._derived.get_column(key)
        first, kinds = self._first(key)
        rows = np.where(kinds[first] == kind, first, -1) if len(kinds) else first
        rows[first < 0] = -1
        return self._table.get_column(VALUE_COLUMNS[kind]).gather(optional_positions(rows))

    def has(self, key: str, kind: ValueKind) -> bool:
        """Whether any owner may have it."""
        if key not in self.keys:
            return False
        return key not in self._derived.columns or kind_of(self._derived.get_column(key)) == kind

    def take(self, key: str, owners: Mask) -> None:
        """The attribute `key` of these owners has found its place."""
        if key in self._derived.columns:
            before = self._taken_derived.get(key)
            self._taken_derived[key] = owners if before is None else before | owners
            return
        first, _ = self._first(key)
        rows = first[owners]
        self._taken[rows[rows >= 0]] = True

    def left(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The table and the columns beside it, without what was taken."""
        table = self._table.filter(pl.Series(~self._taken)) if self._taken.any() else self._table
        if not self._taken_derived:
            return table, self._derived
        gone = {key for key, taken in self._taken_derived.items() if taken.all()}
        partly = [
            self._derived.get_column(key).set(pl.Series(taken), None)
            for key, taken in self._taken_derived.items()
            if key not in gone
        ]
        return table, self._derived.with_columns(partly).drop(gone)

    def _first(self, key: str) -> tuple[Rows, npt.NDArray[np.uint8]]:
        if key not in self._found:
            rows = (self._table.get_column("key") == key).arg_true().to_numpy()
            first = np.full(self.height, -1, dtype=np.int64)
            first[self._table.get_column("owner").to_numpy()[rows[::-1]]] = rows[::-1]  # the last write wins
            self._found[key] = (first, self._table.get_column("kind").to_numpy())
        return self._found[key]


class Part:
    """Some of the owners (`rows`, ascending). Values are columns as long as `rows`; None where no owner has one."""

    def __init__(self, fields: Fields, rows: Rows) -> None:
        self._fields = fields
        self.rows = rows
        self._whole = len(rows) == fields.height

    def text(
        self, *keys: str, valid: Valid | None = None, where: pl.Series | None = None, take: bool = True
    ) -> pl.Series | None:
        """Texts: of the first of `keys` that an owner has. `where`: only for these; `take=False` only looks."""
        return self._first_of(keys, ValueKind.STRING, lambda column: _fits(column, valid), where, take)

    def number(
        self, *keys: str, low: int, high: int, where: pl.Series | None = None, take: bool = True
    ) -> pl.Series | None:
        """Integers in a range, sent as integers or as digits."""
        found = self._first_of(keys, ValueKind.INT, lambda column: column.is_between(low, high), where, take)
        if found is not None and not found.null_count():
            return found
        free = where if found is None else found.is_null() if where is None else where & found.is_null()
        text = self._first_of(keys, ValueKind.STRING, lambda column: _digits(column).is_between(low, high), free, take)
        digits = None if text is None else _digits(text)
        return digits if found is None else found if digits is None else found.zip_with(found.is_not_null(), digits)

    def present(self, *keys: str) -> pl.Series:
        """Which owners have a text under one of `keys`."""
        found = self.text(*keys, take=False)
        return pl.repeat(False, len(self.rows), eager=True) if found is None else found.is_not_null()

    def take(self, key: str, where: pl.Series) -> None:
        """The attribute has found its place `where` true."""
        owners = np.zeros(self._fields.height, dtype=np.bool_)
        owners[self.rows[where.to_numpy()]] = True
        self._fields.take(key, owners)

    def _first_of(
        self, keys: tuple[str, ...], kind: ValueKind, valid: Valid, where: pl.Series | None, take: bool
    ) -> pl.Series | None:
        found: pl.Series | None = None
        for key in keys:
            if not self._fields.has(key, kind):
                continue
            column = self._fields.column(key, kind)
            column = column if self._whole else column.gather(self.rows)
            good = valid(column).fill_null(False) if column.null_count() < len(column) else column.is_not_null()
            good = good if where is None else good & where
            good = good if found is None else good & found.is_null()
            if not good.any():
                continue
            if take:
                self.take(key, good)
            chosen = column if good.all() else column.set(~good, None)
            found = chosen if found is None else found.zip_with(found.is_not_null(), chosen)
        return found


def is_ip(text: pl.Series) -> pl.Series:
    """IPv4 by pattern; what has a colon is asked once for each distinct text."""
    four = text.str.contains(_IPV4)
    maybe = text.str.contains(":", literal=True) & (text.str.len_bytes() <= _MAX_IP)
    if not maybe.any():
        return four
    six = [value for value in text.filter(maybe).unique() if _is_ipv6(value)]
    return four | text.is_in(pl.Series(six, dtype=pl.String).implode())


def is_hostname(text: pl.Series) -> pl.Series:
    """Names that DNS could hold, and no IP address."""
    return text.str.contains(_HOSTNAME) & ~text.str.contains(_IPV4)


def is_email(text: pl.Series) -> pl.Series:
    """Plain addresses."""
    return text.str.contains(_EMAIL)


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False


def some_too_long(text: pl.Series) -> bool:
    """Whether there may be texts that no field holds; looks at bytes, which is quick."""
    return bool((text.str.len_bytes() > MAX_TEXT).any())


def _fits(text: pl.Series, valid: Valid | None) -> pl.Series:
    good = text != ""
    if some_too_long(text):
        good &= text.str.len_chars() <= MAX_TEXT
    return good if valid is None else good & valid(text)


def _digits(text: pl.Series) -> pl.Series:
    return text.set(~text.str.contains(r"^\d{1,9}$"), None).cast(pl.Int64)
