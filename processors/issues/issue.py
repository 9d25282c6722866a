"""An issue as it is kept: all that is known of one fault in one domain. Times are nanoseconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import orjson

_FORMAT = 1
MOST_VALUES = 30
"""Services, endpoints, versions … that are told apart; what comes later is counted as `OTHER`."""
OTHER = "(other)"
MOST_SAMPLES = 5
MOST_VARIANTS = 50


class State(StrEnum):
    """Where an issue stands. One at a time."""

    NEW = "new"
    ONGOING = "ongoing"
    ESCALATING = "escalating"
    REGRESSED = "regressed"
    ARCHIVED = "archived"
    RESOLVED = "resolved"

    @property
    def is_open(self) -> bool:
        """Somebody should look at it."""
        return self not in (State.ARCHIVED, State.RESOLVED)


PRIORITIES = ("low", "medium", "high")
BY_LEVEL = {"critical": "high", "warning": "medium", "info": "low", "debug": "low"}
"""What an issue begins with."""


@dataclass(slots=True)
class Resolved:
    """How it was resolved: `version`: from that service.version on; `next_release`: from the first version that was not `known` then."""

    at: int
    version: str = ""
    next_release: bool = False
    known: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Archived:
    """Until when it is archived. `until`: `escalating`, `condition` or `forever`; the condition: so many events or users more, or a time."""

    at: int
    until: str = "escalating"
    events: int = 0
    users: int = 0
    end: int = 0


@dataclass(slots=True)
class Variant:
    """A grouping that leads to the issue: why its records belong here."""

    variant: str
    parts: list[str]
    title: str
    frames: list[str]
    events: int = 0


@dataclass(slots=True)
class Issue:
    """See the module.

    Args:
        variants: grouping id → what was seen of it.
        category: `error`, or of what anomalies say: `anomaly`, `prediction`, `latency`.
        level: the most urgent one of its records.
        initial: priority by level; `locked`: a person chose another one.
        state_at: since when it is in its state.
        reason: why it came into it.
        over_at: when it was last above its ceiling.
        hours: (hour since 1970, events, most in a minute, most in five), a week, ascending.
        minutes: (minute since 1970, events), the last ones.
        ceilings: the first day they are for, and the events an hour of each day.
        told_at: clock of its last event; `untold`: something has changed since.
        wake_at: when it is due; 0: never.
        version: of its last event.
        stood: state and level as they are counted in the domain's figures; None: it is not yet.
        generated: what a language model wrote about it: `summary`, `hypotheses`, `model`, `at`.
    """

    id: str
    title: str
    category: str = "error"
    type: str = ""
    state: State = State.NEW
    reason: str = ""
    state_at: int = 0
    level: str = "info"
    priority: str = "low"
    initial: str = "low"
    locked: bool = False
    component: str = ""
    service: str = ""
    environment: str = ""
    rule: str = ""
    assignee: str = ""
    owner: str = ""
    acknowledged_at: int = 0
    acknowledged_by: str = ""
    events: int = 0
    first_seen: int = 0
    last_seen: int = 0
    version: int = 0
    variants: dict[str, Variant] = field(default_factory=dict)
    resolved: Resolved | None = None
    archived: Archived | None = None
    services: dict[str, int] = field(default_factory=dict)
    endpoints: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    environments: dict[str, int] = field(default_factory=dict)
    hosts: dict[str, int] = field(default_factory=dict)
    users: str = ""
    samples: list[list[Any]] = field(default_factory=list)
    hours: list[list[int]] = field(default_factory=list)
    minutes: list[list[int]] = field(default_factory=list)
    ceilings: list[int] = field(default_factory=list)
    over_at: int = 0
    told_at: int = 0
    untold: bool = False
    wake_at: int = 0
    stood: tuple[str, str] | None = None
    more: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    suggestion: str = ""
    generated: dict[str, Any] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """For the state."""
        return orjson.dumps({"format": _FORMAT, **{name: getattr(self, name) for name in _NAMES}})

    @classmethod
    def decoded(cls, value: bytes) -> Issue:
        """Of what `encoded` gave, by this version or an earlier one; what a later one added is left aside."""
        said: Mapping[str, Any] = orjson.loads(value)
        issue = cls(**{name: said[name] for name in _NAMES if name in said})
        issue.state = State(issue.state)
        issue.variants = {key: Variant(**one) for key, one in said.get("variants", {}).items()}
        issue.stood = issue.stands
        issue.resolved = Resolved(**said["resolved"]) if said.get("resolved") else None
        issue.archived = Archived(**said["archived"]) if said.get("archived") else None
        return issue

    @property
    def stands(self) -> tuple[str, str]:
        """State and level."""
        return str(self.state), self.level

    def count_values(self, name: str, found: Mapping[str, int]) -> None:
        """Add to `services`, `endpoints` …"""
        kept: dict[str, int] = getattr(self, name)
        for value, events in found.items():
            place = value if value in kept or len(kept) < MOST_VALUES else OTHER
            kept[place] = kept.get(place, 0) + events

    def bump(self) -> None:
        """One priority higher, unless somebody chose it."""
        if not self.locked:
            self.priority = PRIORITIES[min(len(PRIORITIES) - 1, PRIORITIES.index(self.initial) + 1)]

    def calm(self) -> None:
        """Back to the priority that it had."""
        if not self.locked:
            self.priority = self.initial


_NAMES = tuple(each.name for each in fields(Issue) if each.name != "stood")
