"""Maps and lists: decoded, indexed and measured in Python, once for each distinct value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
import polars as pl

import otlp_wire
from collector.ottl.values import DTYPES, Kind, Value

FAILED = "failed"
TEXT = "text"
JSON_KINDS = (Kind.STRING, Kind.BOOL, Kind.INT, Kind.DOUBLE, Kind.JSON)
_COLUMNS: dict[str, pl.DataType] = {kind.value: DTYPES[kind] for kind in (*JSON_KINDS, Kind.BYTES)}
VALUES = pl.Struct({**_COLUMNS, TEXT: pl.String(), FAILED: pl.Boolean()})
"""A value of any kind as a struct: at most one kind is not null; `failed` = evaluating it was an error."""

Row = dict[str, Any]


class NestedError(Exception):
    """A key does not fit the value: the condition is an error for this record."""


def dumps(value: Any) -> str:
    """A map or a list as compact JSON with sorted keys, so that equal ones are equal text."""
    return orjson.dumps(value, default=_hex, option=orjson.OPT_SORT_KEYS).decode()


def _hex(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)


def collection(value: list[Any] | dict[str, Any]) -> Value:
    """A list or a map written into a condition."""
    return Value({Kind.JSON: pl.lit(dumps(value), pl.String)}, total=True, constant=value)


def row(value: Any) -> Row:
    """A Python value of JSON as a row of `VALUES`."""
    match value:
        case None:
            return {}
        case bool():
            return {"bool": value, TEXT: str(value).lower()}
        case int() if -(2**63) <= value < 2**63:
            return {"int": value, TEXT: str(value)}
        case int() | float():
            return {"double": float(value), TEXT: f"{float(value):g}"}
        case str():
            return {"string": value, TEXT: value}
        case bytes():
            return {"bytes": value, TEXT: value.hex()}
        case _:
            text = dumps(value)
            return {"json": text, TEXT: text}


def index(value: Any, keys: Sequence[str | int]) -> Any:
    """`value[key][key]…` as OTTL reads it: a missing key is nil, so is what follows; a key that doesn't fit fails."""
    for key in keys:
        if value is None:
            return None
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        else:
            raise NestedError
    return value


def per_distinct(series: pl.Series, function: Callable[[Any], Any]) -> pl.Series:
    """`function` of each distinct non-null value → a column of `VALUES`; `NestedError` and `ValueError` fail the row."""
    distinct = series.drop_nulls().unique()
    rows = [_outcome(function, value) for value in distinct.to_list()]
    results = pl.Series("result", rows, dtype=VALUES)
    keyed = pl.DataFrame([distinct.alias("value"), results])
    joined = pl.DataFrame([series.alias("value")]).join(keyed, on="value", how="left", maintain_order="left")
    return joined.get_column("result")


def _outcome(function: Callable[[Any], Any], value: Any) -> Row:
    try:
        return row(function(value))
    except (NestedError, ValueError, TypeError, RecursionError):
        return {FAILED: True}


def any_values(serialised: pl.Series) -> pl.DataFrame:
    """Serialised AnyValues → one column for each kind and `text`."""
    if serialised.null_count() == len(serialised):
        return pl.DataFrame(schema=VALUES.to_schema()).clear(len(serialised))
    decoded = per_distinct(serialised, otlp_wire.any_to_python)
    return decoded.struct.unnest()
