"""How an issue goes from state to state, by what is seen of it and by time.

new ─► ongoing          after seven days
new, ongoing, regressed ─► escalating    more than forecast, or than its windows allow
escalating ─► ongoing   after a day below that
resolved ─► regressed   seen again, where it should not be any more
regressed ─► ongoing    after seven days
archived ─► escalating, ongoing          as it was archived: until it escalates, until a condition is met, never
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.levels import LEVELS
from processors.issues import sketch, traffic
from processors.issues.issue import BY_LEVEL, MOST_SAMPLES, Issue, State

DAY = 24 * 3600 * 10**9
ONGOING_AFTER = 7 * DAY
CALM_AFTER = DAY
_YOUNG = DAY
_YOUNG_EVENTS = 10


class Change(NamedTuple):
    """What happened to it: the last word of the event's name, and why."""

    kind: str
    reason: str = ""
    who: str = ""
    why: str = ""


class About(NamedTuple):
    """What the first record of an issue says of it."""

    component: str = ""
    service: str = ""
    environment: str = ""
    rule: str = ""
    text: str = ""


@dataclass(slots=True)
class Seen:
    """What a step has seen of one issue.

    Args:
        clock: when the newest of it was received.
        minutes: minute → events that came in time; late: hour → events that did not.
        newest: time of the newest event that came in time; 0: none did.
        reappeared: of those that came in time, version → time of the newest.
        users: digests.
    """

    clock: int
    events: int
    first: int
    last: int
    newest: int
    level: str
    minutes: Mapping[int, int]
    late: Mapping[int, int]
    services: Mapping[str, int] = field(default_factory=dict)
    endpoints: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    environments: Mapping[str, int] = field(default_factory=dict)
    hosts: Mapping[str, int] = field(default_factory=dict)
    reappeared: Mapping[str, int] = field(default_factory=dict)
    users: frozenset[int] = frozenset()
    sample: tuple[str, int, str] | None = None


def born(issue: Issue, seen: Seen) -> Change:
    """The first that is seen of it."""
    issue.first_seen = seen.first
    issue.state_at = seen.newest or seen.last
    issue.priority = issue.initial = BY_LEVEL[seen.level]
    issue.level = seen.level
    _count(issue, seen)
    return Change("created", "seen for the first time")


def seen_again(issue: Issue, seen: Seen, rate_limit: float) -> Change | None:
    """More of it. None: its state is the same."""
    before = issue.events
    too_many = _count(issue, seen)
    if LEVELS.index(seen.level) < LEVELS.index(issue.level):
        issue.level = seen.level
        issue.initial = BY_LEVEL[seen.level]
        if not issue.locked and issue.state is not State.ESCALATING:
            issue.priority = issue.initial
    if not seen.newest:
        return None
    if issue.state is State.RESOLVED:
        return _regressed(issue, seen)
    if issue.state is State.ARCHIVED:
        return _unarchived(issue, seen, too_many)
    if not too_many and before and (reason := _young_and_fast(issue, seen.newest, rate_limit)):
        too_many = [(seen.newest, reason)]
    if not too_many:
        return None
    issue.over_at = max(issue.over_at, too_many[-1][0])
    return None if issue.state is State.ESCALATING else escalated(issue, *too_many[0])


def _count(issue: Issue, seen: Seen) -> list[tuple[int, str]]:
    issue.events += seen.events
    issue.first_seen, issue.last_seen = min(issue.first_seen, seen.first), max(issue.last_seen, seen.last)
    for name in ("services", "endpoints", "versions", "environments", "hosts"):
        issue.count_values(name, getattr(seen, name))
    if seen.users:
        issue.users = sketch.added(issue.users, seen.users)
    if seen.sample is not None:  # the first ones stay, the last place is for the newest
        issue.samples = [*issue.samples[: MOST_SAMPLES - 1], list(seen.sample)]
    return traffic.add(issue, seen.minutes, seen.late)


