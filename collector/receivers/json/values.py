"""Values of senders as fields of a LogRecord: each reader gives the field, or None for what it can't read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from collector.receivers.json.shape import Slot
from collector.severity_words import PINO, SYSLOG, number_of
from otlp_wire import record_writing as wire

Reader = Callable[[Any], bytes | None]
_SECOND = 1_000_000_000
_LATEST = 1 << 64
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE]\+?\d+)?")
_FRACTION = re.compile(r"[.,](\d+)")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_LONGEST_TIME = 64
_SCALES = tuple(10 ** (9 - digits) for digits in range(10))
_SECONDS: dict[str, int] = {}
_MOST_SECONDS = 4096


def unix_nano(value: Any) -> int | None:
    """A moment: a number below 1e11 is seconds, below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds; text is ISO
    8601 (without a zone: UTC) or such a number."""
    if type(value) is str:
        return _of_text(value)
    if type(value) is int:
        return _of_int(value)
    return _of_float(value) if type(value) is float and math.isfinite(value) else None


def _of_int(number: int) -> int | None:
    if number < 100_000_000_000:
        number *= _SECOND
    elif number < 100_000_000_000_000:
        number *= 1_000_000
    elif number < 100_000_000_000_000_000:
        number *= 1000
    return number if 0 < number < _LATEST else None


def _of_float(number: float) -> int | None:
    """A double has 16 digits: seconds are good to the microsecond, milliseconds to the nanosecond's hundreds."""
    if number < 1e11:
        number *= 1e6
    elif number < 1e14:
        number *= 1e3
    elif number >= 1e17:
        return int(number) if number < _LATEST else None
    moment = round(number) * 1000
    return moment if moment > 0 else None


def _of_text(text: str) -> int | None:
    """The usual form, `2025-11-29T10:11:12.123Z`, is read by hand: records that come together are of few seconds."""
    seconds = _SECONDS.get(text[:19])
    if seconds is None:
        return _of_new_text(text)
    digits = text[20:-1]
    if text[-1] == "Z" and text[19] == "." and digits.isdigit() and digits.isascii():
        return seconds + int(digits) * _SCALES[len(digits)] if len(digits) < 10 else seconds + int(digits[:9])
    return _of_other_text(text)


def _of_new_text(text: str) -> int | None:
    """Remember the second, if it is one."""
    try:
        moment = datetime.strptime(text[:19].replace(" ", "T"), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return _of_other_text(text)
    seconds = int(moment.timestamp())
    if 0 < seconds < _LATEST // _SECOND and len(text) > 19:
        if len(_SECONDS) >= _MOST_SECONDS:
            _SECONDS.clear()
        _SECONDS[text[:19]] = seconds * _SECOND
    return _of_other_text(text)


def _of_other_text(text: str) -> int | None:
    text = text.strip()
    if len(text) > _LONGEST_TIME:
        return None
    if _NUMBER.fullmatch(text) and text.isascii():
        return _of_int(int(text)) if text.isdigit() else unix_nano(float(text))
    fraction = _FRACTION.search(text, 19)
    plain = text if fraction is None else text[: fraction.start()] + text[fraction.end() :]
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    seconds = math.floor(moment.timestamp())
    nanos = int(fraction[1][:9].ljust(9, "0")) if fraction else 0
    return seconds * _SECOND + nanos if 0 < seconds < _LATEST // _SECOND else None


def time(value: Any) -> bytes | None:
    """`time_unix_nano`."""
    moment = unix_nano(value)
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
