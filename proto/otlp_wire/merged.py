"""OTLP's request as the door parses it: the official schema, but for what is repeated.

An object for each record and attribute is made for nothing where only the whole is judged. Variants of the schema say the
same of the same bytes:

    CountedRequest   records are bytes: their number, without a look into them
    CheckedRequest   nothing is repeated, so the parser merges what comes again into what is there: all of a request into one
                     record. Each byte is checked, next to nothing is kept; the ids of all records stand in two lists
    SummedRequest    the same, but ids are packed numbers of eight bytes: the parser refuses other lengths than multiples of
                     eight, and two lists of numbers say how long all ids together are, without an object for each
    SevereRequest    the same as CheckedRequest, with lists of all severities, numbers and texts
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from otlp_wire.messages import ExportLogsServiceRequest

_Field = descriptor_pb2.FieldDescriptorProto


def _records_are_bytes(message: str, field: Any) -> None:
    if (message, field.name) == ("ScopeLogs", "log_records"):
        field.type = _Field.TYPE_BYTES
        field.ClearField("type_name")


def _all_is_merged(message: str, field: Any) -> None:
    if field.label == _Field.LABEL_REPEATED and field.type == _Field.TYPE_MESSAGE:
        field.label = _Field.LABEL_OPTIONAL
    elif message == "LogRecord" and field.name in ("trace_id", "span_id"):
        field.label = _Field.LABEL_REPEATED


def _ids_are_numbers(message: str, field: Any) -> None:
    _all_is_merged(message, field)
    if message == "LogRecord" and field.name in ("trace_id", "span_id"):
        field.type = _Field.TYPE_FIXED64


def _severities_are_listed(message: str, field: Any) -> None:
    _all_is_merged(message, field)
    if message == "LogRecord" and field.name in ("severity_number", "severity_text"):
        field.label = _Field.LABEL_REPEATED
        if field.name == "severity_number":
            field.type = _Field.TYPE_INT32
            field.ClearField("type_name")


def _variant(change: Callable[[str, Any], None], request: Any = ExportLogsServiceRequest) -> Any:
    """The class of a request in a pool of its own, after `change(message, field)` for each field."""
    pool = descriptor_pool.DescriptorPool()
    for known in _with_imports(request.DESCRIPTOR.file):
        file = descriptor_pb2.FileDescriptorProto()
        known.CopyToProto(file)
        for message in file.message_type:
            for field in message.field:
                change(message.name, field)
        pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(request.DESCRIPTOR.full_name))


def _with_imports(file: Any) -> list[Any]:
    """The files that a file needs, and itself, each behind those that it needs."""
    found = {each.name: each for needed in file.dependencies for each in _with_imports(needed)}
    return [*found.values(), file]


@cache
def merged(request: Any) -> Any:
    """Of another request what `CheckedRequest` is: all of it becomes one of each kind. It takes what the class of `request` takes."""
    return _variant(_all_is_merged, request)


CountedRequest: Any = _variant(_records_are_bytes)
CheckedRequest: Any = _variant(_all_is_merged)
SummedRequest: Any = _variant(_ids_are_numbers)
SevereRequest: Any = _variant(_severities_are_listed)
