"""Plain Python values straight to OTLP's wire format, for doors that take records in other shapes. No protobuf object is made:
that alone would cost more than all else that a door does for a record.

    *_field(…)         fields of a LogRecord; joined in any order they are one
    request(groups)    resources with their records → ExportLogsServiceRequest

Values are what a parser of JSON or msgpack gives: str, int, float, bool, None, bytes, list, dict. Integers beyond 64 bits, objects
with more than `MAX_KEYS` members and what is nested deeper than `MAX_NESTING` become their text; halves of surrogate pairs U+FFFD.

Sources: opentelemetry/proto/logs/v1/logs.proto, common/v1/common.proto; protobuf.dev, "Encoding".
"""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from otlp_wire.wire_fields import varint

MAX_NESTING = 30
"""Levels of objects and arrays of one value: protobuf reads 100 messages in each other, a map takes three of them."""
MAX_KEYS = 1024
_SHORT = 1 << 11
_MOST_HEADS = 100_000
_LONGEST_KEY = 200
_INT64 = range(-(1 << 63), 1 << 63)
_LENGTHS = tuple(varint(number) for number in range(_SHORT))
_SMALL = tuple(b"\x18" + number for number in _LENGTHS)
_RECORD_HEADS = tuple(b"\x12" + number for number in _LENGTHS)
HEADS: dict[str, dict[int, bytes]] = {}
"""Key → length of a text (of another value as it is written: its complement) → all that stands in front of it in an attribute.
Programs have few keys; hostile senders many."""
_heads = itertools.count()
_DOUBLE = struct.Struct("<Bd").pack
_FIXED64 = struct.Struct("<BQ").pack
_FIXED32 = struct.Struct("<BI").pack


def _body_head(size: int) -> bytes:
    inner = b"\x0a" + varint(size)
    return b"\x2a" + varint(len(inner) + size) + inner


_BODY_HEADS = tuple(map(_body_head, range(_SHORT)))
_TRUE, _FALSE = b"\x10\x01", b"\x10\x00"


def attribute_field(key: str, value: Any) -> bytes:
    """`attributes`."""
    if type(value) is str:
        try:
            text = value.encode()
            return HEADS[key][len(text)] + text
        except (KeyError, UnicodeEncodeError):
            return _text_attribute(key, utf8(value))
    content = any_value(value, MAX_NESTING)
    try:
        return HEADS[key][~len(content)] + content
    except KeyError:
        return _remembered(key, ~len(content), content, _sized(b"\x32", _key_value(key, content)))


def body_field(value: Any) -> bytes:
    """`body`."""
    if type(value) is str:
        try:
            text = value.encode()
        except UnicodeEncodeError:
            text = utf8(value)
        size = len(text)
        return (_BODY_HEADS[size] if size < _SHORT else _body_head(size)) + text
    return _sized(b"\x2a", any_value(value, MAX_NESTING))


def time_field(unix_nano: int) -> bytes:
    """`time_unix_nano`: 1 to 2^64 - 1."""
    return _FIXED64(0x09, unix_nano)


def observed_field(unix_nano: int) -> bytes:
    """`observed_time_unix_nano`: 1 to 2^64 - 1."""
    return _FIXED64(0x59, unix_nano)


def severity_fields(number: int, text: str) -> bytes:
    """`severity_number` (0 to 24) and `severity_text`."""
    content = utf8(text)
    return (b"\x10" + bytes((number,)) if number else b"") + (_sized(b"\x1a", content) if content else b"")


def trace_id_field(trace_id: bytes) -> bytes:
    """`trace_id`: 16 bytes."""
    return b"\x4a\x10" + trace_id


def span_id_field(span_id: bytes) -> bytes:
    """`span_id`: 8 bytes."""
    return b"\x52\x08" + span_id


def flags_field(flags: int) -> bytes:
    """`flags`: those of W3C's trace context."""
    return _FIXED32(0x45, flags)


