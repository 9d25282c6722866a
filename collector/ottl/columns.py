"""Reading sources out of a `LogBatch`: one pass over each attribute table, however many keys are wanted.

Columns of a resource or a scope have the height of those small tables; `Reader.positions` joins them to the records.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.dictionary import Coded, Rows, encode
from collector.columns.handed import take
from collector.columns.tables import optional_positions, values_at
from collector.lines.bare import bare_lines
from collector.ottl.nested import any_values
from collector.ottl.paths import LINE, TEXT, Source, Table, part_type

_BODY, _LINE = Source(Table.FIELD, "body"), Source(Table.FIELD, LINE)
_SCALARS = frozenset({"string", "bool", "int", "double", "bytes"})
_LARGE = 1000
_ID_BYTES = {"trace_id": 16, "span_id": 8}
_LEVEL = {
    Table.RESOURCE: "resource",
    Table.RESOURCE_FIELD: "resource",
    Table.SCOPE: "scope",
    Table.SCOPE_FIELD: "scope",
}


class AttributeColumns:
    """The attributes `keys` of one table, each as columns with one row an owner. The first of a repeated key wins."""

    def __init__(self, table: pl.DataFrame, keys: Iterable[str], height: int) -> None:
        wanted = frozenset(keys)
        self._table = table
        self._height = height
        self._owner = table.get_column("owner").to_numpy()
        self._keys, codes = _keys_of(table)
        self._code = {key: code for key, code in codes.items() if key in wanted}
        self._found: dict[tuple[str, str], Coded] = {}
        self.present = frozenset(self._code)
        """The wanted keys that occur."""

    def rows(self, key: str) -> Rows:
        """Where the attribute `key` stands in the table."""
        return np.flatnonzero(self._keys == self._code[key])

    def owners(self, key: str) -> npt.NDArray[np.bool_]:
        """Which owners have the attribute."""
        has = np.zeros(self._height, dtype=np.bool_)
        if key in self._code:
            has[self._owner[self.rows(key)]] = True
        return has

    def coded(self, key: str, part: str) -> Coded:
        """One part (see `paths`) of an attribute that is present, as codes."""
        if (key, part) not in self._found:
            rows = self.rows(key)
            values = encode(self._part_at(rows, part))
            codes = np.full(self._height, -1, dtype=np.int32)
            codes[self._owner[rows[::-1]]] = values.codes[::-1]  # the first attribute is written last
            self._found[key, part] = Coded(codes, values.values)
        return self._found[key, part]

    def part(self, key: str, part: str) -> pl.Series:
        """One part of the attribute `key`."""
        if key not in self._code:
            return _repeated(None, self._height, part_type(part))
        rows = self.rows(key)
        position = np.full(self._height, -1, dtype=np.int64)
        position[self._owner[rows[::-1]]] = np.arange(len(rows))[::-1]
        values = self._part_at(rows, part)
        return values[position] if position.min(initial=0) >= 0 else values.gather(optional_positions(position))

    def _part_at(self, rows: Rows, part: str) -> pl.Series:
        table = self._table
        if part in _SCALARS:
            return values_at(table.get_column(part), rows)
        if part != TEXT:
            return any_values(values_at(table.get_column("any"), rows)).get_column(part)
        kinds = table.get_column("kind").to_numpy()[rows]
        if (kinds == int(ValueKind.STRING)).all():
            return values_at(table.get_column("string"), rows)
        if (kinds == int(ValueKind.INT)).all():
            return values_at(table.get_column("int"), rows).cast(pl.String)
        return _text(table[rows])


_last: tuple[weakref.ref[pl.DataFrame], npt.NDArray[np.int32], dict[str, int]] | None = None


def _keys_of(table: pl.DataFrame) -> tuple[npt.NDArray[np.int32], dict[str, int]]:
    """The keys of an attribute table as codes. Kept for the last large table: several processors read the same one."""
    global _last  # noqa: PLW0603 - replaced as a whole, so a second thread only finds the one or the other
    last = _last
    if last is not None and last[0]() is table:
        return last[1], last[2]
    coded = encode(table.get_column("key"))
    codes = {key: code for code, key in enumerate(coded.values.to_pylist())}
    if table.height > _LARGE:
        _last = weakref.ref(table), coded.codes, codes
    return coded.codes, codes


class Reader:
    """The columns of one batch."""

    def __init__(self, batch: LogBatch, sources: Iterable[Source]) -> None:
        keys: dict[Table, set[str]] = {}
        for source in sources:
            keys.setdefault(source.table, set()).add(source.key)
        self._batch = batch
        self._coded: dict[tuple[Source, str], Coded] = {}
        self._attributes = {
            table: AttributeColumns(rows, keys[table], height)
            for table, rows, height in (
                (Table.RECORD, batch.attributes, len(batch)),
                (Table.RESOURCE, batch.resource_attributes, batch.resources.height),
                (Table.SCOPE, batch.scope_attributes, batch.scopes.height),
            )
            if table in keys
        }

    def absent(self, source: Source) -> bool:
        """Whether no record of the batch has the attribute."""
        if source.table is Table.RECORD and source.key in self._batch.derived.columns:
            return False
        columns = self._attributes.get(source.table)
        return columns is not None and source.key not in columns.present

    def height(self, source: Source) -> int:
        """Rows of the source's own table."""
        level = _LEVEL.get(source.table)
        return len(self._batch) if level is None else getattr(self._batch, f"{level}s").height

    def positions(self, source: Source) -> pl.Series | None:
        """The row of each record in the source's table; None = the record's own row."""
        level = _LEVEL.get(source.table)
        return None if level is None else self._batch.column(level)

    def coded(self, source: Source, part: str) -> Coded:
        """One part of a source as codes, with the height of its own table."""
        columns = self._attributes.get(source.table)
        if columns is not None and not (source.table is Table.RECORD and source.key in self._batch.derived.columns):
            return columns.coded(source.key, part)
        if source == _LINE:
            return self._lines
        if part == TEXT and columns is not None and _kind(self._batch.derived.get_column(source.key)) == "string":
            part = "string"
        if (source, part) not in self._coded:
            handed = self._handed(source, part)
            self._coded[source, part] = encode(self.part(source, part)) if handed is None else handed
        return self._coded[source, part]

    @cached_property
    def _lines(self) -> Coded:
        handed = self._of_records.get(LINE)
        return bare_lines(self.coded(_BODY, TEXT)) if handed is None else handed

    def texts(self) -> Mapping[str, Coded]:
        """The bodies and their bare lines, as far as they were read here or handed over: for the next one."""
        own = {"body": self._coded.get((_BODY, TEXT)), LINE: self.__dict__.get("_lines")}
        handed: Mapping[str, Coded] = self.__dict__.get("_of_records", {})
        return {**handed, **{name: coded for name, coded in own.items() if coded is not None}}

    def _handed(self, source: Source, part: str) -> Coded | None:
        """What the processor before worked out."""
        if source == _BODY:
            return self._of_records.get("body") if part == TEXT else None
        derived = source.table is Table.RECORD and part == _kind(self._batch.derived.get_column(source.key))
        return self._of_derived.get(source.key) if derived else None

    @cached_property
    def _of_records(self) -> Mapping[str, Coded]:
        return take(self._batch.records)

    @cached_property
    def _of_derived(self) -> Mapping[str, Coded]:
        return take(self._batch.derived)

    def frame(self, source: Source, parts: Sequence[str]) -> pl.DataFrame:
        """The parts of a source, with the height of its own table, named as `Source.column` says."""
        return pl.DataFrame([self.part(source, part).alias(source.column(part)) for part in parts])

    def part(self, source: Source, part: str) -> pl.Series:
        """One part of a source, with the height of its own table."""
        batch = self._batch
        if source.table is Table.RECORD and source.key in batch.derived.columns:
            return _of_typed(batch.derived.get_column(source.key), part)
        if source.table in self._attributes:
            return self._attributes[source.table].part(source.key, part)
        if source.table is Table.RESOURCE_FIELD:
            return batch.resources.get_column(source.key).cast(part_type(part))
        if source.table is Table.SCOPE_FIELD:
            return batch.scopes.get_column(source.key).cast(part_type(part)).fill_null("" if part == "string" else 0)
        if source == _LINE:
            return self._lines.column()
        return _body(batch, part) if source == _BODY else _field(batch, source.key, part)


