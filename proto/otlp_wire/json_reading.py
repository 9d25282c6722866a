"""OTLP JSON → protobuf, as the OTLP specification has it (not quite proto3's own JSON mapping).

Ids are hexadecimal, keys lowerCamelCase (snake_case is read too), 64-bit integers strings or numbers without loss,
enums numbers (names are read too), unknown keys ignored at every level, null the same as absent. A document with a value
that does not fit is read once more by `json_repair`, which leaves out what can't be read.
"""

from __future__ import annotations

from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor

from collector.errors import InvalidPayload
from otlp_wire.inspection import check_records
from otlp_wire.json_repair import mended, read_json_text
from otlp_wire.json_schema import JsonField, Mismatch, fields_of, log_record
from otlp_wire.messages import MAX_DEPTH, ExportLogsServiceRequest, LogRecord
from otlp_wire.repairs import Repairs

_REQUEST = ExportLogsServiceRequest.DESCRIPTOR
_LOG_RECORD = LogRecord.DESCRIPTOR
_SCOPE_LOGS = ("scopeLogs", "scope_logs", "instrumentationLibraryLogs", "instrumentation_library_logs")
_NOTHING_KNOWN = 'no resourceLogs in it: logs are sent as {"resourceLogs":[{"scopeLogs":[{"logRecords":[…]}]}]}'


def read_json(body: bytes, repairs: Repairs) -> Any:
    """The ExportLogsServiceRequest that the document means; what was put right is noted in `repairs`.

    Raises:
        InvalidPayload: not a JSON object; the reason names the place, never what was found.
        TooLarge: more records than a request may hold; making them into messages costs much more than counting.
    """
    try:
        document, sound = orjson.loads(body), True
    except orjson.JSONDecodeError:
        document, sound = read_json_text(body), False
    if not isinstance(document, dict):
        raise InvalidPayload("invalid OTLP JSON: the document must be an object")
    check_records(_records(document))
    if document and not fields_of(_REQUEST).keys() & document.keys():
        repairs.first = _NOTHING_KNOWN
    return ExportLogsServiceRequest(**_tree(document, sound, repairs))


def read_message(document: Any, message: Descriptor) -> dict[str, Any]:
    """The keyword arguments of another message's class. Raises `Mismatch` for what it can't mean."""
    return _message(document, message, 0)


def _tree(document: dict[str, Any], sound: bool, repairs: Repairs) -> dict[str, Any]:
    if sound:
        try:
            return _message(document, _REQUEST, 0)
        except Mismatch:
            pass
    return mended(document, repairs)


def _records(document: Any) -> int:
    """How many log records there seem to be; what has another shape holds none."""
    resources = _items(document, "resourceLogs", "resource_logs")
    scopes = (scope for resource in resources for scope in _items(resource, *_SCOPE_LOGS))
    return sum(len(_items(scope, "logRecords", "log_records", "logs")) for scope in scopes)


def _items(value: Any, *keys: str) -> list[Any]:
    found = next((value[key] for key in keys if key in value), None) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


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
            raise Mismatch("the only one of its kind in its object")
        filled.add(field.slot)
        found[field.name] = _list(content, field, depth) if field.repeated else _value(content, field, depth)
    return found


def _list(value: Any, field: JsonField, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise Mismatch("an array")
    return [_value(item, field, depth) for item in value]


def _value(value: Any, field: JsonField, depth: int) -> Any:
    if field.read is not None:
        return field.read(value)
    assert field.message is not None
    content = _message(value, field.message, depth + 1)
    return log_record(content) if field.message is _LOG_RECORD else content
