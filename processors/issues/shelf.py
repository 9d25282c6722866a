"""What is kept of the issues of one domain, by name:

issue/<id>            the issue
past/<id>             what happened to it (`history`)
alias/<grouping>      the issue that a grouping was merged into; for ever
number                how many issues there are
rate                  the hourly rate that nearly all issues stay below
made_room             when issues were last forgotten for want of room, ns
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from collector.component import Figures, State
from processors.issues.issue import Issue
from processors.issues.issue import State as Standing

_ISSUE, _ALIAS, NUMBER, RATE, MADE_ROOM = b"issue/", b"alias/", b"number", b"rate", b"made_room"
PAST = b"past/"
STANDING, EVENTS = "issues", "issue_events"
_LEAST_PART = 10
"""Of all issues a tenth goes when there is no room, the least telling first."""


class Room(NamedTuple):
    """Whether there is room for another issue, and how many were forgotten for it."""

    there: bool
    forgotten: int = 0


class Shelf:
    """The issues of one domain, in one step."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def state(self) -> State:
        """Where it all stands."""
        return self._state

    def targets(self, groupings: Iterable[str]) -> Mapping[str, str]:
        """Grouping → the issue that it leads to."""
        wanted = list(dict.fromkeys(groupings))
        found = self._state.get_many([_ALIAS + each.encode() for each in wanted])
        return {each: found.get(_ALIAS + each.encode(), each.encode()).decode() for each in wanted}

    def load(self, ids: Iterable[str]) -> dict[str, Issue]:
        """Those that there are."""
        found = self._state.get_many([_ISSUE + each.encode() for each in dict.fromkeys(ids)])
        return {name.removeprefix(_ISSUE).decode(): Issue.decoded(value) for name, value in found.items()}

    def get(self, id_: str) -> Issue | None:
        """One of them, by its id or that of one that was merged into it."""
        target = self.targets([id_])[id_]
        return self.load([target]).get(target)

    def save(self, issue: Issue) -> None:
        """As it is now."""
        self._stands(issue, issue.stands)
        self._state.put(_ISSUE + issue.id.encode(), issue.encoded())

    def add(self, issue: Issue) -> None:
        """A new one."""
        self._number(1)
        self.save(issue)

    def remove(self, issue: Issue) -> None:
        """Forget it."""
        self._number(-1)
        self._stands(issue, None)
        self._state.delete(_ISSUE + issue.id.encode())
        self._state.delete(PAST + issue.id.encode())

    def count(self, events: Mapping[str, int]) -> None:
        """Level → records that belong to issues, for the metrics."""
        figures = Figures(self._state)
        figures.add(EVENTS, {(level,): number for level, number in events.items()})
        if STANDING not in figures:
            self.recount()

    def recount(self) -> None:
        """How many issues stand where, for the metrics: looked at all of them."""
        Figures(self._state).set(STANDING, Counter(issue.stands for issue in self.all()))

    def _stands(self, issue: Issue, now: tuple[str, str] | None) -> None:
        before, issue.stood = issue.stood, now
        if before == now:
            return
        figures = Figures(self._state)
        if STANDING not in figures:
            self.recount()
        figures.add(STANDING, {each: change for each, change in ((before, -1), (now, 1)) if each is not None})

    def lead(self, grouping: str, target: str) -> None:
        """From now on records of the grouping belong to that issue."""
        if grouping == target:
            self._state.delete(_ALIAS + grouping.encode())
        else:
            self._state.put(_ALIAS + grouping.encode(), target.encode())

    def led_to(self, target: str) -> list[str]:
        """Groupings that were merged into an issue."""
        return [
            name.removeprefix(_ALIAS).decode() for name, value in self._state.scan(_ALIAS) if value == target.encode()
        ]

    @property
    def number(self) -> int:
        """How many there are."""
        return int(self._state.get(NUMBER) or 0)

    def _number(self, more: int) -> None:
        self._state.put(NUMBER, b"%d" % max(0, self.number + more))

    @property
    def rate(self) -> float:
        """What `forecast.rate_limit` gave last."""
        return float(self._state.get(RATE) or 0.0)

    @rate.setter
    def rate(self, limit: float) -> None:
        self._state.put(RATE, repr(limit).encode())

    def all(self) -> Iterator[Issue]:
        """Every one, by id."""
        for _, value in self._state.scan(_ISSUE):
            yield Issue.decoded(value)

    def after(self, id_: str, most: int) -> list[Issue]:
        """The next ones behind an id, in order."""
        rows = [(name, value) for name, value in self._state.scan(_ISSUE) if name > _ISSUE + id_.encode()]
        return [Issue.decoded(value) for _, value in rows[:most]]

    def make_room(self, most: int, clock: int, pause: int) -> Room:
        """Forget the least telling ones where there are too many, or the budget says so; not again within `pause`, for that costs a
        look at all."""
        excess = self._state.excess_bytes()
        if self.number < most and not excess:
            return Room(True)
        if clock - int(self._state.get(MADE_ROOM) or 0) < pause:
            return Room(False)
        self._state.put(MADE_ROOM, b"%d" % clock)
        every = sorted(self.all(), key=_telling)
        least, gone = max(1, len(every) // _LEAST_PART), 0
        for issue in every:
            if gone >= least and excess <= 0:
                break
            self.remove(issue)
            excess -= len(issue.encoded())
            gone += 1
        return Room(True, gone)


def _telling(issue: Issue) -> tuple[bool, bool, int]:
    """The least telling first: what nobody has to look at, then what nobody has touched; the longest quiet first."""
    touched = bool(issue.assignee or issue.acknowledged_at or issue.locked or len(issue.variants) > 1)
    return issue.state not in (Standing.RESOLVED, Standing.ARCHIVED), touched, issue.last_seen
