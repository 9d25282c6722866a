"""What OTLP JSON says about each message: which keys there are, and what their values may be.

The tables are made from the official descriptors, so a field that a newer opentelemetry-proto adds is read too.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otlp_wire.messages import LogRecord
from otlp_wire.repairs import Reason

_INTEGER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_ID_BYTES = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}


_FORMER_KEYS = {
    ("ResourceLogs", "scope_logs"): ("instrumentationLibraryLogs", "instrumentation_library_logs"),
    ("ScopeLogs", "scope"): ("instrumentationLibrary", "instrumentation_library"),
    ("ScopeLogs", "log_records"): ("logs",),
}
"""Names of 2021, before opentelemetry-proto 0.15; the messages are the same."""


class Mismatch(ValueError):
    """A value that does not fit: what was expected there; `place` is for who catches it."""

    def __init__(self, expected: str, reason: Reason = Reason.TYPE) -> None:
        self.expected = expected
        self.reason = reason
        self.place = ""
        super().__init__(expected)


Reader = Callable[[Any], Any]
"""JSON value → protobuf value; raises `Mismatch`."""


@dataclass(frozen=True, slots=True)
class JsonField:
    """One field: its protobuf name, whether it is a list, and either how to read it or which message it holds.

    `slot` can be filled once: the field itself, or the oneof that it belongs to.
    """

    name: str
    slot: str
    repeated: bool
    read: Reader | None
    message: Descriptor | None


@cache
def fields_of(message: Descriptor) -> dict[str, JsonField]:
    """Key → field, under its JSON name, its proto name (otelcol reads both) and the names it had before."""
    found = {}
    for field in message.fields:
        slot = field.containing_oneof.name if field.containing_oneof else field.name
        entry = JsonField(field.name, slot, bool(field.is_repeated), _reader(field), field.message_type)
        found[field.json_name] = found[field.name] = entry
        found |= dict.fromkeys(_FORMER_KEYS.get((message.name, field.name), ()), entry)
    return found


def log_record(content: dict[str, Any]) -> Any:
    """The message of a record, made at once, so that its dicts are freed before the next. `"body":{}`, as JavaScript's
    exporter writes an absent body, is none."""
    if content.get("body") == {}:  # or with nothing but unknown keys
        del content["body"]
    return LogRecord(**content)


def _reader(field: FieldDescriptor) -> Reader | None:
    if field.message_type is not None:
        return None
    if field.name in _ID_BYTES:
        return lambda value: _id(value, _ID_BYTES[field.name])
    if field.enum_type is not None:
        numbers = {value.name: value.number for value in field.enum_type.values}
        return lambda value: _enum(value, numbers)
    return _READERS[field.type]


def _integer(low: int, high: int) -> Reader:
    def read(value: Any) -> int:
        if isinstance(value, str) and _INTEGER.fullmatch(value) and len(value) <= 20:
            value = int(value)
        elif isinstance(value, float) and value.is_integer():
            # Integers beyond 64 bits arrive as floats; the lowest such float is a neighbour of the lowest integer.
            value = int(value) if value > -(2.0**63) else low - 1
        if isinstance(value, bool) or not isinstance(value, int):
            raise Mismatch("an integer, as a number or a decimal string", Reason.NUMBER)
        if not low <= value <= high:
            raise Mismatch(f"an integer from {low} to {high}", Reason.NUMBER)
        return value

    return read


def _double(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        if value in _NOT_FINITE:
            return _NOT_FINITE[value]
        if _NUMBER.fullmatch(value) and (number := float(value)) not in (
            _NOT_FINITE["Infinity"],
            _NOT_FINITE["-Infinity"],
        ):
            return number
    raise Mismatch('a number, a decimal string, "NaN", "Infinity" or "-Infinity"', Reason.NUMBER)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Mismatch("a string")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Mismatch("true or false")
    return value


def _bytes(value: Any) -> bytes:
    if isinstance(value, str) and value.isascii():
        standard = value.translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
        try:
            return b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except ValueError:
            pass
    raise Mismatch("a base64 string")


def _id(value: Any, size: int) -> bytes:
    if isinstance(value, str):
        if not value:
            return b""
        try:
            if len(value) == 2 * size:
                return bytes.fromhex(value) if value.isalnum() else _bytes(None)
        except ValueError:
            pass
    raise Mismatch(f"{2 * size} hexadecimal digits, or nothing", Reason.ID)


def _enum(value: Any, numbers: dict[str, int]) -> int:
    if isinstance(value, str) and value in numbers:
        return numbers[value]
    try:
        return int(_int32(value))
    except ValueError:
        raise Mismatch("an enum number or name", Reason.NUMBER) from None


_int32 = _integer(-(1 << 31), (1 << 31) - 1)
_READERS: dict[int, Reader] = {
    FieldDescriptor.TYPE_STRING: _string,
    FieldDescriptor.TYPE_BYTES: _bytes,
    FieldDescriptor.TYPE_BOOL: _bool,
    FieldDescriptor.TYPE_DOUBLE: _double,
    FieldDescriptor.TYPE_INT32: _int32,
    FieldDescriptor.TYPE_UINT32: _integer(0, (1 << 32) - 1),
    FieldDescriptor.TYPE_FIXED32: _integer(0, (1 << 32) - 1),
    FieldDescriptor.TYPE_INT64: _integer(-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_FIXED64: _integer(0, (1 << 64) - 1),
    FieldDescriptor.TYPE_UINT64: _integer(0, (1 << 64) - 1),
    FieldDescriptor.TYPE_SFIXED64: _integer(-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_SINT32: _int32,
}


@cache
def camel_case(name: str) -> str:
    """The JSON key of a field: `time_unix_nano` → `timeUnixNano`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
