"""Moments as senders write them: numbers of four magnitudes, and texts."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

_SECOND = 1_000_000_000
_LATEST = 1 << 64
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE]\+?\d+)?")
_FRACTION = re.compile(r"[.,](\d+)")
_LONGEST_TIME = 64
_SCALES = tuple(10 ** (9 - digits) for digits in range(10))
_SECONDS: dict[str, int] = {}
_MOST_SECONDS = 4096


def unix_nano(value: Any) -> int | None:
    """A moment: a number below 1e11 is seconds, below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds; text is ISO
    8601 (without a zone: UTC) or such a number."""
    if type(value) is str:
        return of_text(value)
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


def of_text(text: str) -> int | None:
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
