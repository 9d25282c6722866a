"""A protobuf request that its parser refuses, put right where one value is to blame.

    request ► resource logs ► scope logs ► record: taken as it is if the parser takes it, else its fields one by one

Walks the wire itself, field by field, so it runs only for requests that failed. Text that is not UTF-8 gets U+FFFD,
values nested too deeply become text, and an id of a wrong length, or what breaks protobuf's framing, costs the field it
stands in, or its record.
Only broken framing around records refuses the request: nobody can tell what is a record there.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from collector.errors import InvalidPayload
from otlp_wire.deep_text import Items, Pairs, plain_json
from otlp_wire.inspection import FORMER_SCOPE_LOGS, ids_fit
from otlp_wire.merged import CheckedRequest
from otlp_wire.messages import AnyValue, DecodeError, ExportLogsServiceRequest, LogRecord
from otlp_wire.repairs import Reason, Repairs
from otlp_wire.wire_fields import BYTES, Field, Malformed, fields, integer, varint

MAX_LEVELS = 30
"""Arrays and maps in each other that are kept as such in a record whose values are nested too deeply."""
_NOT_UTF8 = "is not UTF-8: U+FFFD stands for what could not be read"
_TOO_DEEP = "is nested too deeply: it was kept as text"
_BROKEN = "is not valid protobuf: it was left out"
_ID_BYTES = {LogRecord.DESCRIPTOR.fields_by_name[name]: size for name, size in (("trace_id", 16), ("span_id", 8))}
_WIRE_TYPE = "has the wrong wire type: it was left out"
_KEY_VALUE = AnyValue.DESCRIPTOR.fields_by_name["kvlist_value"].message_type.fields_by_name["values"].message_type
_ARRAY = AnyValue.DESCRIPTOR.fields_by_name["array_value"].message_type
_RESOURCE_LOGS = ExportLogsServiceRequest.DESCRIPTOR.fields_by_name["resource_logs"].message_type
_SCOPE_LOGS = _RESOURCE_LOGS.fields_by_name["scope_logs"].message_type
_WIRE_TYPES = {
    FieldDescriptor.TYPE_FIXED64: 1,
    FieldDescriptor.TYPE_DOUBLE: 1,
    FieldDescriptor.TYPE_STRING: BYTES,
    FieldDescriptor.TYPE_BYTES: BYTES,
    FieldDescriptor.TYPE_MESSAGE: BYTES,
    FieldDescriptor.TYPE_FIXED32: 5,
}


def repaired(body: bytes, repairs: Repairs) -> bytes:
    """The request with what could be read of it; what was put right is noted in `repairs`.

    Raises:
        InvalidPayload: the framing around records is broken.
    """
    try:
        return _Mending(repairs).groups(ExportLogsServiceRequest.DESCRIPTOR, memoryview(body), "")
    except Malformed:
        raise InvalidPayload(
            "invalid protobuf: the body is not an ExportLogsServiceRequest (truncated or malformed)"
        ) from None


class _Mending:
    """One request on its way; `place` is where a message stands, as in `resource_logs[0].scope_logs[1]`."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs

    def groups(self, message: Descriptor, data: memoryview, place: str) -> bytes:
        """A request, ResourceLogs or ScopeLogs: what holds records. Raises `Malformed`."""
        out, counts = bytearray(), dict.fromkeys(message.fields_by_number, 0)
        for found in fields(data):
            number = found.number
            if number == FORMER_SCOPE_LOGS and message is _RESOURCE_LOGS:
                number = 2  # the messages are the same
            field = message.fields_by_number.get(number)
            if field is None:
                out += found.whole
                continue
            here = _place(place, field, counts[number])
            counts[number] += 1
            if found.kind != BYTES:
                self._repairs.note(Reason.TYPE, here, _WIRE_TYPE)
                self._repairs.rejected += field.message_type is LogRecord.DESCRIPTOR
                continue
            content = self._part(field, found.content, here)
            if content is not None:
                out += _framed(number, content)
        return bytes(out)

    def _part(self, field: FieldDescriptor, data: memoryview, place: str) -> bytes | None:
        """The content of a field of a group; None = it is left out."""
        message = field.message_type
        if message is _RESOURCE_LOGS or message is _SCOPE_LOGS:
            return self.groups(message, data, place)
        if message is LogRecord.DESCRIPTOR:
            return self._record(bytes(data), place)
        try:
            return self._content(field, data, place, 0)
        except Malformed:
            self._repairs.note(Reason.FRAMING, place, _BROKEN)
            return None

    def _record(self, data: bytes, place: str) -> bytes | None:
        if _readable(data):
            return data
        try:
            mended = self._message(LogRecord.DESCRIPTOR, memoryview(data), place, 0)
        except Malformed:
            mended = None
        if mended is not None and _readable(mended):
            return mended
        self._repairs.note(Reason.FRAMING, place, "is not valid protobuf: the record was not taken")
        self._repairs.rejected += 1
        return None

    def _message(self, message: Descriptor, data: memoryview, place: str, levels: int) -> bytes:
        """A message below the groups. Raises `Malformed`: in a KeyValue or AnyValue also for what is inside it, so that
        an attribute goes whole."""
        out, counts = bytearray(), dict.fromkeys(message.fields_by_number, 0)
        for found in fields(data):
            field = message.fields_by_number.get(found.number)
            if field is None or found.kind != BYTES or _WIRE_TYPES.get(field.type) != BYTES:
                out += found.whole
                continue
            here = _place(place, field, counts[found.number])
            counts[found.number] += 1
            if len(found.content) not in (0, size := _ID_BYTES.get(field, len(found.content))):
                self._repairs.note(Reason.ID, here, f"must be of {size} bytes, or none; it was left out")
                continue
            try:
                content = self._content(field, found.content, here, levels)
            except Malformed:
                if message in (_KEY_VALUE, AnyValue.DESCRIPTOR):
                    raise
                self._repairs.note(Reason.FRAMING, here, _BROKEN)
                if message is not _ARRAY:
                    continue
                content = b""  # its place in the array stays
            out += _framed(found.number, content)
        return bytes(out)

    def _content(self, field: FieldDescriptor, data: memoryview, place: str, levels: int) -> bytes:
        if field.type == FieldDescriptor.TYPE_STRING:
            return self._text(bytes(data), place)
        if field.message_type is None:
            return bytes(data)
        if field.message_type is AnyValue.DESCRIPTOR:
            if levels > MAX_LEVELS and type(_look(data)) in (Items, Pairs):
                self._repairs.note(Reason.NESTING, place, _TOO_DEEP)
                return bytes(AnyValue(string_value=plain_json(data, _look)).SerializeToString())
            levels += 1
        return self._message(field.message_type, data, place, levels)

    def _text(self, data: bytes, place: str) -> bytes:
        try:
            data.decode()
        except UnicodeDecodeError:
            self._repairs.note(Reason.TEXT, place, _NOT_UTF8)
            return data.decode(errors="replace").encode()
        return data


