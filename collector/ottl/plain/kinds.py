"""What a value may be beside nil, bool, int, float, str, bytes, list and dict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class EvaluationError(ValueError):
    """The expression has no value for this record: `error_mode` says what that means."""


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """A moment, nanoseconds since the epoch. `offset_secs`: of the zone that its parts (`Hour`) are told in."""

    nanoseconds: int
    offset_secs: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in nanoseconds."""

    nanoseconds: int


class TraceId(bytes):
    """16 bytes; all zeros where there is none."""


class SpanId(bytes):
    """8 bytes; all zeros where there is none."""


class ProfileId(bytes):
    """16 bytes."""


IDS = (TraceId, SpanId, ProfileId)
_NAMES = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    bytes: "[]byte",
    dict: "pcommon.Map",
    list: "pcommon.Slice",
}


def named(value: Any) -> str:
    """The kind of a value, as the OpenTelemetry Collector names it in its errors."""
    if value is None:
        return "nil"
    return _NAMES.get(type(value), type(value).__name__)
