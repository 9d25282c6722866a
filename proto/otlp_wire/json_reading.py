"""OTLP JSON → protobuf, as the OTLP specification has it (not quite proto3's own JSON mapping).

Ids are hexadecimal, keys lowerCamelCase (snake_case is read too), 64-bit integers strings or numbers without loss,
enums numbers (names are read too), unknown keys ignored at every level, null the same as absent.
"""

from __future__ import annotations

from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor

from collector.errors import InvalidPayload
from otlp_wire.inspection import byte_gate, check_records
from otlp_wire.json_schema import JsonField, Mismatch, fields_of
from otlp_wire.messages import MAX_DEPTH, ExportLogsServiceRequest, LogRecord

_LONGEST_PLACE = 300
_LOG_RECORD = LogRecord.DESCRIPTOR  # made at once, so that one record's dicts are freed before the next


def json_to_protobuf(body: bytes) -> bytes:
    """The same ExportLogsServiceRequest in protobuf.

    Raises:
        InvalidPayload: not JSON, or not OTLP; the reason names the place (`resourceLogs[0].scopeLogs[2]…`) and what
            is expected there, never what was found.
        TooLarge: more records than a request may hold; making them into messages costs much more than counting.
    """
    with byte_gate(len(body)):
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise InvalidPayload(f"invalid JSON at line {error.lineno} column {error.colno}") from None
        check_records(_records(document))
        try:
            tree = _message(document, ExportLogsServiceRequest.DESCRIPTOR, 0)
        except Mismatch as mismatch:
            raise InvalidPayload(_reason(mismatch)) from None
        return bytes(ExportLogsServiceRequest(**tree).SerializeToString())


def _records(document: Any) -> int:
    """How many log records there seem to be; what has another shape holds none."""
    resources = _items(document, "resourceLogs", "resource_logs")
    scopes = (scope for resource in resources for scope in _items(resource, "scopeLogs", "scope_logs"))
    return sum(len(_items(scope, "logRecords", "log_records")) for scope in scopes)


def _items(value: Any, *keys: str) -> list[Any]:
    found = next((value[key] for key in keys if key in value), None) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _reason(mismatch: Mismatch) -> str:
    place = "".join(reversed(mismatch.path)).lstrip(".") or "the document"
    if len(place) > _LONGEST_PLACE:
        place = place[:_LONGEST_PLACE] + "…"
    return f"invalid OTLP JSON: {place} must be {mismatch.expected}"


def _message(value: Any, message: Descriptor, depth: int) -> dict[str, Any]:
    """The keyword arguments of a message's class."""
    if not isinstance(value, dict):
        raise Mismatch("an object")
    if depth > MAX_DEPTH:
        raise Mismatch(f"nested at most {MAX_DEPTH} levels deep")
    known = fields_of(message)
    found: dict[str, Any] = {}
    filled = set()
    for key, content in value.items():
        field = known.get(key)
        if field is None or content is None:
            continue
        if field.slot in filled:
            raise Mismatch("the only one of its kind in its object").at(f".{key}")
        filled.add(field.slot)
        try:
            found[field.name] = _list(content, field, depth) if field.repeated else _value(content, field, depth)
        except Mismatch as mismatch:
            raise mismatch.at(f".{key}") from None
    return found


def _list(value: Any, field: JsonField, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise Mismatch("an array")
    items: list[Any] = []
    try:
        for item in value:
            items.append(_value(item, field, depth))  # noqa: PERF401 - its length is the index of the failing item
    except Mismatch as mismatch:
        raise mismatch.at(f"[{len(items)}]") from None
    return items


def _value(value: Any, field: JsonField, depth: int) -> Any:
    if field.read is not None:
        return field.read(value)
    assert field.message is not None
    content = _message(value, field.message, depth + 1)
    return LogRecord(**content) if field.message is _LOG_RECORD else content