def _place(above: str, field: FieldDescriptor, index: int) -> str:
    return f"{above}.{field.name}[{index}]" if field.is_repeated else f"{above}.{field.name}"


def _framed(number: int, content: bytes) -> bytes:
    return varint(number << 3 | BYTES) + varint(len(content)) + content


def _readable(record: bytes) -> bool:
    """Whether the parser takes the record where it stands, as deep as it stands there, and its ids are as they must be."""
    try:
        request = CheckedRequest.FromString(_framed(1, _framed(2, _framed(2, record))))
    except DecodeError:
        return False
    return ids_fit(request.resource_logs.scope_logs.log_records)


def _look(data: memoryview) -> Any:
    """What a serialised AnyValue holds, for `plain_json`. Raises `Malformed`."""
    found: Any = None
    for field in fields(data):
        known = AnyValue.DESCRIPTOR.fields_by_number.get(field.number)
        if known is not None and field.kind == _WIRE_TYPES.get(known.type, 0):
            found = _member(known, field)
    return found


def _member(known: FieldDescriptor, field: Field) -> Any:
    if known.name == "array_value":
        return Items([item.content for item in fields(field.content) if (item.number, item.kind) == (1, BYTES)])
    if known.name == "kvlist_value":
        pairs = [item.content for item in fields(field.content) if (item.number, item.kind) == (1, BYTES)]
        return Pairs([_pair(pair) for pair in pairs])
    if known.name == "string_value":
        return bytes(field.content).decode(errors="replace")
    if field.kind == 0:
        number = integer(field.content)
        return bool(number) if known.name == "bool_value" else number
    return getattr(AnyValue.FromString(bytes(field.whole)), known.name)


def _pair(data: memoryview) -> tuple[str, Any]:
    key, value = "", memoryview(b"")
    for field in fields(data):
        if (field.number, field.kind) == (1, BYTES):
            key = bytes(field.content).decode(errors="replace")
        elif (field.number, field.kind) == (2, BYTES):
            value = field.content
    return key, value
