"""AnyValue as columns: each member of its oneof a column, null where another member (or none) is set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from collector.columns.tables import ATTRIBUTES, VALUE_COLUMNS, ValueKind, nulls, optional_positions
from otlp_wire import framing
from otlp_wire.messages import AnyValue, DecodeError

MEMBER_KINDS = {
    "string_value": ValueKind.STRING,
    "bool_value": ValueKind.BOOL,
    "int_value": ValueKind.INT,
    "double_value": ValueKind.DOUBLE,
    "bytes_value": ValueKind.BYTES,
    "array_value": ValueKind.ANY,
    "kvlist_value": ValueKind.ANY,
    "string_value_strindex": ValueKind.ANY,
}
"""Member of the oneof → the kind it has in an attribute table."""

MEMBERS = tuple(name for name in MEMBER_KINDS if name in AnyValue.DESCRIPTOR.fields_by_name)
_FRAMED = {"array_value": framing.ARRAY, "kvlist_value": framing.KVLIST, "bytes_value": framing.BYTES}
_MEMBER_TYPES = {
    "string_value": pl.String,
    "bool_value": pl.Boolean,
    "int_value": pl.Int64,
    "double_value": pl.Float64,
    "bytes_value": pl.Binary,
    "array_value": pl.Binary,
    "kvlist_value": pl.Binary,
    "string_value_strindex": pl.Int32,
}

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the oneof, and where it is set."""

    values: pl.Series
    present: Mask


@dataclass(frozen=True, slots=True)
class AnyColumns:
    """`present[i]`: there is a value message at i. `members` leaves out those that are never set."""

    present: Mask
    members: dict[str, Member]

    def __len__(self) -> int:
        return len(self.present)


def read(values: pa.StructArray) -> tuple[AnyColumns, Mask]:
    """The columns of what `columnar.reader` made, and where a value was sent in pieces or a oneof twice."""
    torn = np.zeros(len(values), dtype=np.bool_)
    seen = np.zeros(len(values), dtype=np.uint8)
    members = {}
    for name in MEMBERS:
        child = values.field(name)
        if pa.types.is_list(child.type):
            lengths = np.diff(child.offsets.to_numpy())
            if not len(lengths) or not lengths.any():
                continue
            torn |= lengths > 1
            present = lengths > 0
            column = _first_items(child, present)
        elif child.null_count < len(child):
            present = mask_of(child)
            column = pl.Series(pl.from_arrow(child))
        else:
            continue
        members[name] = Member(column, present)
        seen += present
    torn |= seen > 1
    return AnyColumns(mask_of(values), members), torn


def mask_of(column: pa.Array) -> Mask:
    """Where a column is not null."""
    if column.null_count == 0:
        return np.ones(len(column), dtype=np.bool_)
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False))


def _first_items(child: pa.ListArray, present: Mask) -> pl.Series:
    starts = np.where(present, child.offsets.to_numpy()[:-1], -1).astype(np.int64)
    return pl.Series(pl.from_arrow(child.values)).gather(optional_positions(starts))


def attribute_columns(values: AnyColumns) -> dict[str, pl.Series]:
    """The value columns of an attribute table, in its order, `kind` among them."""
    height = len(values)
    kinds = np.zeros(height, dtype=np.uint8)
    given = {}
    for name, member in values.members.items():
        kind = MEMBER_KINDS[name]
        kinds[member.present] = int(kind)
        given[VALUE_COLUMNS[kind]] = member.values
    nested = {name: member for name, member in values.members.items() if MEMBER_KINDS[name] is ValueKind.ANY}
    given["kind"] = pl.Series(kinds)
    given["any"] = _joined([serialised_member(n, m.values) for n, m in nested.items()], values.present & (kinds == 0))
    columns = [(name, dtype) for name, dtype in ATTRIBUTES.items() if name not in ("owner", "key")]
    return {name: given[name] if name in given else nulls(name, dtype, height) for name, dtype in columns}


