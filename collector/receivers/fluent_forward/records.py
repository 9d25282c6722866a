"""Messages → one OTLP request, as the Collector's receiver maps them.

fluent.tag               the tag
body                     the record's `log` or `message`, where it is a text
attributes               all its other keys
time_unix_nano           the event's time
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from collector.errors import InvalidPayload
from collector.receivers.fluent_forward.messages import Event, Message, events
from otlp_wire import Received, Repairs
from otlp_wire.inspection import bounded, check_records
from otlp_wire.record_writing import MAX_KEYS, attribute_field, body_field, dropped_field, request, time_field

TAG = "fluent.tag"
_BODIES = ("message", "log")


def received(messages: Sequence[Message], most_bytes: int) -> Received:
    """What admission keeps. Raises `InvalidPayload` where nothing of it is an event, `TooLarge`."""
    records: list[bytes] = []
    rejected = 0
    for message in messages:
        found, bad = events(message, most_bytes)
        rejected += bad
        tag = attribute_field(TAG, message.tag)
        records += bounded((_record(event, tag) for event in found), len(message.raw))
        check_records(len(records))
    if rejected and not records:
        raise InvalidPayload("no event of it is [time, record]")
    repairs = Repairs(rejected=rejected, first="not [time, record]") if rejected else Repairs()
    return Received(request({(): records}) if records else b"", len(records), 2, repairs)


def _record(event: Event, tag: bytes) -> bytes:
    moment, record = event
    fields = [time_field(moment)] if moment else []
    body = next((key for key in _BODIES if type(record.get(key)) in (str, bytes)), None)
    if body is not None:
        fields.append(body_field(_clean(record[body])))
    kept = [key for key in record if key != body][:MAX_KEYS]
    fields += [attribute_field(_key(key), _clean(record[key])) for key in kept]
    left_out = len(record) - (body is not None) - len(kept)
    if left_out:
        fields.append(dropped_field(left_out))
    fields.append(tag)
    return b"".join(fields)


def _key(key: Any) -> str:
    return key if type(key) is str else key.decode(errors="replace") if type(key) is bytes else str(key)


def _clean(value: Any) -> Any:
    """Texts that came as bytes are texts."""
    if type(value) is bytes:
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value