def _young_and_fast(issue: Issue, at: int, rate_limit: float) -> str:
    """An issue of the last day that comes more often than nearly all others of the domain."""
    age = at - issue.first_seen
    if issue.state is not State.NEW or not rate_limit or age >= _YOUNG or issue.events < _YOUNG_EVENTS:
        return ""
    rate = issue.events / max(age / traffic.HOUR, 1.0)
    return f"{rate:.0f} events an hour, 99 % of the issues have at most {rate_limit:.1f}" if rate > rate_limit else ""


def escalated(issue: Issue, at: int, reason: str) -> Change:
    """More of it than usual."""
    enter(issue, State.ESCALATING, at, reason)
    issue.over_at = max(issue.over_at, at)
    issue.bump()
    return Change("escalating", reason)


def _regressed(issue: Issue, seen: Seen) -> Change | None:
    resolved = issue.resolved
    assert resolved is not None
    for version, at in sorted(seen.reappeared.items()):
        if at <= resolved.at or seen.clock <= resolved.at:
            continue
        if resolved.next_release and version in resolved.known:
            continue
        if resolved.version and _before(version, resolved.version):
            continue
        where = f" in version {version}" if version else ""
        enter(issue, State.REGRESSED, at, f"seen again{where} after it was resolved")
        issue.acknowledged_at, issue.acknowledged_by = 0, ""
        return Change("regressed", issue.reason)
    return None


def _before(version: str, other: str) -> bool:
    """Whether a version is older; what can't be compared is not, and no version is old: the sender may be."""
    return not version or _numbers(version) < _numbers(other)


def _numbers(version: str) -> list[tuple[int, int, str]]:
    """`2.10.0-rc1` → parts that compare as people mean it: numbers by value, a release behind its candidates."""
    core, _, early = version.lstrip("vV").partition("-")
    parts = [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in core.replace("+", ".").split(".")]
    while parts and parts[-1] == (1, 0, ""):
        parts.pop()
    return [*parts, (0, 0, early) if early else (0, 1, "")]


def _unarchived(issue: Issue, seen: Seen, too_many: list[tuple[int, str]]) -> Change | None:
    archived = issue.archived
    assert archived is not None
    if seen.newest <= archived.at or seen.clock <= archived.at:
        return None
    if archived.until == "escalating" and too_many and too_many[-1][0] + traffic.MINUTE > archived.at:
        return escalated(issue, *too_many[-1])
    if archived.until != "condition":
        return None
    if archived.events and issue.events >= archived.events:
        return reopened(issue, seen.newest, f"{issue.events} events: it was archived until then")
    if archived.users and sketch.count(issue.users) >= archived.users:
        return reopened(issue, seen.newest, f"{sketch.count(issue.users)} users: it was archived until then")
    return None


def reopened(issue: Issue, at: int, reason: str) -> Change:
    """Back among those that somebody should look at."""
    enter(issue, State.ONGOING, at, reason)
    issue.calm()
    return Change("reopened", reason)


def enter(issue: Issue, state: State, at: int, reason: str) -> None:
    """Into a state; what belonged to the last one goes."""
    issue.state, issue.state_at, issue.reason = state, at, reason
    if state is not State.RESOLVED:
        issue.resolved = None
    if state is not State.ARCHIVED:
        issue.archived = None


def dues(issue: Issue) -> Iterator[int]:
    """When time alone changes it."""
    if issue.state in (State.NEW, State.REGRESSED):
        yield issue.state_at + ONGOING_AFTER
    elif issue.state is State.ESCALATING:
        yield max(issue.over_at, issue.state_at) + CALM_AFTER
    elif issue.archived is not None and issue.archived.end:
        yield issue.archived.end


def at_time(issue: Issue, now: int) -> Change | None:
    """What the time brings; None: nothing."""
    if not any(due <= now for due in dues(issue)):
        return None
    if issue.state is State.ARCHIVED:
        return reopened(issue, now, "the time is over that it was archived for")
    reason = "below its ceiling for a day" if issue.state is State.ESCALATING else "there for a week"
    enter(issue, State.ONGOING, now, reason)
    issue.calm()
    return Change("changed", reason)
