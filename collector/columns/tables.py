"""The tables inside a `LogBatch`: their columns, and the functions that look into an attribute table.

They stand apart from `batch.py` so that the code that fills the tables (`otlp_wire`) and the code that reads them share
one declaration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl


class ValueKind(IntEnum):
    """The kind of an attribute's value, numbered like AnyValue's fields."""

    EMPTY = (
        0  # a value without content; column `any` holds b"" when the value was sent empty, null when it was left out
    )
    STRING = 1
    BOOL = 2
    INT = 3
    DOUBLE = 4
    ANY = 5  # an array or a map: the serialised AnyValue, in column `any`
    BYTES = 7


RECORDS = pl.Schema(
    {
        "time_unix_nano": pl.UInt64,
        "observed_time_unix_nano": pl.UInt64,  # of a decoded record never 0 where `time_unix_nano` is: then of receipt
        "severity_number": pl.Int32,  # 1..24, or 0
        "severity_text": pl.String,
        "body": pl.String,  # string bodies; null otherwise
        "body_any": pl.Binary,  # a serialised AnyValue when the body is something else; both null = no body
        "trace_id": pl.Binary,  # 16 bytes, not all zeros, or empty
        "span_id": pl.Binary,  # 8 bytes likewise, or empty
        "flags": pl.UInt32,
        "event_name": pl.String,
        "dropped_attributes_count": pl.UInt32,
        "resource": pl.UInt32,
        "scope": pl.UInt32,
        "payload": pl.UInt32,
        "domain": pl.String,
        "record_id": pl.String,
    }
)
"""The columns of `LogBatch.records`. Times are nanoseconds since the epoch, 0 = unknown.
`collector.documents.facts` is the place where other spellings become these."""

GENERATION = "generation"
"""Column that `records` may have (UInt8; null or absent = 0): 0 for a record that was sent, 1 for one that a component made of
such records, 2 for one made of that … The core alone sets it (`collector.pipeline.made`); it is no attribute, and what is sent can't claim it."""

ATTRIBUTES = pl.Schema(
    {
        "owner": pl.UInt32,
        "key": pl.String,
        "kind": pl.UInt8,
        "string": pl.String,
        "bool": pl.Boolean,
        "int": pl.Int64,
        "double": pl.Float64,
        "bytes": pl.Binary,
        "any": pl.Binary,  # a serialised AnyValue that holds an array or a map, verbatim
    }
)
"""The columns of the three attribute tables. `kind` tells which value column holds the value; the others are null.

A table may carry two more columns: `key_strindex` (Int32) when a payload used OTLP's string table, and `FROM_BODY`."""

FROM_BODY = "from_body"
"""Column of an attribute table (Boolean, null = false): the attribute did not come as one, it was taken out of the text of a
body. Anyone who can get a line into a log chooses such a name and value, so it must not choose a place."""

RESOURCES = pl.Schema({"schema_url": pl.String, "dropped_attributes_count": pl.UInt32, "entity_refs": pl.Binary})
"""One row a ResourceLogs. `entity_refs`: a serialised Resource that holds only those, or null.
`dropped_attributes_count` is null when the Resource message itself was left out (SCOPES likewise)."""

SCOPES = pl.Schema(
    {
        "name": pl.String,
        "version": pl.String,
        "schema_url": pl.String,
        "dropped_attributes_count": pl.UInt32,
    }
)
"""One row a ScopeLogs."""

PAYLOADS = pl.Schema(
    {
        "domain": pl.String,
        "receiver": pl.String,
        "journal": pl.String,
        "offset": pl.UInt64,
        "received_unix_ms": pl.UInt64,
    }
)
"""One row a journal entry; null columns when a payload never was in a journal."""

VALUE_COLUMNS = {
    ValueKind.EMPTY: "any",
    ValueKind.STRING: "string",
    ValueKind.BOOL: "bool",
    ValueKind.INT: "int",
    ValueKind.DOUBLE: "double",
    ValueKind.BYTES: "bytes",
    ValueKind.ANY: "any",
}
"""Kind → the column that holds such a value."""

