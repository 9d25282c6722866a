"""Durations and sizes as people write them in a configuration: `1h30m`, `200ms`, `64MiB`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_DAYS = re.compile(r"(\d+)([dwy])")
_DAYS_OF = {"d": 1, "w": 7, "y": 365.25}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?B?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def parse_duration(value: Any) -> Any:
    """Seconds as a float from a Go duration string (`1h30m`, `200ms`, `0`); numbers without a unit only for 0.

    The otelcol reads a bare number as nanoseconds; nobody means that, so it is refused with the fix.
    """
    if isinstance(value, str):
        text = value.strip()
        if text == "0":
            return 0.0
        matches = list(_DURATION.finditer(text))
        if not matches or "".join(match.group(0) for match in matches) != text:
            raise ValueError(f"{value!r} is not a duration: write a number and a unit, such as 500ms, 30s or 1h30m")
        return sum(float(match.group(1)) * _SECONDS[match.group(2)] for match in matches)
    if isinstance(value, int | float) and not isinstance(value, bool) and value != 0:
        raise ValueError(f"{value!r} has no unit: write {value}s for seconds or {value}ms for milliseconds")
    return value


def parse_long_duration(value: Any) -> Any:
    """Like `parse_duration`, and days, weeks and years (of 365.25 days): `7d`, `2w`, `6y`. Of options that no collector has had in nanoseconds."""
    found = _DAYS.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(found[1]) * 86_400.0 * _DAYS_OF[found[2]] if found else parse_duration(value)


def parse_size(value: Any) -> Any:
    """Bytes as an int from `64MiB`, `1GB`, `4096`. KiB is 1024, kB is 1000."""
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a size: write a number and a unit, such as 512KiB, 64MiB or 10GB")
    unit = (match.group(2) or "").upper()
    base = 1024 if unit.endswith("I") else 1000
    return int(float(match.group(1)) * base ** _POWERS[unit.rstrip("I")])


Duration = Annotated[float, BeforeValidator(parse_duration, json_schema_input_type=str | float), Field(ge=0)]
"""Seconds; written with a unit."""

LongDuration = Annotated[float, BeforeValidator(parse_long_duration, json_schema_input_type=str | float), Field(ge=0)]
"""Seconds; written with a unit, which may be a day, a week or a year."""

ByteSize = Annotated[int, BeforeValidator(parse_size, json_schema_input_type=str | int), Field(ge=0)]
"""Bytes; written with a unit or as a number."""
