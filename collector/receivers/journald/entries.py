"""Entries as journalctl writes them (a JSON object a line) → OTLP records, as the Collector's receiver makes them.

    time             __REALTIME_TIMESTAMP, which is no field of the body then
    observed time    when it was read
    body             the map of all other fields, or what `conventions` makes of it

Values are texts; a list of bytes where one is no printable UTF-8; a list of values where a field is there several times; nothing
where one is longer than 4,096 bytes and `all` is not set. Numbers are doubles, as whatever reads JSON in Go has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from collector.receivers.journald.conventions import conventional
from collector.stanza.options import Scalar
from otlp_wire import Received, Repairs
from otlp_wire.inspection import check_records
from otlp_wire.record_writing import attribute_field, body_field, observed_field, request, severity_fields, time_field

ORIGINAL = "log.record.original"
_US = 1000
_LATEST_US = (1 << 64) // _US
_DIGITS = 20
_SAME = ("b", "m", "t", "x")
Resource = tuple[tuple[str, Any], ...]


class Unreadable(Exception):
    """A line that is no entry; says why, and never what it holds."""


class ReadEntries(NamedTuple):
    """What a piece of output holds: what is journalled, and where it ends (None: nothing of it says that)."""

    received: Received
    cursor: str | None


@dataclass(frozen=True, slots=True)
class EntryShape:
    """How records are made.

    Args:
        message_bytes: a MESSAGE of bytes becomes text.
        original: the line is an attribute.
        conventions: known fields become attributes.
        attributes, resource: of every record.
    """

    message_bytes: bool = False
    original: bool = False
    conventions: bool = False
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    resource: Mapping[str, Scalar] = field(default_factory=dict)


def read(lines: Sequence[bytes], shape: EntryShape, behind: str, now_unix_nano: int) -> ReadEntries:
    """Lines of one run; `behind`: the cursor it was begun with, whose own entry, if it is the first, was read before."""
    groups: dict[Resource, list[bytes]] = {}
    records = rejected = 0
    first, cursor = "", None
    same = [attribute_field(key, value) for key, value in shape.attributes.items()]
    same.append(observed_field(now_unix_nano))
    for number, line in enumerate(lines):
        try:
            entry, moment, place = _entry(line)
        except Unreadable as problem:
            rejected += 1
            first = first or f"an entry of the journal is not taken: {problem}"
            continue
        cursor = place
        if not number and behind and is_same(place, behind):
            continue
        fields, resource = _record(entry, line, shape)
        groups.setdefault(resource, []).append(b"".join((time_field(moment), *fields, *same)))
        records += 1
    check_records(records)
    repairs = Repairs(rejected=rejected, first=first) if rejected else Repairs()
    return ReadEntries(Received(request(groups) if records else b"", records, 2 * len(groups), repairs), cursor)


def is_same(cursor: str, other: str) -> bool:
    """Whether they name the same entry: also where journald has copied it into another file, in which it has another number."""
    if cursor == other:
        return True
    parts, others = _parts(cursor), _parts(other)
    return all(parts.get(name) == others.get(name) is not None for name in _SAME)


def _parts(cursor: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in cursor.split(";") if "=" in part)


def _entry(line: bytes) -> tuple[dict[str, Any], int, str]:
    """Fields, time in nanoseconds, cursor."""
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise Unreadable("it is no JSON") from None
    if type(entry) is not dict:
        raise Unreadable("it is no object")
    time = entry.pop("__REALTIME_TIMESTAMP", None)
    if type(time) is not str or not time.isdecimal() or len(time) > _DIGITS or not 0 < int(time) < _LATEST_US:
        raise Unreadable("its __REALTIME_TIMESTAMP is no time in microseconds")
    cursor = entry.get("__CURSOR")
    if type(cursor) is not str or not cursor or len(cursor) > 500:
        raise Unreadable("it has no __CURSOR")
    return entry, int(time) * _US, cursor


def _record(entry: dict[str, Any], line: bytes, shape: EntryShape) -> tuple[list[bytes], Resource]:
    message = entry.get("MESSAGE")
    if shape.message_bytes and type(message) is list and all(type(each) is int for each in message):
        entry["MESSAGE"] = bytes(each & 255 for each in message).decode(errors="replace")
    for name, value in entry.items():
        if type(value) is list:
            entry[name] = _doubles(value)
    resource = shape.resource
    if shape.conventions:
        body, severity, attributes, more = conventional(entry)
        fields = [] if body is None else [body_field(body)]
        fields += [severity_fields(*severity)] if severity is not None else []
        fields += [attribute_field(key, value) for key, value in attributes.items() if key not in shape.attributes]
        resource = {**more, **resource}
    else:
        fields = [body_field(entry)]
    if shape.original:
        fields.append(attribute_field(ORIGINAL, line.decode(errors="replace").strip()))
    return fields, tuple(resource.items())


def _doubles(values: list[Any]) -> list[Any]:
    return [
        float(value) if type(value) is int else _doubles(value) if type(value) is list else value for value in values
    ]
