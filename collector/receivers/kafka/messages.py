"""A message → what is journalled of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import orjson

from collector.errors import InvalidPayload, TooLarge
from otlp_wire import Received, Repairs, of_resources, receive_json, receive_protobuf
from otlp_wire.inspection import counted, inspect
from otlp_wire.record_writing import body_field, observed_field, request

Headers = Sequence[tuple[str, str]]
"""Those that records carry: attribute of the resource → value."""
NEVER_PROTOBUF = b"\x07"
"""In front of bytes that are to be a dead letter as they are, and that a parser might take for a request: field 0 does not exist."""
_RECORD_GROUPS = 2
_RESOURCE_LOGS, _MORE, _LONGEST_SHIFT = 0x0A, 0x80, 28
"""Tag of field 1, length-delimited; the bit of a varint that goes on; lengths have 32 bits."""
_NOTHING = Repairs()


class ReadMessage(NamedTuple):
    """What a message holds: a request, or fields of one record (`record`). `unread`: a request that stands by itself, and is looked into together
    with others. `why`: it can't be decoded, and `body` is what it was."""

    body: bytes
    records: int
    groups: int
    record: bool = False
    repairs: Repairs = _NOTHING
    why: str = ""
    unread: bool = False


class Reader:
    """What the options say of messages.

    Args:
        encoding: of their values.
        headers: names of those that records carry.
    """

    def __init__(self, encoding: str, headers: Sequence[str] = ()) -> None:
        self._names = {name: f"kafka.header.{name}" for name in headers}
        self._charset = encoding.removeprefix("text_") if encoding.startswith("text_") else "utf-8"
        readers: Mapping[str, Callable[[bytes], bytes]] = {"raw": body_field, "json": _document, "text": self._text}
        self._body = readers.get("text" if encoding.startswith("text") else encoding)
        self._receive = receive_json if encoding == "otlp_json" else receive_protobuf

    def carried(self, headers: Sequence[tuple[str, bytes | str | None]]) -> Headers:
        """What records carry of a message's headers, in the order of the options; of two of a name the last."""
        if not self._names:
            return ()
        given = {name: text_of(value) for name, value in headers}
        return tuple((attribute, given[name]) for name, attribute in self._names.items() if given.get(name))

    def read(self, value: bytes, unix_nano: int, carried: Headers) -> ReadMessage:
        """Never raises. An empty value (a tombstone, say) is no record."""
        if not value:
            return ReadMessage(b"", 0, 0, record=self._body is not None)
        try:
            if self._body is not None:
                return ReadMessage(self._body(value) + observed_field(unix_nano), 1, _RECORD_GROUPS, record=True)
            if self._receive is receive_protobuf and not carried and _stands_alone(value):
                return ReadMessage(value, 0, 0, unread=True)
            received = self._receive(value)
            if carried and received.records:
                received = of_resources(received, dict(carried))
            return ReadMessage(received.body, received.records, received.groups, repairs=received.repairs)
        except (InvalidPayload, TooLarge) as refusal:
            return ReadMessage(_undecodable(value), 1, 1, why=refusal.reason)

    def _text(self, value: bytes) -> bytes:
        return body_field(value.decode(self._charset, "replace"))


def looked_into(taken: ReadMessage) -> ReadMessage:
    """An unread request by itself. Never raises."""
    if not taken.unread:
        return taken
    try:
        received = receive_protobuf(taken.body)
    except (InvalidPayload, TooLarge) as refusal:
        return ReadMessage(_undecodable(taken.body), 1, 1, why=refusal.reason)
    return ReadMessage(received.body, received.records, received.groups, repairs=received.repairs)


def records_in(taken: ReadMessage) -> int:
    """How many it holds, also an unread request that was found to be one together with others."""
    return counted(taken.body) if taken.unread else taken.records


def joined(parts: Sequence[ReadMessage], resource: Headers) -> Received:
    """One request of several messages with the same resource: all of them unread, or none. Raises `InvalidPayload`, `TooLarge` where they are."""
    if parts[0].unread:
        return receive_protobuf(parts[0].body if len(parts) == 1 else b"".join(part.body for part in parts))
    records = sum(part.records for part in parts)
    if parts[0].record:
        fields = [part.body for part in parts if part.records]
        return Received(request({tuple(resource): fields}) if fields else b"", records, _RECORD_GROUPS, Repairs())
    repairs = Repairs()
    for part in parts:
        if part.repairs:
            _join(repairs, part.repairs)
    body = parts[0].body if len(parts) == 1 else b"".join(part.body for part in parts)
    return Received(body, records, sum(part.groups for part in parts), repairs)


def text_of(value: bytes | str | None) -> str:
    """Of a key or a header."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""


def _stands_alone(value: bytes) -> bool:
    """Whether it is a row of `resource_logs` and nothing else, to its last byte: then it is what it is with others behind it, too."""
    at, end = 0, len(value)
    while at < end:
        if value[at] != _RESOURCE_LOGS:
            return False
        at, size, shift = at + 1, 0, 0
        while True:
            if at >= end or shift > _LONGEST_SHIFT:
                return False
            byte = value[at]
            at, size, shift = at + 1, size | (byte & 0x7F) << shift, shift + 7
            if byte < _MORE:
                break
        at += size
    return at == end


def _document(value: bytes) -> bytes:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise InvalidPayload(f"it is no JSON: {error.msg} at {error.pos}") from None
    if not isinstance(found, dict):
        raise InvalidPayload("it is no JSON object")
    return body_field(found)


def _undecodable(value: bytes) -> bytes:
    """Bytes that no parser takes for a request."""
    try:
        inspect(value)
    except InvalidPayload:
        return value
    except TooLarge:
        pass
    return NEVER_PROTOBUF + value


def _join(repairs: Repairs, more: Repairs) -> None:
    repairs.rejected += more.rejected
    repairs.first = repairs.first or more.first
    for reason, places in more.counts.items():
        repairs.counts[reason] = repairs.counts.get(reason, 0) + places
