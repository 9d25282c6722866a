"""Protobuf's wire format, a field at a time, without a schema. For the few messages that the parser refuses.

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, BYTES, START_GROUP, END_GROUP, FIXED32 = range(6)
_FIXED = {FIXED64: 8, FIXED32: 4}
_MAX_NUMBER = (1 << 29) - 1


class Malformed(ValueError):
    """The bytes do not follow the wire format."""


class Field(NamedTuple):
    """One field: `whole` with its tag, `content` without tag and length."""

    number: int
    kind: int
    whole: memoryview
    content: memoryview


def fields(data: memoryview) -> Iterator[Field]:
    """The fields of a message in their order; groups come whole. Raises `Malformed`."""
    at, end = 0, len(data)
    while at < end:
        start = at
        number, kind, at = _tag(data, at)
        begin, at = _extent(data, at, number, kind)
        if at > end:
            raise Malformed
        yield Field(number, kind, data[start:at], data[begin:at])


def varint(number: int) -> bytes:
    """`number` (not negative) in groups of seven bits, lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def integer(varint: memoryview) -> int:
    """A varint as a signed integer of 64 bits."""
    number, _ = _varint(varint, 0)
    return number - (1 << 64) if number >> 63 else number


def _tag(data: memoryview, at: int) -> tuple[int, int, int]:
    tag, at = _varint(data, at)
    if not 0 < tag >> 3 <= _MAX_NUMBER:
        raise Malformed
    return tag >> 3, tag & 7, at


def _extent(data: memoryview, at: int, number: int, kind: int) -> tuple[int, int]:
    """(where the content begins, where the field ends)."""
    if kind == VARINT:
        return at, _varint(data, at)[1]
    if kind == BYTES:
        size, at = _varint(data, at)
        return at, at + size
    if kind in _FIXED:
        return at, at + _FIXED[kind]
    if kind == START_GROUP:
        return at, _group_end(data, at, number)
    raise Malformed


def _group_end(data: memoryview, at: int, number: int) -> int:
    open_groups = [number]
    while open_groups:
        number, kind, at = _tag(data, at)
        if kind == START_GROUP:
            open_groups.append(number)
        elif kind == END_GROUP:
            if open_groups.pop() != number:
                raise Malformed
        else:
            at = _extent(data, at, number, kind)[1]
    return at


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    number = 0
    for position in range(at, min(at + 10, len(data))):
        byte = data[position]
        number |= (byte & 0x7F) << 7 * (position - at)
        if byte < 0x80:
            return number & (1 << 64) - 1, position + 1
    raise Malformed