def event_field(name: str) -> bytes:
    """`event_name`."""
    return _sized(b"\x62", utf8(name))


def dropped_field(count: int) -> bytes:
    """`dropped_attributes_count`."""
    return b"\x38" + varint(count)


def scope_field(name: str, version: str, attributes: Mapping[str, str]) -> bytes:
    """`scope` of a ScopeLogs."""
    pairs = (_sized(b"\x1a", _key_value(key, any_value(text, 1))) for key, text in attributes.items())
    return _sized(b"\x0a", _sized(b"\x0a", utf8(name)) + _sized(b"\x12", utf8(version)) + b"".join(pairs))


def request(groups: Mapping[tuple[tuple[str, Any], ...], Sequence[bytes]], scope: bytes = b"") -> bytes:
    """An ExportLogsServiceRequest. `groups`: attributes of a resource → its records, each of which is its fields joined; `scope`: of all
    of them (`scope_field`)."""
    parts: list[bytes] = []
    for resource, records in groups.items():
        pairs = b"".join(_sized(b"\x0a", _key_value(key, any_value(value, 1))) for key, value in resource)
        written: list[bytes] = []
        for record in records:
            size = len(record)
            written += (_RECORD_HEADS[size] if size < _SHORT else b"\x12" + varint(size), record)
        parts.append(_sized(b"\x0a", _sized(b"\x0a", pairs) + _sized(b"\x12", scope + b"".join(written))))
    return b"".join(parts)


def any_value(value: Any, levels: int) -> bytes:
    """An AnyValue of at most so many levels; empty for None."""
    kind = type(value)
    if kind is int:
        if 0 <= value < _SHORT:
            small: bytes = _SMALL[value]
            return small
        if value not in _INT64:
            return any_value(str(value), levels)
        return b"\x18" + varint(value & (1 << 64) - 1)
    if kind is str:
        return _sized(b"\x0a", utf8(value))
    if kind is bool:
        return _TRUE if value else _FALSE
    if kind is float:
        return _DOUBLE(0x21, value)
    if kind is dict or kind is list:
        return _nested(value, levels)
    return _sized(b"\x3a", bytes(value)) if kind is bytes else b""


def utf8(text: str) -> bytes:
    """The text's bytes; U+FFFD for each half of a surrogate pair."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def plain_text(value: Any) -> str:
    """A value as JSON, whatever is in it."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_hexadecimal)
    except RecursionError:
        return "nested too deeply"


def _hexadecimal(value: object) -> str | None:
    return value.hex() if isinstance(value, bytes) else None


def _sized(tag: bytes, content: bytes) -> bytes:
    size = len(content)
    return tag + (_LENGTHS[size] if size < _SHORT else varint(size)) + content


def _key_value(key: str, value: bytes) -> bytes:
    return _sized(b"\x0a", utf8(key)) + _sized(b"\x12", value)


def _text_attribute(key: str, text: bytes) -> bytes:
    return _remembered(key, len(text), text, _sized(b"\x32", _key_value(key, _sized(b"\x0a", text))))


def _remembered(key: str, size: int, content: bytes, field: bytes) -> bytes:
    """The attribute; its head is remembered."""
    if len(key) <= _LONGEST_KEY and -_SHORT < size < _SHORT:
        if next(_heads) % _MOST_HEADS == 0:
            HEADS.clear()
        HEADS.setdefault(key, {})[size] = field[: len(field) - len(content)]
    return field


def _nested(value: dict[Any, Any] | list[Any], levels: int) -> bytes:
    if not levels or (len(value) > MAX_KEYS and type(value) is dict):
        return any_value(plain_text(value), levels)
    if type(value) is dict:
        pairs = (_key_value(str(key), any_value(item, levels - 1)) for key, item in value.items())
        return _sized(b"\x32", b"".join(_sized(b"\x0a", pair) for pair in pairs))
    items = (any_value(item, levels - 1) for item in value)
    return _sized(b"\x2a", b"".join(_sized(b"\x0a", item) for item in items))
