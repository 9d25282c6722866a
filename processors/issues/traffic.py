"""An issue's counts over time: what comes in is added, what an hour or a minute had at most is known, and whether that is too much."""

from __future__ import annotations

from collections.abc import Mapping

from processors.issues.forecast import LEAST, WEEK_HOURS, burst, ceilings
from processors.issues.issue import Issue

MINUTE, HOUR = 60 * 10**9, 3600 * 10**9
_KEPT_MINUTES = 10
_RENEWED_DAYS = 7


def add(issue: Issue, minutes: Mapping[int, int], late: Mapping[int, int]) -> list[tuple[int, str]]:
    """Count events by their minute, and by hour those that came late. What the first ones were too many for: (time, reason)."""
    for hour, events in late.items():
        _in_hour(issue, hour, events, 0, 0)
    too_many: list[tuple[int, str]] = []
    for minute, events in sorted(minutes.items()):
        one, five = _in_minute(issue, minute, events)
        _in_hour(issue, minute // 60, events, one, five)
        reason = _judged(issue, minute, one, five)
        if reason:
            too_many.append((minute * MINUTE, reason))
    if issue.hours:
        oldest = issue.hours[-1][0] - WEEK_HOURS
        issue.hours = [hour for hour in issue.hours if hour[0] > oldest]
    return too_many


def _in_minute(issue: Issue, minute: int, events: int) -> tuple[int, int]:
    """The events of that minute, and of the five up to it, with those that come now."""
    slot = next((each for each in issue.minutes if each[0] == minute), None)
    if slot is None:
        issue.minutes = sorted([*issue.minutes, [minute, events]])[-_KEPT_MINUTES:]
        one = events
    else:
        slot[1] += events
        one = slot[1]
    return one, sum(n for at, n in issue.minutes if minute - 5 < at <= minute)


def _in_hour(issue: Issue, hour: int, events: int, one: int, five: int) -> None:
    for slot in reversed(issue.hours):
        if slot[0] == hour:
            slot[1:] = [slot[1] + events, max(slot[2], one), max(slot[3], five)]
            return
        if slot[0] < hour:
            break
    issue.hours.append([hour, events, one, five])
    if len(issue.hours) > 1 and issue.hours[-2][0] > hour:
        issue.hours.sort()


def _judged(issue: Issue, minute: int, one: int, five: int) -> str:
    """Why the traffic of a minute is too much; empty: it is not."""
    hour = minute // 60
    before = [slot for slot in issue.hours if slot[0] < hour]
    if not before:
        return ""
    for minutes, seen, place in ((1, one, 2), (5, five, 3)):
        if seen > LEAST[minutes] and seen > (limit := burst([slot[place] for slot in before], minutes)):
            return f"{seen} events within {minutes} minute{'s' * (minutes > 1)}, at most {limit} are usual"
    now = next((slot[1] for slot in issue.hours if slot[0] == hour), 0)
    limit = ceiling(issue, hour)
    return f"{now} events within the hour, at most {limit} were forecast" if now > limit > 0 else ""


def ceiling(issue: Issue, hour: int) -> int:
    """Events an hour that were forecast for that day; the forecast is renewed each week."""
    today = hour // 24
    if not issue.ceilings or not 0 <= today - issue.ceilings[0] < _RENEWED_DAYS:
        renew(issue, hour)
    return issue.ceilings[1 + today - issue.ceilings[0]]


def renew(issue: Issue, hour: int) -> None:
    """A new forecast, from the hours before this one."""
    today = hour // 24
    issue.ceilings = [today, *ceilings([(slot[0], slot[1]) for slot in issue.hours if slot[0] < hour], today)]


def hourly_rate(issue: Issue, at: int) -> float:
    """Events an hour over the past week, or since it is there."""
    hour = at // HOUR
    events = sum(slot[1] for slot in issue.hours if hour - WEEK_HOURS < slot[0] <= hour)
    return events / min(WEEK_HOURS, max(1.0, (at - issue.first_seen) / HOUR))