def columns(batch: LogBatch, wanted: Mapping[Source, Sequence[str]]) -> pl.DataFrame:
    """All the parts, a row a record. A frame of no columns would have no height, so there is always one more."""
    reader = Reader(batch, wanted)
    found: list[pl.Series] = [batch.column("severity_number").alias("")]
    for source, parts in wanted.items():
        positions = reader.positions(source)
        frame = reader.frame(source, parts)
        found += (frame if positions is None else frame[positions]).get_columns()
    return pl.DataFrame(found)


def _body(batch: LogBatch, part: str) -> pl.Series:
    body, other = batch.column("body"), batch.column("body_any")
    if other.null_count() == len(other):
        return _of_typed(body, part)
    values = any_values(other)
    found = values.get_column(part)
    return body.zip_with(body.is_not_null(), found) if part in ("string", TEXT) else found


def _field(batch: LogBatch, name: str, part: str) -> pl.Series:
    name = name.removesuffix(".string")
    if name in _ID_BYTES:
        zeros = pl.Series([bytes(_ID_BYTES[name])])
        ids = batch.column(name).fill_null(b"")
        ids = ids.zip_with(ids.bin.size() > 0, zeros)
        return ids.bin.encode("hex") if part in ("string", TEXT) else ids
    column = f"{name}_unix_nano" if name in ("time", "observed_time") else name
    series = batch.column(column)
    return _filled(_as(series, part), "" if series.dtype == pl.String else 0)


