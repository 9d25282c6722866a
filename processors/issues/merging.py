"""Two issues that are one, and one that is two: kept for ever, as groupings that lead to another issue than their own."""

from __future__ import annotations

from collections import Counter

from processors.issues import sketch
from processors.issues.issue import MOST_SAMPLES, MOST_VARIANTS, Issue
from processors.issues.shelf import Shelf


def merge(shelf: Shelf, into: Issue, other: Issue) -> None:
    """All that leads to `other` leads to `into`, whose counts are those of both; `other` is gone."""
    for grouping in dict.fromkeys([other.id, *other.variants, *shelf.led_to(other.id)]):
        shelf.lead(grouping, into.id)
    into.variants = dict(list((into.variants | other.variants).items())[:MOST_VARIANTS])
    into.events += other.events
    into.first_seen, into.last_seen = min(into.first_seen, other.first_seen), max(into.last_seen, other.last_seen)
    into.users = sketch.joined(into.users, other.users)
    for name in ("services", "endpoints", "versions", "environments"):
        into.count_values(name, getattr(other, name))
    into.samples = [*into.samples[: MOST_SAMPLES - 1], *other.samples[-1:]]
    into.hours = _added(into.hours, other.hours)
    counted = Counter(_pairs(into))
    counted.update(_pairs(other))
    into.minutes = [[minute, counted[minute]] for minute in sorted(counted)]
    into.ceilings = []
    shelf.remove(other)


def _pairs(issue: Issue) -> dict[int, int]:
    return {slot[0]: slot[1] for slot in issue.minutes}


def _added(one: list[list[int]], other: list[list[int]]) -> list[list[int]]:
    slots: dict[int, list[int]] = {slot[0]: list(slot) for slot in one}
    for hour, events, most, of_five in other:
        slot = slots.setdefault(hour, [hour, 0, 0, 0])
        slot[1:] = [slot[1] + events, slot[2] + most, slot[3] + of_five]
    return [slots[hour] for hour in sorted(slots)]


def split(shelf: Shelf, issue: Issue, grouping: str, at: int) -> Issue:
    """The grouping is an issue of its own again. What was counted of it in the other one stays told there, but for its events."""
    shelf.lead(grouping, grouping)
    variant = issue.variants.pop(grouping)
    issue.events = max(0, issue.events - variant.events)
    new = Issue(
        grouping, variant.title, issue.category, issue.type, state_at=at, reason=f"split off {issue.id}", level=issue.level,
        priority=issue.initial, initial=issue.initial, component=issue.component, service=issue.service,
        environment=issue.environment, events=variant.events, first_seen=issue.first_seen, last_seen=issue.last_seen,
        variants={grouping: variant},
    )  # fmt: skip
    shelf.add(new)
    return new
