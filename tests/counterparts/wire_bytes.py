"""Protobuf by hand, for payloads that no encoder would write."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """A base-128 varint of a number that is not negative."""
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def message(field: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def number(field: int, value: int) -> bytes:
    """A varint field."""
    return varint(field << 3) + varint(value)


def request_of(*records: bytes) -> bytes:
    """An ExportLogsServiceRequest of one resource and one scope with these serialised LogRecords."""
    return message(1, message(2, b"".join(message(2, record) for record in records)))


def nested_arrays(levels: int) -> bytes:
    """A serialised AnyValue: an array in an array …, empty inside."""
    content = b""
    for _ in range(levels):
        content = message(5, message(1, content))
    return content
