"""Times as pages write them: relative in lists, exact in records, in the zone that the visitor chose (cookie `zone`; UTC without one)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNKNOWN = "\N{EN DASH}"
_NANO = 10**9
_STEPS = (("d", 86_400), ("h", 3600), ("min", 60))


def zone_of(name: str) -> tzinfo:
    """UTC for a name that is none."""
    try:
        return ZoneInfo(name) if name and len(name) < 64 else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def ago(unix_nano: int | None, now: float | None = None) -> str:
    """`4 min ago`; a dash for never."""
    if not unix_nano:
        return UNKNOWN
    secs = (time.time() if now is None else now) - unix_nano / _NANO
    if secs < 0:
        return "just now"
    unit, size = next(((unit, size) for unit, size in _STEPS if secs >= size), ("s", 1))
    return f"{secs // size:.0f} {unit} ago"


def until(unix_nano: int | None, now: float | None = None) -> str:
    """`in 4 min`; `now` for what is due; a dash for never."""
    if not unix_nano:
        return UNKNOWN
    secs = unix_nano / _NANO - (time.time() if now is None else now)
    return f"in {span(secs)}" if secs >= 1 else "now"


def span(secs: float) -> str:
    """`40 s`, `12 min`, `3.5 h`, `2 d`: to two digits."""
    unit, size = next(((unit, size) for unit, size in _STEPS if secs >= size), ("s", 1))
    n = secs / size
    return f"{n:.1f}".removesuffix(".0") + f" {unit}" if 0 < n < 10 and unit != "s" else f"{n:.0f} {unit}"


def clock(unix_nano: int | None, zone: str = "") -> str:
    """`14:05:09.312`."""
    return _local(unix_nano, zone).strftime("%H:%M:%S.") + f"{unix_nano % _NANO // 10**6:03}" if unix_nano else UNKNOWN


def stamp(unix_nano: int | None, zone: str = "") -> str:
    """`30 Nov 14:05`, where neither seconds nor the year are of use."""
    return on_axis(unix_nano, zone, day=True) if unix_nano else UNKNOWN


def on_axis(unix_nano: int, zone: str, *, day: bool = False) -> str:
    """`14:05`, or `28 Nov 14:05`."""
    at = _local(unix_nano, zone)
    return f"{at.day} {at:%b %H:%M}" if day else f"{at:%H:%M}"


def exact(unix_nano: int | None, zone: str = "") -> str:
    """`2026-11-30 14:05:09.312345678 UTC`, all digits."""
    if not unix_nano:
        return UNKNOWN
    at = _local(unix_nano, zone)
    return f"{at:%Y-%m-%d %H:%M:%S}.{unix_nano % _NANO:09} {at:%Z}"


def _local(unix_nano: int, zone: str) -> datetime:
    return datetime.fromtimestamp(unix_nano // _NANO, zone_of(zone))


def iso(unix_nano: int) -> str:
    """RFC 3339 with nine digits, for machines."""
    at = datetime.fromtimestamp(unix_nano // _NANO, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{unix_nano % _NANO:09}Z"
