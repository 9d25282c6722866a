"""Times as Loki's clients write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from collector.console.refusal import Refused

NANO = 10**9
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": NANO, "m": 60 * NANO, "h": 3600 * NANO, "d": 86_400 * NANO, "w": 604_800 * NANO}  # fmt: skip
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d|w)")
_LONGEST = 1 << 62


def span(parameters: Mapping[str, str], now: int) -> tuple[int, int]:
    """`start` and `end`, ns; the last hour without them. Raises `Refused`."""
    until = moment(parameters.get("end", ""), now)
    since = moment(parameters.get("start", ""), until - 3600 * NANO)
    if since >= until:
        raise Refused(400, "end timestamp must not be before or equal to start time")
    return since, until


def moment(text: str, default: int) -> int:
    """Nanoseconds, seconds with a point or of fewer than 11 digits, or RFC 3339. Raises `Refused`."""
    if not text:
        return default
    try:
        if text.isascii() and text.isdigit():
            found = int(text) * (NANO if len(text) <= 10 else 1)
        elif re.fullmatch(r"[0-9]{1,10}\.[0-9]*", text):
            found = round(float(text) * NANO)
        else:
            at = datetime.fromisoformat(text)
            found = int(at.timestamp()) * NANO + at.microsecond * 1000
    except (ValueError, OverflowError):
        raise Refused(400, f"could not parse {text[:40]!r} as a time") from None
    if not 0 <= found < _LONGEST:
        raise Refused(400, f"could not parse {text[:40]!r} as a time")
    return found


def duration(text: str) -> int:
    """`1000ms`, `1h30m`, or seconds, as ns; never 0. Raises `Refused`."""
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text and len(text) < 40:
        found = sum(round(float(number) * _UNITS[unit]) for number, unit in parts)
    elif re.fullmatch(r"[0-9]{1,10}(\.[0-9]*)?", text):
        found = round(float(text) * NANO)
    else:
        found = 0
    if not 0 < found < _LONGEST:
        raise Refused(400, f"not a valid duration string: {text[:40]!r}")
    return found
