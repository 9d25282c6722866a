"""Values by reference: what came with a batch stays in its columns, what statements made is a Python value.

A reference is a number; -1 is nil. So a value that is copied from an attribute to another, or not touched at all, is never looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

import otlp_wire
from collector.columns.dictionary import Coded, Codes, encode
from collector.columns.tables import FROM_BODY, VALUE_COLUMNS, ValueKind, is_marked, values_at
from collector.ottl.plain.kinds import IDS, Duration, Time

Refs = npt.NDArray[np.int64]
NIL = -1
_MADE = 1 << 40
_KIND_OF = {str: ValueKind.STRING, bool: ValueKind.BOOL, int: ValueKind.INT, float: ValueKind.DOUBLE}
_TYPES: dict[str, Any] = {
    "string": pl.String, "bool": pl.Boolean, "int": pl.Int64, "double": pl.Float64, "bytes": pl.Binary, "any": pl.Binary,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of distinct values: `values[codes[row]]`; the last of `values` is None, which -1 stands for."""

    codes: Codes
    values: list[Any]

    def at(self, rows: npt.NDArray[np.integer]) -> Cells:
        """The same values at other rows."""
        return Cells(self.codes[rows], self.values)


class Pool:
    """See the module's text."""

    def __init__(self) -> None:
        self._tables: list[tuple[int, pl.DataFrame]] = []
        self._height = 0
        self._made: list[Any] = []
        self._marked: set[int] = set()
        self.marks = False
        """Whether some value was taken out of the text of a body."""

    def add_table(self, table: pl.DataFrame) -> int:
        """Rows with `kind` and the columns of values; gives the reference of the first."""
        base = self._height
        self._tables.append((base, table))
        self.marks |= is_marked(table)
        self._height += table.height
        return base

    def add_series(self, series: pl.Series, kind: ValueKind) -> int:
        """A column of one kind."""
        named = series.alias(VALUE_COLUMNS[kind])
        return self.add_table(pl.DataFrame([named]).with_columns(kind=pl.lit(int(kind), pl.UInt8)))

    def add(self, values: list[Any], *, marked: bool = False) -> Refs:
        """References of values that were made; `marked`: of what was taken out of the text of a body."""
        first = _MADE + len(self._made)
        self._made += values
        if marked:
            self._marked.update(range(first, first + len(values)))
        return np.arange(first, first + len(values), dtype=np.int64)

    def marked(self, refs: Refs) -> npt.NDArray[np.bool_]:
        """Which of the values were taken out of the text of a body, or made of such."""
        found = np.isin(refs, list(self._marked)) if self._marked else np.zeros(len(refs), dtype=np.bool_)
        for base, table in self._tables:
            if FROM_BODY in table.columns:
                rows = np.flatnonzero((refs >= base) & (refs < base + table.height))
                found[rows] = table.get_column(FROM_BODY).fill_null(False).to_numpy()[refs[rows] - base]
        return found

    def cells(self, refs: Refs) -> Cells:
        """The values, few of them twice."""
        codes = np.full(len(refs), -1, dtype=np.int32)
        values: list[Any] = []
        for base, table in self._tables:
            rows = np.flatnonzero((refs >= base) & (refs < base + table.height))
            if len(rows):
                _add(codes, values, rows, *_read(table, refs[rows] - base))
        rows = np.flatnonzero(refs >= _MADE)
        if len(rows):
            distinct, inverse = np.unique(refs[rows], return_inverse=True)
            _add(codes, values, rows, inverse.astype(np.int32), [self._made[ref - _MADE] for ref in distinct.tolist()])
        return Cells(codes, [*values, None])

    def typed(self, refs: Refs) -> pl.DataFrame:
        """The values as rows of an attribute table, without owner and key; nil is an empty value. What was taken out of the text of a body
        stays marked wherever it is copied to."""
        places: list[npt.NDArray[np.intp]] = []
        parts: list[pl.DataFrame] = []
        for base, table in self._tables:
            rows = np.flatnonzero((refs >= base) & (refs < base + table.height))
            if len(rows):
                places.append(rows)
                parts.append(
                    table.select(c for c in ("kind", *_TYPES, FROM_BODY) if c in table.columns)[refs[rows] - base]
                )
        rows = np.flatnonzero((refs >= _MADE) | (refs < 0))
        if len(rows):
            places.append(rows)
            parts.append(self._typed_made(refs[rows]))
        joined = pl.concat(parts, how="diagonal") if parts else pl.DataFrame(schema={"kind": pl.UInt8})
        order = np.empty(len(refs), dtype=np.intp)
        order[np.concatenate(places) if places else []] = np.arange(len(refs))
        return joined[order] if len(parts) > 1 else joined

    def _typed_made(self, refs: Refs) -> pl.DataFrame:
        distinct, inverse = np.unique(refs, return_inverse=True)
        table = _table([self._made[ref - _MADE] if ref >= 0 else None for ref in distinct.tolist()])
        if self._marked:
            table = table.with_columns(pl.Series(FROM_BODY, [ref in self._marked for ref in distinct.tolist()]))
        return table[inverse]


def _add(codes: Codes, values: list[Any], rows: npt.NDArray[np.intp], own: Codes, found: list[Any]) -> None:
    codes[rows] = own + np.int32(len(values))
    values += found


def _read(table: pl.DataFrame, rows: Refs) -> tuple[Codes, list[Any]]:
    """Rows of a table as codes and Python values."""
    kinds = table.get_column("kind").to_numpy()[rows]
    codes = np.empty(len(rows), dtype=np.int32)
    values: list[Any] = []
    for kind in np.unique(kinds).tolist():
        places = np.flatnonzero(kinds == kind)
        if kind == ValueKind.EMPTY:
            codes[places] = len(values)
            values.append(None)
            continue
        coded = encode(values_at(table.get_column(VALUE_COLUMNS[ValueKind(kind)]), rows[places]))
        found = _python(coded, kind)
        codes[places] = np.where(coded.codes < 0, np.int32(len(found)), coded.codes) + np.int32(len(values))
        values += [*found, None]
    return codes, values


def _python(coded: Coded, kind: int) -> list[Any]:
    found: list[Any] = coded.values.to_pylist()
    return [otlp_wire.any_to_python(value) for value in found] if kind == ValueKind.ANY else found


def _table(values: list[Any]) -> pl.DataFrame:
    """Python values as rows."""
    kinds, columns = [], {name: [None] * len(values) for name in _TYPES}
    for at, value in enumerate(values):
        kind, stored = stored_as(value)
        kinds.append(int(kind))
        columns[VALUE_COLUMNS[kind]][at] = stored
    used = {name: column for name, column in columns.items() if any(one is not None for one in column)}
    made = [pl.Series(name, column, dtype=_TYPES[name]) for name, column in used.items()]
    return pl.DataFrame([pl.Series("kind", kinds, dtype=pl.UInt8), *made])


def stored_as(value: Any) -> tuple[ValueKind, Any]:
    """The kind of a Python value, and as what its column holds it."""
    kind = _KIND_OF.get(type(value))
    if kind is ValueKind.STRING:
        return kind, value if value.isascii() else value.encode("utf-8", "replace").decode()
    if kind is not None:
        return kind, value
    if value is None:
        return ValueKind.EMPTY, b""
    if isinstance(value, (Time, Duration, *IDS)):
        return ValueKind.EMPTY, b""  # no attribute holds them: upstream leaves an empty value, too
    if isinstance(value, bytes):
        return ValueKind.BYTES, bytes(value)
    return ValueKind.ANY, otlp_wire.any_from_python(value)
