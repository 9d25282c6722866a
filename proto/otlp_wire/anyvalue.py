"""Single AnyValues: to and from Python, and as JSON text for stores. Meant for few values or distinct ones."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from otlp_wire.messages import AnyValue, DecodeError

_INT64 = range(-(1 << 63), 1 << 63)
_LEVELS = 30
"""Protobuf reads messages nested 100 deep at most: three for a map in a map, and those around a record's attribute."""


def any_to_python(data: bytes) -> Any:
    """The value of a serialised AnyValue: str, bool, int, float, bytes, list, dict, or None when it is empty.

    The first of a repeated key wins. What is no AnyValue is given back as its bytes.
    """
    try:
        return _plain(AnyValue.FromString(data))
    except DecodeError:
        return data


def any_from_python(value: Any) -> bytes:
    """A serialised AnyValue. Integers beyond 64 bits, objects of other types, and maps and arrays nested more than
    `_LEVELS` deep become their text."""
    return bytes(_message(value, _LEVELS).SerializeToString())


def any_json(values: pl.Series) -> pl.Series:
    """Plain JSON text (`["a",1]`, `{"k":true}`) for a column of serialised AnyValues; null stays null.

    Bytes are base64, an empty value is `null`, NaN and infinities are strings as in OTLP JSON. Computed once per
    distinct value.
    """
    return per_distinct(values, lambda data: orjson.dumps(_jsonable(any_to_python(data))).decode())


def per_distinct(values: pl.Series, compute: Callable[[Any], str]) -> pl.Series:
    """`compute` for each distinct value of a column, as text; null stays null."""
    distinct = values.drop_nulls().unique()
    if not len(distinct):
        return pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))
    texts = [compute(value) for value in distinct]
    return values.replace_strict(distinct, texts, default=None, return_dtype=pl.String)


def json_double(number: float) -> float | str:
    """A double as JSON has it: NaN and infinities are strings."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _plain(value: Any) -> Any:
    member = value.WhichOneof("value")
    if member == "array_value":
        return [_plain(item) for item in value.array_value.values]
    if member == "kvlist_value":
        found: dict[str, Any] = {}
        for pair in value.kvlist_value.values:
            if pair.key not in found:
                found[pair.key] = _plain(pair.value)
        return found
    return getattr(value, member) if member else None


def _message(value: Any, levels: int) -> Any:
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and value in _INT64:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes | bytearray | memoryview):
        return AnyValue(bytes_value=bytes(value))
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence | set | frozenset):
        return AnyValue(string_value=_text(value))
    if not levels:
        return AnyValue(string_value=_json_text(value))
    if isinstance(value, Mapping):
        pairs = [{"key": _text(key), "value": _message(item, levels - 1)} for key, item in value.items()]
        return AnyValue(kvlist_value={"values": pairs})
    return AnyValue(array_value={"values": [_message(item, levels - 1) for item in value]})


def _json_text(value: Any) -> str:
    """JSON of what is nested too deep, or a word about it when JSON cannot hold it either."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return "nested too deeply"


def _text(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")  # lone surrogates can't go on the wire


def _jsonable(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, float):
        return json_double(value)
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return value
