"""Requests damaged as protobuf: by its own structure (tags, wire types, lengths, nesting), not only by bytes."""

from __future__ import annotations

import random

from fuzz import seeds

Field = tuple[int, int, bytes | list]  # number, wire type, content: a list where it parses as fields of its own

TEXTS = [b"\xff\xfe", b"caf\xe9", b"\xe2\x82", b"\xed\xa0\x80", b"\x00" * 5, b"", "✓".encode(), b"\xf4\x90\x80\x80"]


def varint(value: int, padding: int = 0) -> bytes:
    """LEB128; with `padding`, longer than it has to be."""
    out = bytearray()
    while value > 127 or padding:
        out.append(value & 127 | 128)
        value >>= 7
        padding -= padding > 0 and value == 0
        if len(out) > 12:
            break
    out.append(value & 127)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError


def parse(data: bytes, depth: int = 0) -> list[Field]:
    """Fields; contents that parse again are lists. Raises `ValueError`, `IndexError` for what is none."""
    fields: list[Field] = []
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if number == 0 or wire not in (0, 1, 2, 5):
            raise ValueError
        start = at
        if wire == 0:
            _, at = _read_varint(data, at)
            fields.append((number, wire, data[start:at]))
            continue
        size = {1: 8, 5: 4}.get(wire)
        if size is None:
            size, at = _read_varint(data, at)
        content = data[at : at + size]
        if len(content) != size:
            raise ValueError
        at += size
        fields.append((number, wire, _nested(content, depth) if wire == 2 else content))
    return fields


def _nested(content: bytes, depth: int) -> bytes | list[Field]:
    if depth < 8 and len(content) > 1:
        try:
            return parse(content, depth + 1)
        except (ValueError, IndexError):
            pass
    return content


def _all_lists(fields: list[Field]) -> list[list[Field]]:
    found = [fields]
    for _, _, content in fields:
        if isinstance(content, list):
            found += _all_lists(content)
    return found


def _deep(rng: random.Random) -> bytes:
    """An AnyValue nested so deep, as a field of a record or of itself."""
    value = b"\x0a\x04leaf"
    for _ in range(rng.choice([5, 30, 31, 32, 33, 34, 60, 99, 100, 101, 400])):
        array = b"\x0a" + varint(len(value)) + value
        value = b"\x2a" + varint(len(array)) + array
    return value


def _change(rng: random.Random, fields: list[Field]) -> None:
    """One edit of a list of fields, in place."""
    action = rng.randrange(9)
    if not fields:
        fields.append((rng.choice([1, 2, 5, 15, 100, 2**29 - 1]), 2, rng.choice(TEXTS)))
        return
    at = rng.randrange(len(fields))
    number, wire, content = fields[at]
    if action == 0:
        del fields[at]
    elif action == 1:
        fields.insert(rng.randrange(len(fields) + 1), fields[at])
    elif action == 2:
        rng.shuffle(fields)
    elif action == 3:
        fields[at] = (rng.choice([number + 1, number - 1 or 1, rng.randrange(1, 20)]), wire, content)
    elif action == 4:
        fields[at] = (number, 2, rng.choice(TEXTS))
    elif action == 5:
        fields[at] = (number, rng.choice([0, 1, 5]), rng.randbytes(8))
    elif action == 6:
        fields[at] = (number, 2, _deep(rng))
    elif action == 7:
        fields[at] = (number, 0, varint(rng.choice([0, 1, 25, 2**31, 2**32, 2**63, 2**64 - 1]), rng.randrange(4)))
    else:
        fields[at] = (rng.choice([1, 2, 5, 6, 9, 12]), 2, rng.randbytes(rng.randrange(40)))


def _write(rng: random.Random, fields: list[Field], lies: float) -> bytes:
    """The bytes of a tree of fields; a few lengths and tags lie."""
    out = bytearray()
    for number, wire, content in fields:
        body = _write(rng, content, lies) if isinstance(content, list) else content
        out += varint(number << 3 | wire, 2 if rng.random() < lies else 0)
        if wire == 0:
            out += body if body and body[-1] < 128 else varint(7)
        elif wire in (1, 5):
            out += body[: 8 if wire == 1 else 4].ljust(8 if wire == 1 else 4, b"\0")
        else:
            size = len(body) + (rng.choice([-1, 1, 100, 2**20, 2**31, 2**63]) if rng.random() < lies / 10 else 0)
            out += varint(max(size, 0)) + body
    return bytes(out)


def make(rng: random.Random) -> bytes:
    """One input."""
    fields = parse(seeds.protobuf(rng))
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        _change(rng, rng.choice(_all_lists(fields)))
    body = bytearray(_write(rng, fields, rng.choice([0.0, 0.0, 0.1])))
    if rng.random() < 0.2 and body:
        body[rng.randrange(len(body))] = rng.getrandbits(8)
    if rng.random() < 0.1:
        del body[rng.randrange(len(body) + 1) :]
    return bytes(body)
