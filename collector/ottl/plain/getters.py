"""What a parameter makes of the value that it is given: OTTL's getters (upstream: pkg/ottl/expression.go).

Each takes a value and gives what the function works on, or raises `EvaluationError`.
"""

from __future__ import annotations

import math
import re
import struct
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from collector.ottl.plain.kinds import IDS, Duration, EvaluationError, Time, named

Getter = Callable[[Any], Any]
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))")
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}
INT64 = range(-(2**63), 2**63)


def value(given: Any) -> Any:
    """Anything."""
    return given


def _strict(kind: type, name: str) -> Getter:
    def get(given: Any) -> Any:
        if type(given) is not kind:
            raise EvaluationError(f"expected {name} but got {named(given)}")
        return given

    return get


string = _strict(str, "string")
integer = _strict(int, "int64")
double = _strict(float, "float64")
boolean = _strict(bool, "bool")
mapping = _strict(dict, "pcommon.Map")
sequence = _strict(list, "pcommon.Slice")
time = _strict(Time, "time")
duration = _strict(Duration, "duration")


def text(given: Any) -> str | None:
    """StringLike: bytes as hex, ids as JSON lists of their bytes, maps and lists as compact JSON with sorted keys; nil stays nil."""
    if given is None or type(given) is str:
        return given
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, IDS):
        return f"[{','.join(map(str, given))}]"
    if isinstance(given, bytes):
        return given.hex()
    if isinstance(given, float):
        return json_double(given)
    if isinstance(given, dict | list):
        return json_text(given)
    if isinstance(given, Time | Duration):
        return str(given.nanoseconds)
    return str(given)


def json_text(given: Any) -> str:
    """A map or a list as compact JSON with sorted keys; bytes are base64 there as in Go."""
    return orjson.dumps(_jsonable(given), option=orjson.OPT_SORT_KEYS).decode()


def _jsonable(given: Any) -> Any:
    match given:
        case dict():
            return {key: _jsonable(item) for key, item in given.items()}
        case list():
            return [_jsonable(item) for item in given]
        case bytes():
            return b64encode(given).decode()
        case float() if math.isfinite(given):
            return orjson.Fragment(json_double(given))
        case Time() | Duration():
            return given.nanoseconds
        case _:
            return given


def double_text(number: float) -> str:
    """A double as Go's `strconv.FormatFloat(…, 'f', -1, 64)` writes it, without an exponent."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def json_double(number: float) -> str:
    """A double as Go's JSON has it: with an exponent from 1e21 on, and below 1e-6."""
    if not number or 1e-6 <= abs(number) < 1e21 or not math.isfinite(number):
        return double_text(number)
    mantissa, exponent = repr(number).split("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0')}"


def int_like(given: Any) -> int | None:
    """Doubles are truncated, bools 1 and 0; a string that is no integer is nil."""
    match given:
        case None:
            return None
        case bool():
            return int(given)
        case int():
            return given
        case float():
            return _truncated(given)
        case str():
            return int(given) if _INTEGER.fullmatch(given) and int(given) in INT64 else None
        case _:
            raise EvaluationError(f"unsupported type: {named(given)}")


def _truncated(number: float) -> int:
    if not math.isfinite(number) or int(number) not in INT64:
        return -(2**63)
    return int(number)


def float_like(given: Any) -> float | None:
    """A string that is no number is an error."""
    match given:
        case None:
            return None
        case bool() | int() | float():
            return float(given)
        case str() if _NUMBER.fullmatch(given):
            return float(given)
        case _:
            raise EvaluationError(
                f"invalid float: {given!r}" if isinstance(given, str) else f"unsupported type: {named(given)}"
            )


def bool_like(given: Any) -> bool | None:
    """The strings of Go's `strconv.ParseBool`; numbers are true unless 0."""
    match given:
        case None:
            return None
        case bool():
            return given
        case int() | float():
            return given != 0
        case str() if given in _BOOLS:
            return _BOOLS[given]
        case _:
            raise EvaluationError(
                f"not a bool: {given!r}" if isinstance(given, str) else f"unsupported type: {named(given)}"
            )


def bytes_like(given: Any) -> bytes | None:
    """Strings as UTF-8, numbers as 8 bytes with the highest first, bools as one byte."""
    match given:
        case None:
            return None
        case bytes():
            return bytes(given)
        case str():
            return given.encode()
        case bool():
            return bytes([given])
        case int():
            return struct.pack(">q", given)
        case float():
            return struct.pack(">d", given)
        case _:
            raise EvaluationError(f"unsupported type: {named(given)}")


def listed(given: Any) -> list[Any]:
    """A list of values as written, or a slice."""
    return sequence(given)  # type: ignore[no-any-return]


def strings(given: Any) -> list[str]:
    """A list of nothing but strings."""
    found: list[str] = [string(item) for item in sequence(given)]
    return found


__all__ = ["IDS", "Getter"]