def _as(series: pl.Series, part: str) -> pl.Series:
    """The type of a part; most columns have it."""
    wanted = part_type(part)
    return series if series.dtype == wanted else series.cast(wanted, strict=False)


def _filled(series: pl.Series, empty: str | int) -> pl.Series:
    """A value in the place of null. `fill_null` is a query of polars, 100 µs: only for columns that are mixed."""
    nulls = series.null_count()
    if nulls and nulls == len(series):
        return _repeated(empty, len(series), series.dtype)
    return series.fill_null(empty) if nulls else series


def _repeated(value: str | int | None, height: int, dtype: pl.DataType) -> pl.Series:
    """`pl.repeat` without the query that it is."""
    return pl.Series([value], dtype=dtype).new_from_index(0, height)


_KINDS = {pl.String: "string", pl.Boolean: "bool", pl.Float64: "double", pl.Binary: "bytes"}


def _kind(series: pl.Series) -> str:
    """The part that a column of one type is."""
    return _KINDS.get(series.dtype.base_type(), "int")


def _of_typed(series: pl.Series, part: str) -> pl.Series:
    """A part of a column of one type."""
    kind = _kind(series)
    if part == TEXT:
        return series if kind == "string" else _text(pl.DataFrame({kind: series}))
    if part == kind:
        return _as(series, part)
    return _repeated(None, len(series), part_type(part))


def _text(rows: pl.DataFrame) -> pl.Series:
    """The values as a StringLikeGetter reads them: bytes as hex, maps and lists as JSON."""
    string = rows.get_column("string") if "string" in rows.columns else _repeated(None, rows.height, pl.String())
    if "kind" in rows.columns and (rows.get_column("kind") == int(ValueKind.STRING)).all():
        return string
    others = {
        "bool": pl.col("bool").cast(pl.String),
        "int": pl.col("int").cast(pl.String),
        "double": pl.col("double").cast(pl.String).str.strip_suffix(".0"),
        "bytes": pl.col("bytes").bin.encode("hex"),
    }
    found = [expression for name, expression in others.items() if name in rows.columns]
    text = rows.select(pl.coalesce(pl.lit(string), *found).alias("text")).to_series()
    if "any" not in rows.columns or rows.get_column("any").null_count() == rows.height:
        return text
    return text.zip_with(text.is_not_null(), any_values(rows.get_column("any")).get_column(TEXT))
