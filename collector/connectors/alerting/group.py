"""A group: the alerts that are one message, and who was told what of them. Kept as msgpack, with its version in front."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack
import orjson
import xxhash

from collector.connectors.alerting.decision import Told
from collector.connectors.alerting.occurrences import Occurrence, worst
from collector.connectors.alerting.routes import ALL, NANOS, Leaf

_VERSION = 1
MOST_ALERTS = 500
"""Of a group, one by one; the others are counted as one that has no labels but those of the group."""
MORE = "more"
_LATE = 15 * 60 * NANOS


@dataclass(frozen=True, slots=True)
class Said:
    """What the records of an alert say: some lines, of which `most_lines` are kept, and notes; until when it goes on though none came
    (ns by the clock), where that is known."""

    lines: Sequence[str] = ()
    most_lines: int = 3
    notes: Mapping[str, str] = field(default_factory=dict)
    until: int = 0


@dataclass(slots=True)
class Alert:
    """One set of labels. Times in ns: of its records (`began`), and of the clock (`seen`: when one came last; `since`: when it began to be
    an alert here). `notes`: what is known of it beyond its lines (`cause`, `suggestion`, `title`). `ended`: why it is over before its time, empty where it is not.
    `until`: when its source says that it is over, 0 = it does not say."""

    labels: dict[str, str]
    began: int
    since: int
    seen: int
    count: int = 0
    samples: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    ended: str = ""
    until: int = 0

    def firing(self, now: int, resolve_after: int) -> bool:
        """Whether it goes on."""
        return not self.ended and (self.until or self.seen + resolve_after) > now


@dataclass(slots=True)
class Chain:
    """How far an escalation has come. `step` counts over repetitions; `due` 0: nothing is to come; `closed`: when people said that all is over."""

    step: int = 0
    due: int = 0
    began: int = 0
    acknowledged_until: int = 0
    by: str = ""
    closed: int = 0


@dataclass(slots=True)
class Group:
    """See the module. `stood`: as it is counted in the domain's figures. `due`: the next time at which it is looked at; `flushed`: when it was last, 0 = never since it was empty; `asked`: ids of
    responses that people were asked about."""

    receiver: str
    path: str
    labels: dict[str, str]
    alerts: dict[str, Alert] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    due: int = 0
    flushed: int = 0
    flapped: int = 0
    chain: Chain = field(default_factory=Chain)
    asked: list[str] = field(default_factory=list)
    stood: str | None = field(default=None, compare=False)

    @property
    def stands(self) -> str:
        """`firing`, `acknowledged`, or `over`; as it was when it was looked at last."""
        if not self.alerts:
            return "over"
        return "acknowledged" if self.chain.acknowledged_until > self.flushed else "firing"

    def add(self, one: Occurrence, said: Said, now: int, resolve_after: int) -> str:
        """What a batch tells of an alert; gives its fingerprint. One that was over and is told again has flapped."""
        mark = fingerprint(one.labels)
        if mark not in self.alerts and len(self.alerts) >= MOST_ALERTS:
            mark = MORE
        alert = self.alerts.get(mark)
        if alert is None:
            labels = dict(self.labels) if mark == MORE else dict(one.labels)
            alert = self.alerts[mark] = Alert(labels, one.first or now, now, now)
        elif not alert.firing(now, resolve_after):
            self.flapped += 1
            alert.began, alert.since, alert.count, alert.samples, alert.ended = one.first or now, now, 0, [], ""
        alert.seen, alert.until = max(now, said.until), one.ends
        alert.count = 1 if one.ends else alert.count + one.records
        alert.samples = list(dict.fromkeys([*alert.samples, *said.lines]))[: said.most_lines]
        alert.notes |= said.notes
        return mark

    def end(self, one: Occurrence, now: int, resolve_after: int) -> bool:
        """Its source says that it is over; False: it was, or is unknown."""
        alert = self.alerts.get(fingerprint(one.labels))
        if alert is None or not alert.firing(now, resolve_after):
            return False
        alert.ended, alert.until = "its source says so", one.ends
        return True

    def stale(self, one: Occurrence) -> bool:
        """Whether it was said before people said that all is over, and waited since; or began before, and its source says it again and again."""
        since = 0 if one.ends else self.chain.closed - _LATE
        return since < one.last <= self.chain.closed

    def level(self, marks: Sequence[str]) -> str:
        """The worst of some of its alerts."""
        return worst([self.alerts[mark].labels.get("level", "") for mark in marks])

    def encode(self) -> bytes:
        """For the state."""
        kept: bytes = msgpack.packb([
            self.receiver, self.path, self.labels,
            {k: [a.labels, a.began, a.since, a.seen, a.count, a.samples, a.notes, a.ended, a.until] for k, a in self.alerts.items()},
            {k: [t.sequence, t.at, sorted(t.firing)] for k, t in self.told.items()},
            self.due, self.flushed, self.flapped,
            [self.chain.step, self.chain.due, self.chain.began, self.chain.acknowledged_until, self.chain.by, self.chain.closed],
            *([self.asked] if self.asked else []),
        ])  # fmt: skip
        return bytes([_VERSION]) + kept


def decode(data: bytes) -> Group:
    """From the state. Raises `ValueError` for what a later logboom wrote."""
    if data[0] != _VERSION:
        raise ValueError(f"a group of version {data[0]}")
    receiver, path, labels, alerts, told, due, flushed, flapped, chain, *asked = msgpack.unpackb(data[1:])
    group = Group(
        receiver, path, labels, {k: Alert(*a) for k, a in alerts.items()}, {k: _told(t) for k, t in told.items()}, due, flushed,
        flapped, Chain(*chain), *asked,
    )  # fmt: skip
    group.stood = group.stands
    return group


def _told(kept: Sequence[Any]) -> Told:
    sequence, at, firing = kept
    return Told(sequence, at, frozenset(firing))


def fingerprint(labels: Mapping[str, str]) -> str:
    """Of a set of labels."""
    return xxhash.xxh3_64_hexdigest(orjson.dumps(labels, option=orjson.OPT_SORT_KEYS))


def group_labels(leaf: Leaf, labels: Mapping[str, str]) -> dict[str, str]:
    """Those by which an alert belongs to a group of a route."""
    if leaf.group_by == ALL:
        return dict(sorted(labels.items()))
    return {name: labels[name] for name in sorted({"domain", *leaf.group_by}) if name in labels}


def group_id(leaf: Leaf, labels: Mapping[str, str]) -> str:
    """32 hex digits: of the receiver, what it is grouped by, and the values. The place of the route is no part: moving it in the
    configuration makes no new group."""
    key = orjson.dumps([leaf.receiver, sorted(leaf.group_by), sorted(labels.items())])
    return hashlib.sha256(key).hexdigest()[:32]
