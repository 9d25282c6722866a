"""Converters of times and durations."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from collector.ottl.plain import getters
from collector.ottl.plain.function import ArgumentError, Constants, Parameter, Registry
from collector.ottl.plain.kinds import Duration, EvaluationError, Time
from collector.ottl.plain.strptime import LOCALES, LayoutError, layout_of, zone_of

TIMES = Registry()
_TIME = Parameter("time", getters.time)
_DURATION = Parameter("duration", getters.duration)
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PIECE = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")

TIMES.add("Now", volatile=True)(lambda: Time(time.time_ns()))


def _time_known(constants: Constants) -> None:
    if isinstance(layout := constants.get("format"), str):
        try:
            layout_of(layout, constants.get("locale") or "en")
        except LayoutError as error:
            raise ArgumentError("format", str(error)) from None
    if isinstance(location := constants.get("location"), str):
        try:
            zone_of(location)
        except LayoutError as error:
            raise ArgumentError("location", str(error)) from None
    if (locale := constants.get("locale")) and locale.split("-")[0].split("_")[0] not in LOCALES:
        raise ArgumentError("locale", f"unsupported locale '{locale}': there are {', '.join(LOCALES)}")


@TIMES.add(
    "Time",
    Parameter("time", getters.string),
    Parameter("format", getters.string),
    Parameter("location", getters.string, optional=True, default=""),
    Parameter("locale", getters.string, optional=True, default=""),
    check=_time_known,
)
def _time(text: str, pattern: str, location: str, locale: str) -> Time:
    if not text:
        raise EvaluationError("time cannot be nil")
    if not pattern:
        raise EvaluationError("format cannot be nil")
    try:
        return layout_of(pattern, locale or "en").parse(text, zone_of(location))
    except LayoutError as error:
        raise EvaluationError(str(error)) from None


@TIMES.add("FormatTime", _TIME, Parameter("format", getters.string), check=_time_known)
def _format_time(moment: Time, pattern: str) -> str:
    try:
        return layout_of(pattern, "en").format(moment)
    except LayoutError as error:
        raise EvaluationError(str(error)) from None


@TIMES.add(
    "Unix", Parameter("seconds", getters.integer), Parameter("nanoseconds", getters.integer, optional=True, default=0)
)
def _unix(seconds: int, nanoseconds: int) -> Time:
    return Time(seconds * 10**9 + nanoseconds)


def _divided(by: int) -> Callable[[Time], int]:
    return lambda moment: moment.nanoseconds // by if moment.nanoseconds >= 0 else -(-moment.nanoseconds // by)


for _name, _by in (("UnixNano", 1), ("UnixMicro", 10**3), ("UnixMilli", 10**6), ("UnixSeconds", 10**9)):
    TIMES.add(_name, _TIME)(_divided(_by))


@TIMES.add("Duration", Parameter("duration", getters.string))
def _duration(written: str) -> Duration:
    body = written.lstrip("+-")
    pieces = _PIECE.findall(body)
    if body != "0" and (not pieces or "".join(number + unit for number, unit in pieces) != body):
        raise EvaluationError(f'invalid duration "{written}"')
    total = sum(_part(number, _UNITS[unit]) for number, unit in pieces)
    return Duration(-total if written.startswith("-") else total)


def _part(number: str, unit: int) -> int:
    whole, _, fraction = number.partition(".")
    return int(whole or 0) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)


def _as_double(by: int) -> Callable[[Duration], float]:
    def convert(duration: Duration) -> float:
        whole, rest = divmod(abs(duration.nanoseconds), by)
        return (whole + rest / by) * (-1 if duration.nanoseconds < 0 else 1)

    return convert


def _as_integer(by: int) -> Callable[[Duration], int]:
    return lambda duration: (
        int(duration.nanoseconds / by) if abs(duration.nanoseconds) < 2**52 else duration.nanoseconds // by
    )


for _name, _by in (("Hours", 3600 * 10**9), ("Minutes", 60 * 10**9), ("Seconds", 10**9)):
    TIMES.add(_name, _DURATION)(_as_double(_by))
for _name, _by in (("Milliseconds", 10**6), ("Microseconds", 10**3), ("Nanoseconds", 1)):
    TIMES.add(_name, _DURATION)(_as_integer(_by))

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(given: Time) -> datetime:
    """The second that a time lies in, in its own zone."""
    try:
        zone = timezone(timedelta(seconds=given.offset_secs)) if given.offset_secs else UTC
        return (_EPOCH + timedelta(seconds=given.nanoseconds // 10**9)).astimezone(zone)
    except (OverflowError, ValueError) as error:
        raise EvaluationError(f"no such day: {error}") from None


def _piece(name: str) -> Callable[[Time], int]:
    return lambda given: int(getattr(moment_of(given), name))


for _name in ("Year", "Month", "Day", "Hour", "Minute", "Second"):
    TIMES.add(_name, _TIME)(_piece(_name.lower()))
TIMES.add("Nanosecond", _TIME)(lambda given: given.nanoseconds % 10**9)
TIMES.add("Weekday", _TIME)(lambda given: moment_of(given).isoweekday() % 7)
_YEAR_ONE = -62135596800 * 10**9
"""What Go counts from when it rounds: 1 January of the year 1."""


@TIMES.add("TruncateTime", _TIME, _DURATION)
def _truncate_time(given: Time, duration: Duration) -> Time:
    if duration.nanoseconds <= 0:
        return given
    return Time(given.nanoseconds - (given.nanoseconds - _YEAR_ONE) % duration.nanoseconds, given.offset_secs)
