"""Time intervals: when a route tells, or keeps silent. Alertmanager's `time_intervals`, in a time zone."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_A_MONDAY = date(1970, 1, 5).toordinal()
_MINUTES_A_DAY = 24 * 60


@cache
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises `ValueError`."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is not a time zone: write its IANA name, such as Europe/Berlin") from None


def minutes(text: str) -> int:
    """Of a day: `08:30` is 510; `24:00` is its end. Raises `ValueError`."""
    hour, colon, minute = text.partition(":")
    if colon and hour.isdigit() and minute.isdigit() and len(minute) == 2:
        found = int(hour) * 60 + int(minute)
        if int(minute) < 60 and found <= _MINUTES_A_DAY:
            return found
    raise ValueError(f"{text!r} is not a time of day: write it as 08:30")


def ranges(items: Sequence[str], names: Sequence[str], first: int, last: int) -> Sequence[range]:
    """`monday:friday`, `1:5`, `-1` as ranges of numbers, both ends included. Raises `ValueError`."""
    return [_range(str(item), names, first, last) for item in items]


def _range(item: str, names: Sequence[str], first: int, last: int) -> range:
    begin, _, end = item.strip().lower().partition(":")
    numbers = [_number(part, names, first) for part in (begin, end or begin)]
    if not all(first <= number <= last or (first == 1 and -last <= number < 0) for number in numbers):
        raise ValueError(f"{item!r} is not between {first} and {last}")
    if numbers[0] > numbers[1] and (numbers[0] > 0) == (numbers[1] > 0):
        raise ValueError(f"{item!r} ends before it begins")
    return range(numbers[0], numbers[1] + 1)


def _number(part: str, names: Sequence[str], first: int) -> int:
    if part in names:
        return names.index(part) + first
    try:
        return int(part)
    except ValueError:
        known = f": write {', '.join(names)}" if names else ""
        raise ValueError(f"{part!r} is no day, month or year{known}") from None


def weekdays(items: Sequence[str]) -> Sequence[range]:
    """Monday is 0."""
    return ranges(items, _DAYS, 0, 6)


def days_of_month(items: Sequence[str]) -> Sequence[range]:
    """From 1; -1 is the last one."""
    return ranges(items, (), 1, 31)


def months(items: Sequence[str]) -> Sequence[range]:
    """From 1."""
    return ranges(items, _MONTHS, 1, 12)


def years(items: Sequence[str]) -> Sequence[range]:
    """As they are written."""
    return ranges(items, (), 1970, 9999)


class Interval:
    """A set of times: of day, week, month, year; what is not said is always. `times`: pairs of minutes of a day."""

    def __init__(self, times: Sequence[tuple[int, int]], asked: Mapping[str, Sequence[range]], location: str) -> None:
        self._times = times
        self._asked = asked
        self._zone = zone(location)

    def holds(self, at_unix_nano: int) -> bool:
        """Whether a moment lies in it."""
        at = datetime.fromtimestamp(at_unix_nano / 1e9, UTC).astimezone(self._zone)
        minute = at.hour * 60 + at.minute
        if self._times and not any(start <= minute < end for start, end in self._times):
            return False
        return all(_in(self._asked.get(name, ()), value, length) for name, value, length in _facts(at))


def _facts(at: datetime) -> Iterator[tuple[str, int, int]]:
    """Name, value, and the number of days of the month, from whose end days may be counted."""
    yield "weekdays", at.weekday(), 0
    yield "days_of_month", at.day, calendar.monthrange(at.year, at.month)[1]
    yield "months", at.month, 0
    yield "years", at.year, 0


def _in(among: Sequence[range], value: int, length: int) -> bool:
    if not among:
        return True
    return any(_from_end(one.start, length) <= value <= _from_end(one.stop - 1, length) for one in among)


def _from_end(number: int, length: int) -> int:
    return number + length + 1 if length and number < 0 else number


def next_boundary(now_unix_nano: int, every_secs: float, at: str, location: str) -> int:
    """When a period that goes on at `now` ends, ns: each so many seconds, from a time of day in a zone on (without: from the epoch)."""
    every = max(1, round(every_secs))
    if not at:
        return (now_unix_nano // (every * 10**9) + 1) * every * 10**9
    here = datetime.fromtimestamp(now_unix_nano / 1e9, UTC).astimezone(zone(location))
    begins = minutes(at) % _MINUTES_A_DAY
    day = datetime.combine(here.date(), time(begins // 60, begins % 60), here.tzinfo)
    if every % 86400 == 0:  # by days of the calendar, which may have 23 hours
        days = every // 86400
        at_next = day + timedelta(days=-(here.date().toordinal() - _A_MONDAY) % days)
        return int((at_next if at_next > here else at_next + timedelta(days=days)).timestamp()) * 10**9
    end = day - timedelta(days=1)
    while end <= here:
        end += timedelta(seconds=every)
    return int(end.timestamp()) * 10**9
