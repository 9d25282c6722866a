"""The groups that a domain has: found, kept, forgotten; and which of them an issue is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgpack

from collector.component import Figures, State, Work
from collector.connectors.alerting.group import Group, decode, group_id
from collector.connectors.alerting.routes import Leaf
from collector.notices.notice import Notice

GROUP, CHAIN = "g/", "e/"
"""How names begin: of groups, and of times at which an escalation goes on."""
_ISSUE, _NUMBER = "x/", b"n"
STANDING, NOTIFICATIONS = "alert_groups", "alert_notifications"
_OVERFLOW = {"overflow": "true"}
_MOST_OF_AN_ISSUE = 20


@dataclass(frozen=True, slots=True)
class Groups:
    """Those of one configuration. `leaves`: by the place of the route."""

    leaves: Mapping[str, Leaf]
    most: int

    def of(self, state: State, leaf: Leaf, key: str, labels: dict[str, str], opened: dict[str, Group]) -> str:
        """The name of the group that is meant, which is in `opened` then; where there are too many, of the one that stands for all further ones of the
        route: in a storm it is read and written once for many alerts."""
        if key in opened:
            return key
        kept = state.get(_name(key))
        if kept is None and (_number(state) >= self.most or state.excess_bytes()):
            labels = overflow(labels)
            key = group_id(leaf, labels)
            if key in opened:
                return key
            kept = state.get(_name(key))
        opened[key] = self._opened(state, leaf, labels, kept)
        return key

    @staticmethod
    def _opened(state: State, leaf: Leaf, labels: dict[str, str], kept: bytes | None) -> Group:
        if kept is None:
            _count(state, 1)
            return Group(leaf.receiver, leaf.path, labels)
        group = decode(kept)
        group.path = leaf.path
        if not group.alerts:
            group.due = 0
            group.flapped += bool(group.told)
        return group

    def known(self, state: State, key: str) -> tuple[Group, Leaf] | None:
        """A group, and what its route says now. One whose route is gone is forgotten: its alerts find another at their next record."""
        kept = state.get(_name(key))
        if kept is None:
            return None
        group = decode(kept)
        leaf = self.leaves.get(group.path)
        if leaf is None or leaf.receiver != group.receiver:
            leaf = next(
                (one for one in self.leaves.values() if one.receiver == group.receiver and not one.digest), None
            )
        if leaf is None:
            self.forget(state, key)
            return None
        return group, leaf

    @staticmethod
    def keep(work: Work, domain: str, key: str, group: Group) -> None:
        """Write it, and when it is due."""
        _stands(work.state(domain), group, group.stands)
        work.state(domain).put(_name(key), group.encode())
        work.wake(domain, f"{GROUP}{key}", group.due)
        work.wake(domain, f"{CHAIN}{key}", group.chain.due or None)

    @staticmethod
    def forget(state: State, key: str) -> None:
        """It is over."""
        if (kept := state.get(_name(key))) is not None:
            _stands(state, decode(kept), None)
        state.delete(_name(key))
        _count(state, -1)


def _stands(state: State, group: Group, now: str | None) -> None:
    """For the metrics: how many groups are how."""
    before, group.stood = group.stood, now
    if before == now:
        return
    figures = Figures(state)
    if STANDING not in figures:
        figures.set(STANDING, Counter((each.stands,) for _, each in all_of(state)))
    figures.add(STANDING, {(each,): change for each, change in ((before, -1), (now, 1)) if each is not None})


def count_notices(state: State, notices: Iterable[Notice]) -> None:
    """For the metrics: who was told, and why."""
    Figures(state).add(NOTIFICATIONS, Counter((each.exporter, each.reason) for each in notices))


def overflow(labels: Mapping[str, str]) -> dict[str, str]:
    """What the group is called that stands for all further ones of a route."""
    return {name: value for name, value in labels.items() if name == "domain"} | _OVERFLOW


def all_of(state: State) -> Sequence[tuple[str, Group]]:
    """Every group of a domain."""
    return [(name.decode().removeprefix(GROUP), decode(value)) for name, value in state.scan(GROUP.encode())]


def note_issue(state: State, issue: str, key: str) -> None:
    """A group has an alert of this issue."""
    known = groups_of(state, issue)
    if key not in known:
        state.put(f"{_ISSUE}{issue}".encode(), msgpack.packb([*known, key][-_MOST_OF_AN_ISSUE:]))


def leave_issue(state: State, issue: str, key: str) -> None:
    """A group has no alert of this issue any more."""
    left = [one for one in groups_of(state, issue) if one != key]
    if left:
        state.put(f"{_ISSUE}{issue}".encode(), msgpack.packb(left))
    else:
        forget_issue(state, issue)


def groups_of(state: State, issue: str) -> list[str]:
    """The groups that have alerts of an issue."""
    found = state.get(f"{_ISSUE}{issue}".encode())
    return [] if found is None else list(msgpack.unpackb(found))


def forget_issue(state: State, issue: str) -> None:
    """It is over."""
    state.delete(f"{_ISSUE}{issue}".encode())


def _name(key: str) -> bytes:
    return f"{GROUP}{key}".encode()


def _number(state: State) -> int:
    return int.from_bytes(state.get(_NUMBER) or b"", "big")


def _count(state: State, change: int) -> None:
    state.put(_NUMBER, max(0, _number(state) + change).to_bytes(4, "big"))
