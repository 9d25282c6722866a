"""The forward protocol's messages, as they come over a stream of msgpack.

    [tag, time, record, option?]                    Message
    [tag, [[time, record], …], option?]             Forward
    [tag, "msgpack of [time, record] …", option?]   PackedForward; `compressed: gzip`: the same, compressed

`option.chunk`: the sender keeps the message until it is told `{"ack": chunk}`.

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

_MOST_ITEMS = 1 << 15  # of an array or map: room is made for all that it announces, hundreds in each other
_EVENT_TIME = struct.Struct(">II")
Event = tuple[int, dict[Any, Any]]
"""Nanoseconds since the epoch, 0 = unknown; a record."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `raw` is its bytes; `content` what `events` reads."""

    tag: str
    content: Any
    raw: bytes
    chunk: str = ""
    compressed: bool = False


class Messages:
    """Finds messages in a stream. Raises `InvalidPayload` for what is none, `TooLarge` for one over `most_bytes`: then the stream can't
    be read any further."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._unpacker = _unpacker(most_bytes)
        self._pending = bytearray()
        self._read = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole now."""
        try:
            self._unpacker.feed(data)
            self._pending += data
            while True:
                value = self._unpacker.unpack()
                size, self._read = self._unpacker.tell() - self._read, self._unpacker.tell()
                raw = bytes(self._pending[:size])
                del self._pending[:size]
                yield _message(value, raw)
        except msgpack.OutOfData:
            return
        except msgpack.BufferFull:
            raise TooLarge(f"a message is larger than {self._most} bytes") from None
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
            raise InvalidPayload(f"not the forward protocol: not valid msgpack ({type(error).__name__})") from None


def _message(value: Any, raw: bytes) -> Message:
    if type(value) is not list or len(value) < 2 or type(value[0]) not in (str, bytes):
        raise InvalidPayload("not the forward protocol: a message is an array that begins with a tag")
    tag = _text(value[0])
    listed = type(value[1]) in (list, str, bytes)
    option = value[2 if listed else 3] if len(value) > (2 if listed else 3) else None
    option = option if type(option) is dict else {}
    if not listed and len(value) < 3:
        raise InvalidPayload("not the forward protocol: a message of one event is [tag, time, record]")
    content = value[1] if listed else [[value[1], value[2]]]
    chunk = option.get("chunk")
    return Message(tag, content, raw, _text(chunk) if chunk else "", option.get("compressed") == "gzip")


def events(message: Message, most_bytes: int) -> tuple[list[Event], int]:
    """The events of a message, and how many of what it holds are none. Raises `InvalidPayload`, `TooLarge`.

    Args:
        most_bytes: of what is compressed, when it no longer is.
    """
    content = message.content
    if type(content) is not list:
        packed = content if type(content) is bytes else content.encode("utf-8", "surrogateescape")
        packed = decoded("gzip", packed, most_bytes) if message.compressed else packed
        content = _packed(packed)
    found = [event for event in map(_event, content) if event is not None]
    return found, len(content) - len(found)


def _packed(data: bytes) -> list[Any]:
    unpacker = _unpacker(len(data))
    unpacker.feed(data)
    try:
        found: list[Any] = []
        while unpacker.tell() < len(data):
            found.append(unpacker.unpack())
    except msgpack.OutOfData:
        raise InvalidPayload("the chunk ends within an event") from None
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise InvalidPayload(f"the chunk is not valid msgpack ({type(error).__name__})") from None
    return found


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
        max_buffer_size=most_bytes, max_array_len=_MOST_ITEMS, max_map_len=_MOST_ITEMS, strict_map_key=False,
        unicode_errors="surrogateescape", ext_hook=_extension, timestamp=2,
    )  # fmt: skip
