"""Attribute values as an indexed field can have them: scalars, and arrays of scalars.

Maps become an attribute a member (`key.member`), arrays that hold maps or arrays their JSON text; empty values go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from collector.batch import ValueKind
from collector.columns.tables import ATTRIBUTES, VALUE_COLUMNS, conform, stack


def indexable(table: pl.DataFrame) -> pl.DataFrame:
    """An attribute table with nothing but values that a field can have."""
    nested = table.get_column("kind") == int(ValueKind.ANY)
    empty = table.get_column("kind") == int(ValueKind.EMPTY)
    if not (nested | empty).any():
        return table
    return stack([table.filter(~(nested | empty)), _opened(table.filter(nested))])


def _opened(rows: pl.DataFrame) -> pl.DataFrame:
    """Maps as a row a member; what is in a value is worked out once, however often it comes."""
    known = [_leaf_rows(value) for value in rows.get_column("any").drop_nulls().unique()]
    if not known:
        return ATTRIBUTES.to_frame()
    values = pl.DataFrame(
        [row for leaves in known for row in leaves], {"whole": pl.Binary, "below": pl.String, **_VALUES}
    )
    joined = rows.select("owner", "key", whole="any").join(values, on="whole", how="inner", maintain_order="left")
    dotted = pl.when(pl.col("below") == "").then("key").otherwise(pl.concat_str("key", pl.lit("."), "below"))
    return conform(joined.with_columns(key=dotted).drop("whole", "below"))


_VALUES = {name: dtype for name, dtype in ATTRIBUTES.items() if name not in ("owner", "key")}


def _leaf_rows(data: bytes) -> list[dict[str, Any]]:
    from otlp_wire import any_to_python

    return [{"whole": data, "below": path, **_value(leaf)} for path, leaf in _leaves(any_to_python(data), "")]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, f"{path}.{key}" if path else key)
    elif value is not None:
        yield path, value


def _value(leaf: Any) -> dict[str, Any]:
    from otlp_wire import any_from_python, any_json

    kind = _KINDS[type(leaf)]
    if kind is not ValueKind.ANY:
        return {"kind": int(kind), VALUE_COLUMNS[kind]: leaf}
    array = any_from_python(leaf)
    if not any(isinstance(item, list | dict) for item in leaf):
        return {"kind": int(kind), "any": array}
    return {"kind": int(ValueKind.STRING), "string": any_json(pl.Series([array])).item()}


_KINDS = {
    str: ValueKind.STRING,
    bool: ValueKind.BOOL,
    int: ValueKind.INT,
    float: ValueKind.DOUBLE,
    bytes: ValueKind.BYTES,
    list: ValueKind.ANY,
}
