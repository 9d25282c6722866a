"""Each record of a batch as a LogRecord message, a column at a time: tags, lengths and contents are columns of bytes that are joined once.

An attribute of the table is a message a row, and those of a record stand together; a derived one has the same key in all rows.

Source: opentelemetry/proto/logs/v1/logs.proto, common/v1/common.proto.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from collector.columns.tables import VALUE_COLUMNS, ValueKind
from otlp_wire import anycolumns
from otlp_wire.anycolumns import MEMBER_KINDS
from otlp_wire.wire_columns import Field, Item, Rows, joined, merged, of_bytes, of_fixed, of_numbers, spread
from otlp_wire.wire_fields import varint

_KEY, _VALUE, _ATTRIBUTE, _BODY = b"\x0a", b"\x12", b"\x32", b"\x2a"
_STRING = b"\x0a"
_MEMBER_TAGS = {
    "string_value": _STRING, "bool_value": b"\x10", "int_value": b"\x18", "double_value": b"\x21", "array_value": b"\x2a",
    "kvlist_value": b"\x32", "bytes_value": b"\x3a", "string_value_strindex": b"\x40",
}  # fmt: skip
_TAGS = {kind: _MEMBER_TAGS[name] for name, kind in MEMBER_KINDS.items() if kind is not ValueKind.ANY}
_FIXED = {"time_unix_nano": b"\x09", "flags": b"\x45", "observed_time_unix_nano": b"\x59"}
_NUMBERS = {"severity_number": b"\x10", "dropped_attributes_count": b"\x38"}
_CONTENTS = {"severity_text": b"\x1a", "trace_id": b"\x4a", "span_id": b"\x52", "event_name": b"\x62"}
_ORDER = ("time_unix_nano", "severity_number", "severity_text", "body", "attributes", "dropped_attributes_count", "flags", "trace_id",
          "span_id", "observed_time_unix_nano", "event_name")  # fmt: skip


_MOST_KINDS = 2
"""Kinds of values in the table of attributes above which ptars is as fast."""


def written(batch: LogBatch) -> Field | None:
    """A LogRecord for each record; None where others write them: keys that are numbers of another message's texts, attributes of many
    kinds."""
    if "key_strindex" in batch.attributes.columns or batch.attributes.get_column("kind").n_unique() > _MOST_KINDS:
        return None
    fields = [field for name in _ORDER for field in _fields(batch, name)]
    sizes = np.zeros(len(batch), dtype=np.int64)
    for field in fields:
        sizes += field.sizes
    return Field([item for field in fields for item in field.items], sizes)


def _fields(batch: LogBatch, name: str) -> list[Field]:
    if name == "body":
        return _bodies(batch)
    if name == "attributes":
        return [*_of_table(batch), *map(_of_column, batch.derived.get_columns())]
    column, height = batch.column(name), len(batch)
    if name in _CONTENTS:
        content = _content(column)
        rows = np.flatnonzero(content.sizes)
        return [_within(_content(column, rows).delimited(_CONTENTS[name]), rows, height)] if len(rows) else []
    numbers = _numbers(column)
    rows = np.flatnonzero(numbers)
    chosen = numbers if len(rows) == height else numbers[rows]
    field = of_numbers(_NUMBERS[name], chosen) if name in _NUMBERS else of_fixed(_FIXED[name], chosen)
    return [_within(field, rows, height)] if len(rows) else []


def _bodies(batch: LogBatch) -> list[Field]:
    """A text; else what is an AnyValue already. A body without a value is none."""
    text, other = batch.column("body"), batch.column("body_any")
    rows, height = _there(text), len(batch)
    field = _within(_content(text, rows).delimited(_STRING).delimited(_BODY), rows, height)
    if len(rows) == height or other.null_count() == height:
        return [field]
    rows = np.setdiff1d(np.flatnonzero(_content(other).sizes), rows, assume_unique=True)
    return [field, _within(_serialised(other.gather(pl.Series(rows))).delimited(_BODY), rows, height)]


def _of_table(batch: LogBatch) -> list[Field]:
    """Attributes that are rows, those of a record one behind the other."""
    table = batch.attributes
    if not table.height:
        return []
    if not table.get_column("owner").is_sorted():
        table = table.sort("owner", maintain_order=True)
    key, value = _content(table.get_column("key")).delimited(_KEY), _values(table)
    fields = Field([*key.items, *value.items], key.sizes + value.sizes).delimited(_ATTRIBUTE)
    ends = np.searchsorted(table.get_column("owner").to_numpy(), np.arange(len(batch) + 1, dtype=np.uint32))
    return [of_bytes(merged(joined(fields.items, table.height), ends))]


def _of_column(column: pl.Series) -> Field:
    """The attributes of one key; made once where all are alike."""
    rows, key = _there(column), column.name.encode()
    if len(rows) == len(column) and len(rows) > 1 and _alike(column):
        alike = joined(_of_column(column[:1]).items, 1)[0].as_py()
        return Field([alike], np.full(len(column), len(alike)))
    chosen = column if len(rows) == len(column) else column.gather(pl.Series(rows))
    field = _any_value(tables.kind_of(column), chosen).delimited(_VALUE)
    return _within(field.behind(_KEY + varint(len(key)) + key).delimited(_ATTRIBUTE), rows, len(column))


def _alike(column: pl.Series) -> bool:
    return column.dtype in (pl.String, pl.Int64) and column[0] == column[-1] and bool((column == column[0]).all())


def _values(table: pl.DataFrame) -> Field:
    """The field `value` of each row, of whatever kind; none where it was left out."""
    kinds, height = table.get_column("kind").to_numpy(), table.height
    items: list[Item] = []
    sizes = np.zeros(height, dtype=np.int64)
    for kind in map(ValueKind, np.flatnonzero(np.bincount(kinds)).tolist()):
        column, here = table.get_column(VALUE_COLUMNS[kind]), kinds == kind
        rows = np.intersect1d(np.flatnonzero(here), _there(column)) if kind is ValueKind.EMPTY else np.flatnonzero(here)
        field = _any_value(kind, column if len(rows) == height else column.gather(pl.Series(rows))).delimited(_VALUE)
        sizes[rows] = field.sizes
        items += _within(field, rows, height).items
    return Field(items, sizes)


def _any_value(kind: ValueKind, column: pl.Series) -> Field:
    """An AnyValue for each row."""
    return _member(_TAGS[kind], column) if kind in _TAGS else _serialised(column)


def _member(tag: bytes, column: pl.Series) -> Field:
    """One member of an AnyValue's oneof."""
    if column.dtype in (pl.String, pl.Binary):
        return _content(column).delimited(tag)
    if column.dtype == pl.Float64:
        return of_fixed(tag, _numbers(column))
    return of_numbers(tag, _numbers(column.cast(pl.Int64)))


