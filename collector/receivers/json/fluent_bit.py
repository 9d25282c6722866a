"""Fluent Bit's `http` output in its default format: msgpack, `[time, record]` or `[[time, metadata], record]` one behind the other.

Source: fluent/fluent-bit, plugins/out_http; Forward Protocol v1, "EventTime Ext Format".
"""

from __future__ import annotations

import struct
from typing import Any

import msgpack

from collector.errors import InvalidPayload
from collector.ingress.documents import BadRecord
from collector.receivers.json.mapping import Mapper
from collector.receivers.json.shapes import LOGS
from collector.receivers.json.taking import Taking

_MAPPER = Mapper(LOGS)
_MOST_ITEMS = 1 << 14  # of an array or map: room is made for all that it announces, a thousand in each other
_EVENT_TIME = struct.Struct(">II")


def read_msgpack(taking: Taking, body: bytes) -> None:
    """Events one behind the other, or an array of them."""
    for event in _events(body):
        listed = type(event) is list and event and all(type(item) is list or type(item) is dict for item in event)
        for item in event if listed and not _is_event(event) else (event,):
            _take(taking, item)


def _take(taking: Taking, event: Any) -> None:
    if _is_event(event):
        head, record = event
        moment = head[0] if type(head) is list and head else head
        taking.take(_MAPPER, {"date": moment, **record} if type(moment) in (int, float) else record)
    elif type(event) is dict:
        taking.take(_MAPPER, event)
    else:
        taking.bad(BadRecord("record", taking.records + taking.skipped + 1, "neither [time, record] nor a record"))


def _is_event(value: Any) -> bool:
    return type(value) is list and len(value) == 2 and type(value[1]) is dict and type(value[0]) is not dict


def _events(body: bytes) -> list[Any]:
    """Bounded by the body itself: no length in it can be larger."""
    unpacker = msgpack.Unpacker(
        max_buffer_size=len(body), max_array_len=_MOST_ITEMS, max_map_len=_MOST_ITEMS, strict_map_key=False,
        unicode_errors="replace", ext_hook=_extension, timestamp=2,
    )  # fmt: skip
    unpacker.feed(body)
    events, read = [], 0
    try:
        while read < len(body):
            events.append(_texts(unpacker.unpack()))
            read = unpacker.tell()
    except msgpack.OutOfData:
        raise InvalidPayload("not valid msgpack (it ends within an event)") from None
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise InvalidPayload(f"not valid msgpack ({type(error).__name__})") from None
    return events


def _texts(event: Any) -> Any:
    """Keys of a record are texts, as in JSON."""
    if type(event) is dict:
        return {key if type(key) is str else str(key): value for key, value in event.items()}
    return [_texts(item) for item in event] if type(event) is list else event


def _extension(code: int, data: bytes) -> Any:
    """Seconds and nanoseconds, as nanoseconds since the epoch; other extensions stay bytes."""
    if code == 0 and len(data) == _EVENT_TIME.size:
        seconds, nanos = _EVENT_TIME.unpack(data)
        return seconds * 1_000_000_000 + nanos
    return data