def serialised(values: AnyColumns, leave_out: str = "") -> pl.Series:
    """Each value as a serialised AnyValue; null where there is none, or where member `leave_out` is set."""
    empty = values.present.copy()
    for member in values.members.values():
        empty &= ~member.present
    parts = [serialised_member(n, m.values) for n, m in values.members.items() if n != leave_out]
    return _joined(parts, empty)


def _joined(parts: list[pl.Series], empty: Mask) -> pl.Series:
    """The first non-null of `parts`; b"" where `empty`: the message is there without a member."""
    if empty.any():
        parts = [*parts, nulls("", pl.Binary(), len(empty)).set(pl.Series(empty), b"")]
    if len(parts) > 1:
        return pl.select(pl.coalesce(*parts)).to_series()
    return parts[0] if parts else nulls("", pl.Binary(), len(empty))


def serialised_member(name: str, column: pl.Series) -> pl.Series:
    """AnyValues with member `name` set, from its values."""
    if name in _FRAMED:
        return framing.framed(_FRAMED[name], column)
    if name == "double_value":
        return _serialised_doubles(column)

    def one(value: object) -> bytes:
        return bytes(AnyValue(**{name: value}).SerializeToString())

    return _per_distinct(column, one, pl.Binary())


def _serialised_doubles(column: pl.Series) -> pl.Series:
    """Tag and eight bytes; by their bits, since -0.0 equals 0.0 and NaN nothing."""
    rows = np.empty((len(column), 9), dtype=np.uint8)
    rows[:, 0] = 0x21
    rows[:, 1:] = column.fill_null(0.0).to_numpy().astype("<f8").view(np.uint8).reshape(-1, 8)
    fixed = pa.Array.from_buffers(pa.binary(9), len(column), [None, pa.py_buffer(rows.tobytes())])
    return pl.Series(pl.from_arrow(fixed.cast(pa.binary()))).set(column.is_null(), None)


def _per_distinct(column: pl.Series, compute: Callable[[object], object], dtype: pl.DataType) -> pl.Series:
    distinct = column.drop_nulls().unique()
    return column.replace_strict(distinct, [compute(value) for value in distinct], default=None, return_dtype=dtype)


def split(any_values: pl.Series) -> dict[str, pl.Series]:
    """Serialised AnyValues back into members: the reverse of `serialised`. Only members that occur are given.

    Arrays and maps as we frame them are unframed in place; the few others are parsed, once per distinct value.
    What is no AnyValue becomes `bytes_value`: nothing a processor writes can stop a batch.
    """
    members = {}
    rest = any_values.is_not_null()
    for name in ("array_value", "kvlist_value"):
        content = framing.unframed(_FRAMED[name], any_values)
        if content.null_count() < len(content):
            members[name] = content
            rest &= content.is_null()
    for name, column in _parsed(any_values, rest).items():
        known = members.get(name)
        members[name] = column if known is None else known.zip_with(known.is_not_null(), column)
    return members


def _parsed(any_values: pl.Series, rest: pl.Series) -> dict[str, pl.Series]:
    if not rest.any():
        return {}
    others = any_values.set(~rest, None)
    found: dict[str, dict[bytes, object]] = {}
    for data in others.drop_nulls().unique():
        name, value = _member(data)
        if name:
            found.setdefault(name, {})[data] = value
    return {
        name: others.replace_strict(
            pl.Series(list(values), dtype=pl.Binary),
            pl.Series(list(values.values()), dtype=_MEMBER_TYPES[name]),
            default=None,
        )
        for name, values in found.items()
    }


def _member(data: bytes) -> tuple[str, object]:
    try:
        value = AnyValue.FromString(data)
    except DecodeError:
        return "bytes_value", data
    name = value.WhichOneof("value")
    if name is None:
        return "", None
    content = getattr(value, name)
    return name, content.SerializeToString() if name in ("array_value", "kvlist_value") else content
