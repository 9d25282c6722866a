"""A message of any schema whose text is not UTF-8, put right: U+FFFD stands for what can't be read, all else stays as it is.

Walks the wire itself, so it runs only for messages that a parser refused.
"""

from __future__ import annotations

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from otlp_wire.repairs import Reason, Repairs
from otlp_wire.wire_fields import BYTES, Malformed, fields, varint

_MAX_LEVELS = 100
"""Messages in each other: a parser takes no more."""


def with_readable_text(
    message: Descriptor, data: memoryview, repairs: Repairs, place: str = "", levels: int = 0
) -> bytes:
    """The message; what was put right is noted in `repairs`. Raises `Malformed` where the bytes don't follow the wire format, or go deeper
    than a parser does."""
    if levels > _MAX_LEVELS:
        raise Malformed
    out = bytearray()
    for found in fields(data):
        field = message.fields_by_number.get(found.number)
        if field is None or found.kind != BYTES:
            out += found.whole
            continue
        here = f"{place}.{field.name}"
        if field.message_type is not None:
            content = with_readable_text(field.message_type, found.content, repairs, here, levels + 1)
        elif field.type == FieldDescriptor.TYPE_STRING:
            content = _readable(bytes(found.content), repairs, here)
        else:
            out += found.whole
            continue
        out += varint(found.number << 3 | BYTES) + varint(len(content)) + content
    return bytes(out)


def _readable(text: bytes, repairs: Repairs, place: str) -> bytes:
    found = text.decode(errors="replace").encode()
    if found != text:
        repairs.note(Reason.TEXT, place, "is not UTF-8: U+FFFD stands for what could not be read")
    return found
