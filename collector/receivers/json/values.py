"""Values of senders as fields of a LogRecord: each reader gives the field, or None for what it can't read."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from collector.ingress.moments import of_text, unix_nano
from collector.receivers.json.shape import Slot
from collector.severity_words import PINO, SYSLOG, number_of
from otlp_wire import record_writing as wire

Reader = Callable[[Any], bytes | None]
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


def time(value: Any) -> bytes | None:
    """`time_unix_nano`. The usual text is read at once; see `moments`."""
    moment = of_text(value) if type(value) is str else unix_nano(value)
    return wire.time_field(moment) if moment is not None else None


def severity(value: Any) -> bytes | None:
    """`severity_number` and `severity_text`: a word, a number of syslog (0 to 7), pino (10 to 69) or OpenTelemetry (8 to 24)."""
    if type(value) is str:
        return _severity_word(value) if len(value) <= 64 else None
    return _severity_number(value) if type(value) is int and 0 <= value < 70 else None


@lru_cache(1024)
def _severity_word(text: str) -> bytes | None:
    number = number_of(text)
    return wire.severity_fields(number or 0, "" if text.strip().isdecimal() and number else text) if text else None


@lru_cache(128)
def _severity_number(level: int) -> bytes | None:
    if level < len(SYSLOG):
        return wire.severity_fields(SYSLOG[level], "")
    number = PINO.get(level) or (
        level if level <= 24 else PINO.get(level // 10 * 10)
    )  # pino's own levels stand between
    return wire.severity_fields(number, "") if number else None


def trace_id(value: Any) -> bytes | None:
    """32 hexadecimal digits; Datadog's decimal number of 64 bits is the lower half."""
    raw = _id(value, 16)
    return wire.trace_id_field(raw) if raw else None


def span_id(value: Any) -> bytes | None:
    """16 hexadecimal digits, or Datadog's decimal number."""
    raw = _id(value, 8)
    return wire.span_id_field(raw) if raw else None


def _id(value: Any, size: int) -> bytes | None:
    if type(value) is str and len(value) == 2 * size:
        try:
            raw = bytes.fromhex(value)
        except ValueError:
            return None
        return raw if len(raw) == size and any(raw) else None
    decimal = (
        int(value) if type(value) is str and 17 <= len(value) <= 20 and value.isascii() and value.isdigit() else value
    )
    if type(decimal) is int and 1 << 32 <= decimal < 1 << 64:
        return decimal.to_bytes(size)
    return None


def flags(value: Any) -> bytes | None:
    """`flags`: a number, or two hexadecimal digits."""
    if type(value) is str and len(value) == 2:
        try:
            value = int(value, 16)
        except ValueError:
            return None
    return wire.flags_field(value) if type(value) is int and 0 <= value < 256 else None


def traceparent(value: Any) -> bytes | None:
    """W3C's header: both ids and the flags."""
    found = _TRACEPARENT.fullmatch(value) if type(value) is str else None
    if found is None or not any(bytes.fromhex(found[1])) or not any(bytes.fromhex(found[2])):
        return None
    ids = wire.trace_id_field(bytes.fromhex(found[1])) + wire.span_id_field(bytes.fromhex(found[2]))
    return ids + wire.flags_field(int(found[3], 16))


def event(value: Any) -> bytes | None:
    """`event_name`."""
    return wire.event_field(value) if type(value) is str and value else None


def text_body(value: Any) -> bytes | None:
    """`body`, of what is no object."""
    return wire.body_field(value) if type(value) is str or type(value) in (int, float, bool) else None


def any_body(value: Any) -> bytes | None:
    """`body`, of anything but null."""
    return None if value is None else wire.body_field(value)


def resource_text(value: Any) -> str | None:
    """The value of an attribute of a resource: text, or a number as text."""
    if type(value) is str:
        return value or None
    return str(value) if type(value) is int or type(value) is float else None


READERS: dict[Slot, Reader] = {
    Slot.TIME: time, Slot.SEVERITY: severity, Slot.TRACE_ID: trace_id, Slot.SPAN_ID: span_id, Slot.FLAGS: flags,
    Slot.TRACEPARENT: traceparent, Slot.EVENT: event,
}  # fmt: skip


def exception_reader(name: str) -> Reader:
    """Of `exception.type` and its kin: text, or a stack as a list of lines."""

    def read(value: Any) -> bytes | None:
        if type(value) is list and value and all(type(line) is str for line in value):
            value = "\n".join(value)
        return wire.attribute_field(name, value) if type(value) is str and value else None

    return read


def attribute_reader(name: str) -> Reader:
    """Of an attribute that is only called otherwise."""
    if name.startswith("exception."):
        return exception_reader(name)
    return lambda value: None if value is None else wire.attribute_field(name, value)