def _serialised(column: pl.Series) -> Field:
    """What is an AnyValue already, or was to be one: read, as who made it may be anybody."""
    items: list[Item] = []
    sizes = np.zeros(len(column), dtype=np.int64)
    for name, member in anycolumns.split(column).items():
        rows = _there(member)
        if len(rows):
            field = _member(_MEMBER_TAGS[name], member if len(rows) == len(member) else member.gather(pl.Series(rows)))
            sizes[rows] = field.sizes
            items += _within(field, rows, len(column)).items
    return Field(items, sizes)


def _content(column: pl.Series, rows: Rows | None = None) -> Field:
    """The bytes of each row, or of some; none where there is null."""
    chosen = column if rows is None or len(rows) == len(column) else column.gather(pl.Series(rows))
    if chosen.null_count():
        chosen = chosen.fill_null("" if chosen.dtype == pl.String else b"")
    return of_bytes(chosen.rechunk().to_arrow())


def _numbers(column: pl.Series) -> npt.NDArray[Any]:
    return (column.fill_null(0) if column.null_count() else column).to_numpy()


def _there(column: pl.Series) -> Rows:
    """Where there is no null."""
    return np.flatnonzero(column.is_not_null().to_numpy()) if column.null_count() else np.arange(len(column))


def _within(field: Field, rows: Rows, height: int) -> Field:
    """The field in some rows of all."""
    return field if len(rows) == height else of_bytes(spread(joined(field.items, len(rows)), rows, height))