_KIND_OF_TYPE = {
    pl.String: ValueKind.STRING,
    pl.Boolean: ValueKind.BOOL,
    pl.Int64: ValueKind.INT,
    pl.Float64: ValueKind.DOUBLE,
    pl.Binary: ValueKind.BYTES,
}


def as_attribute(values: pl.Series) -> pl.Series:
    """`values` in one of the types an attribute can have: String, Boolean, Int64, Float64 or Binary.

    Raises:
        TypeError: a type that no attribute has.
    """
    if values.dtype in _KIND_OF_TYPE:
        return values
    if values.dtype == pl.Null or values.dtype in (pl.Categorical, pl.Enum):
        return values.cast(pl.String)
    if values.dtype.is_integer():
        return values.cast(pl.Int64)
    if values.dtype.is_float():
        return values.cast(pl.Float64)
    raise TypeError(f"an attribute is a String, Int64, Float64, Boolean or Binary column, not {values.dtype}")


def kind_of(values: pl.Series) -> ValueKind:
    """The kind of the attributes that a column of `as_attribute` holds."""
    return _KIND_OF_TYPE[type(values.dtype)]


def aligned(table: pl.DataFrame, key: str, kind: ValueKind, height: int) -> pl.Series:
    """A column of `height` rows: for each owner its first attribute `key` of that kind, or null."""
    values = table.get_column(VALUE_COLUMNS[kind])
    rows = _first_rows(table, (table.get_column("key") == key) & (table.get_column("kind") == int(kind)), height)
    return nulls(key, values.dtype, height) if rows is None else values.gather(rows).alias(key)


def aligned_text(table: pl.DataFrame, key: str, height: int) -> pl.Series:
    """Like `aligned` over all scalar kinds, written as text; null for bytes, arrays, maps and empty values."""
    rows = _first_rows(table, table.get_column("key") == key, height)
    if rows is None:
        return nulls(key, pl.String(), height)
    found = table.select(pl.col("string", "bool", "int", "double").gather(rows))
    return found.select(pl.coalesce(pl.all().cast(pl.String)).alias(key)).to_series()


def first_values(table: pl.DataFrame, key: str, height: int) -> pl.DataFrame:
    """For each of `height` owners its first attribute `key`, of whatever kind: `kind` and the columns of values, null where absent."""
    rows = _first_rows(table, table.get_column("key") == key, height)
    if rows is None:
        return pl.DataFrame([nulls(name, dtype, height) for name, dtype in _VALUES.items()])
    return table.select(pl.col(list(_VALUES)).gather(rows))


_VALUES = {name: dtype for name, dtype in ATTRIBUTES.items() if name not in ("owner", "key")}


def _first_rows(table: pl.DataFrame, wanted: pl.Series, height: int) -> pl.Series | None:
    if not wanted.any():
        return None
    rows = wanted.arg_true().to_numpy()
    first = np.full(height, -1, dtype=np.int64)
    first[table.get_column("owner").to_numpy()[rows[::-1]]] = rows[::-1]  # the last write wins: the first attribute
    return optional_positions(first)


def optional_positions(positions: npt.NDArray[np.int64]) -> pl.Series:
    """Positions for `gather`, with -1 read as null."""
    series = pl.Series(positions)
    return series.set(series < 0, None) if len(positions) and positions.min() < 0 else series


@cache
def _one_null(dtype: pl.DataType) -> pl.Series:
    return pl.Series([None], dtype=dtype)


def rows_at(table: pl.DataFrame, positions: npt.NDArray[np.int64]) -> pl.DataFrame:
    """The rows at `positions`; a row of nulls for -1."""
    if len(positions) == table.height and (positions == np.arange(table.height)).all():
        return table
    if len(positions) and positions.min() < 0:
        return table.select(pl.all().gather(optional_positions(positions)))
    return table[positions]


def values_at(column: pl.Series, positions: npt.NDArray[np.integer]) -> pl.Series:
    """The values at `positions`, none of them negative. polars takes three times as long over numbers of another type."""
    return column[pl.Series(positions.astype(np.uint32))]


