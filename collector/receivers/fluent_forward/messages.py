"""The forward protocol's messages, as they come over a stream of msgpack.

    [tag, time, record, option?]                    Message
    [tag, [[time, record], …], option?]             Forward
    [tag, "msgpack of [time, record] …", option?]   PackedForward; `compressed: gzip`: the same, compressed

`option.chunk`: the sender keeps the message until it is told `{"ack": chunk}`.

Where a message ends is found without making objects of it: those take many times its bytes, and are made when it is its turn (`events`).

Source: Fluentd, "Forward Protocol Specification v1".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgpack

from collector.errors import InvalidPayload, TooLarge
from collector.transport.serving.content_encoding import decoded
from otlp_wire.inspection import byte_gate, check_records

_MOST_ITEMS = 1 << 15  # of an array or map: room is made for all that it announces, hundreds in each other
_MOST_LISTED_BYTES = 4 << 20
"""Of a message whose events are not packed: all of its objects are there at once."""
_READ_BYTES = 1 << 20
_COUNTED = 4096
_EVENT_TIME = struct.Struct(">II")
Event = tuple[int, dict[Any, Any]]
"""Nanoseconds since the epoch, 0 = unknown; a record."""
_FAULTS = (ValueError, TypeError, RecursionError, msgpack.UnpackException)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `raw`: its bytes; `packed`: its events are msgpack within msgpack."""

    tag: str
    raw: bytes
    packed: bool
    chunk: str = ""
    compressed: bool = False


class Messages:
    """Finds messages in a stream. Raises `InvalidPayload` for what is none, `TooLarge` for one over `most_bytes`: then the stream can't
    be read any further."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._unpacker = _unpacker(most_bytes + _READ_BYTES)
        self._pending = bytearray()
        self._read = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole now, of at most 1 MiB."""
        self._unpacker.feed(data)
        self._pending += data
        while (size := self._next()) is not None:
            raw = bytes(self._pending[:size])
            del self._pending[:size]
            yield _message(raw)

    def _next(self) -> int | None:
        """The bytes of the next message; None: its end has not come."""
        try:
            self._unpacker.skip()
        except msgpack.OutOfData:
            if len(self._pending) > self._most:
                raise TooLarge(f"a message is larger than {self._most} bytes") from None
            return None
        except _FAULTS as error:
            raise InvalidPayload(f"not the forward protocol: not valid msgpack ({type(error).__name__})") from None
        size, self._read = self._unpacker.tell() - self._read, self._unpacker.tell()
        if size > self._most:
            raise TooLarge(f"a message is larger than {self._most} bytes")
        return int(size)


def _message(raw: bytes) -> Message:
    """What stands around the events; they themselves are passed over."""
    unpacker = _unpacker(len(raw))
    unpacker.feed(raw)
    try:
        items = unpacker.read_array_header()
        tag = unpacker.unpack() if items > 1 else None
        packed, listed = _kind(raw[unpacker.tell() : unpacker.tell() + 1])
        before = 2 if listed else 3
        for _ in range(min(before, items) - 1):
            unpacker.skip()
        option = unpacker.unpack() if items > before else None
    except (*_FAULTS, msgpack.OutOfData):
        raise InvalidPayload("not the forward protocol: a message is an array that begins with a tag") from None
    if type(tag) not in (str, bytes) or items < before:
        raise InvalidPayload("not the forward protocol: a message is [tag, events] or [tag, time, record]")
    if not packed and len(raw) > _MOST_LISTED_BYTES:
        raise TooLarge(f"a message of {len(raw)} bytes whose events are not packed: {_MOST_LISTED_BYTES} are taken")
    option = option if type(option) is dict else {}
    chunk = option.get("chunk")
    return Message(_text(tag), raw, packed, _text(chunk) if chunk else "", option.get("compressed") == "gzip")


def _kind(first: bytes) -> tuple[bool, bool]:
    """Whether what begins so is packed events, and whether it is events at all (else it is the time of one)."""
    code = first[0] if first else 0
    text = 0xA0 <= code <= 0xBF or 0xC4 <= code <= 0xC6 or 0xD9 <= code <= 0xDB
    return text, text or 0x90 <= code <= 0x9F or code in (0xDC, 0xDD)


def events(message: Message, most_bytes: int) -> tuple[list[Event], int]:
    """The events of a message, and how many of what it holds are none. Raises `InvalidPayload`, `TooLarge`.

    Args:
        most_bytes: of what is compressed, when it no longer is.
    """
    whole = _unpacked(message.raw)
    content = whole[1]
    if message.packed:
        data = content if type(content) is bytes else content.encode("utf-8", "surrogateescape")
        data = decoded("gzip", data, most_bytes) if message.compressed else data
        with byte_gate(len(data)):
            return _sorted(_each(data))
    with byte_gate(len(message.raw)):
        return _sorted(iter(content if type(content) is list else [whole[1:3]]))


def _sorted(values: Iterator[Any]) -> tuple[list[Event], int]:
    found: list[Event] = []
    others = 0
    for number, value in enumerate(values):
        if number % _COUNTED == 0:
            check_records(number)
        event = _event(value)
        if event is None:
            others += 1
        else:
            found.append(event)
    return found, others


def _unpacked(raw: bytes) -> list[Any]:
    unpacker = _unpacker(len(raw))
    unpacker.feed(raw)
    try:
        whole: list[Any] = unpacker.unpack()
    except _FAULTS as error:
        raise InvalidPayload(f"not valid msgpack ({type(error).__name__})") from None
    return whole


def _each(data: bytes) -> Iterator[Any]:
    """One event after the other."""
    unpacker = _unpacker(len(data))
    unpacker.feed(data)
    try:
        while unpacker.tell() < len(data):
            yield unpacker.unpack()
    except msgpack.OutOfData:
        raise InvalidPayload("the chunk ends within an event") from None
    except _FAULTS as error:
        raise InvalidPayload(f"the chunk is not valid msgpack ({type(error).__name__})") from None


def _event(value: Any) -> Event | None:
    """`[time, record]`, or Fluent Bit's `[[time, metadata], record]`. A text, which Python's logging sends without a formatter, is a message."""
    if type(value) is not list or len(value) != 2 or type(value[1]) not in (dict, str, bytes):
        return None
    head, record = value
    moment = head[0] if type(head) is list and head else head
    return _unix_nano(moment), record if type(record) is dict else {"message": record}


def _unix_nano(moment: Any) -> int:
    if type(moment) is _EventTime:
        nanos = int(moment)
    elif type(moment) in (int, float):
        nanos = int(moment * 1_000_000_000)
    else:
        return 0
    return nanos if 0 < nanos < 1 << 64 else 0


class _EventTime(int):
    """Nanoseconds since the epoch."""


def _extension(code: int, data: bytes) -> Any:
    if code == 0 and len(data) == _EVENT_TIME.size:
        seconds, nanos = _EVENT_TIME.unpack(data)
        return _EventTime(seconds * 1_000_000_000 + nanos)
    return data


def _text(value: Any) -> str:
    return value.decode(errors="replace") if type(value) is bytes else str(value)


def _unpacker(most_bytes: int) -> Any:
    return msgpack.Unpacker(
        max_buffer_size=max(1, most_bytes), max_array_len=_MOST_ITEMS, max_map_len=_MOST_ITEMS, strict_map_key=False,
        unicode_errors="surrogateescape", ext_hook=_extension, timestamp=2,
    )  # fmt: skip