def nulls(name: str, dtype: pl.DataType, height: int) -> pl.Series:
    """A column of nothing but null."""
    return _one_null(dtype).new_from_index(0, height).alias(name)


def is_marked(table: pl.DataFrame) -> bool:
    """Whether some of it was taken out of the text of a body."""
    return FROM_BODY in table.columns and bool(table.get_column(FROM_BODY).any())


def as_sent(table: pl.DataFrame) -> pl.DataFrame:
    """The attributes that came as attributes."""
    if FROM_BODY not in table.columns:
        return table
    taken_out = table.get_column(FROM_BODY).fill_null(False)
    return table.filter(~taken_out) if taken_out.any() else table


def with_columns(table: pl.DataFrame, columns: list[pl.Series]) -> pl.DataFrame:
    """The table with columns added, or replaced by name. Only replacing is a query of polars, some 60 µs."""
    if not table.width:
        return pl.DataFrame({column.name: column for column in columns})  # a list's column without a name would get one
    there = set(table.columns)
    return table.with_columns(columns) if any(column.name in there for column in columns) else table.hstack(columns)


_FEW_KEYS = 3
"""Names that are compared one by one: `is_in` is a query of polars."""


def without_keys(table: pl.DataFrame, keys: Iterable[str]) -> pl.DataFrame:
    """The attributes whose key is not one of `keys`."""
    if not table.height:
        return table
    column, named = table.get_column("key"), list(keys)
    if len(named) <= _FEW_KEYS and not any((column == key).any() for key in named):
        return table
    gone = column.is_in(named)
    return table.filter(~gone) if gone.any() else table


def rows_of_column(key: str, values: pl.Series) -> pl.DataFrame:
    """A column, one value an owner, as rows of an attribute table; null gives no row."""
    present = values.is_not_null()
    kind = kind_of(values)
    owner = present.arg_true().cast(pl.UInt32).alias("owner")
    column = values.filter(present).alias(VALUE_COLUMNS[kind])
    return conform(pl.DataFrame([owner, column]).with_columns(key=pl.lit(key), kind=pl.lit(int(kind), pl.UInt8)))


def with_attributes(table: pl.DataFrame, columns: Mapping[str, pl.Series], height: int) -> pl.DataFrame:
    """The attributes of `height` owners with some set, a column each; null = absent. Ordered by owner.

    Raises:
        TypeError: a column of a type that no attribute has.
        ValueError: a column of another length.
    """
    named = {key: as_attribute(column) for key, column in columns.items()}
    if any(len(column) != height for column in named.values()):
        raise ValueError(f"an attribute column needs one value for each of the {height} owners")
    parts = [rows_of_column(key, column) for key, column in named.items()]
    return stack([without_keys(table, columns), *parts]).sort("owner", maintain_order=True)


def conform(table: pl.DataFrame, schema: pl.Schema = ATTRIBUTES) -> pl.DataFrame:
    """`table` with every column of `schema`, in its order; missing ones are null."""
    missing = [nulls(name, dtype, table.height) for name, dtype in schema.items() if name not in table.columns]
    full = table.hstack(missing) if missing else table
    names = [*schema, *(name for name in full.columns if name not in schema)]
    return full if full.columns == names else full[names]


def stack(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Tables of one kind below each other; an optional column that some lack is null there."""
    return pl.concat(tables, how="diagonal")


def shifted(table: pl.DataFrame, column: str, by: int) -> pl.DataFrame:
    """Positions in a column moved up or down."""
    if not by:
        return table
    positions = table.get_column(column)
    moved = positions + by if by > 0 else positions - -by
    return table.with_columns(moved.alias(column))


def renumbered(table: pl.DataFrame, new_owner: npt.NDArray[np.int64]) -> pl.DataFrame:
    """The attributes of the owners that remain: `new_owner[old]` is the new position, or -1 for one that is gone."""
    owners = new_owner[table.get_column("owner").to_numpy()]
    kept = owners >= 0
    if not kept.all():
        table = table.filter(pl.Series(kept))
        owners = owners[kept]
    return table.with_columns(pl.Series("owner", owners, dtype=pl.UInt32))
