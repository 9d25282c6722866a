"""A group is looked at: who is to be told what of it now. What is decided is written into the group; the caller keeps and emits it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from collector.component import Work
from collector.connectors.alerting import silences
from collector.connectors.alerting.decision import Reason, Told, decide
from collector.connectors.alerting.group import Group
from collector.connectors.alerting.groups import leave_issue
from collector.connectors.alerting.inhibition import Inhibition
from collector.connectors.alerting.limits import PREFIX as LIMIT
from collector.connectors.alerting.limits import Limits
from collector.connectors.alerting.responses import asking
from collector.connectors.alerting.routes import NANOS, Leaf
from collector.connectors.alerting.showing import sentence, shown
from collector.notices import Notice

KEPT_EMPTY = 3600 * NANOS
"""How long a group without alerts is remembered, so that what comes back has flapped."""


class Sets(NamedTuple):
    """The alerts of a group that go on and are not kept back, and those that are over; by fingerprint."""

    firing: set[str]
    over: set[str]


@dataclass(frozen=True, slots=True)
class Flusher:
    """Decides for groups of one configuration.

    Args:
        fallback: exporters that hear of others that are in trouble.
        most: alerts that a message shows.
    """

    inhibition: Inhibition
    limits: Limits
    fallback: Sequence[str]
    most: int

    def flush(self, key: str, group: Group, leaf: Leaf, work: Work) -> list[Notice]:
        """What is told now; sets when the group is due next."""
        now, sets = work.now_unix_nano, self.sets(group, leaf, work)
        told = [] if leaf.silent(now) else list(self._told(key, group, leaf, sets, work))
        self._forget_ended(key, group, leaf, work)
        if not sets.firing:
            group.chain.due = group.chain.step = group.chain.began = 0
        group.flushed = now if group.alerts else 0
        group.due = now + (leaf.interval if group.alerts else KEPT_EMPTY)
        return told

    def _forget_ended(self, group_key: str, group: Group, leaf: Leaf, work: Work) -> None:
        """What is over, and whose end everybody was told who is to be: nothing of it is kept."""
        state, now = work.state(group.labels.get("domain", "")), work.now_unix_nano
        known = {mark for one in group.told.values() for mark in one.firing}
        for mark, alert in list(group.alerts.items()):
            if mark in known or alert.firing(now, leaf.resolve_after):
                continue
            del group.alerts[mark]
            self.inhibition.tell(alert.labels, 0, state)
            if issue := alert.labels.get("issue"):
                leave_issue(state, issue, group_key)

    def acknowledged(self, key: str, group: Group, leaf: Leaf, work: Work) -> list[Notice]:
        """Everybody who was told of what goes on hears who has taken it on."""
        sets = self.sets(group, leaf, work)
        if leaf.silent(work.now_unix_nano) or not sets.firing:
            return []
        told = [exporter for exporter, one in group.told.items() if one.firing]
        return [self.notify(key, group, leaf, exporter, Reason.ACKNOWLEDGED, sets, work) for exporter in told]

    def notify(
        self, key: str, group: Group, leaf: Leaf, exporter: str, reason: Reason, sets: Sets, work: Work
    ) -> Notice:
        """One message, noted as told; it asks for all that waits for a person."""
        (firing, over), now, domain = sets, work.now_unix_nano, group.labels.get("domain", "")
        asks = asking.waiting(group, work.state(domain)) if firing and group.asked else {}
        before = group.told.get(exporter, Told())
        sequence = max(before.sequence + 1, now // 1_000_000)
        ended = sorted(before.firing & over)
        shows = [*sorted(firing), *(ended if leaf.send_resolved else ())]
        marks = sorted(firing) or ended
        level = group.level(marks)
        by = group.chain.by if firing and group.chain.acknowledged_until > now else ""
        group.told[exporter] = Told(sequence, now, frozenset(firing))
        said = sentence(group, sorted(firing), ended, level, by if reason is Reason.ACKNOWLEDGED else "")
        return Notice(
            key, exporter, sequence, leaf.receiver, "firing" if firing else "resolved", str(reason), level,
            min((group.alerts[mark].began for mark in marks), default=now), sum(group.alerts[mark].count for mark in marks),
            group.labels, shown(group, shows, now, leaf.resolve_after, self.most), asking.question(asks, domain) + said,
            group.flapped, max(0, len(shows) - self.most), acknowledged=by, asks=asks,
        )  # fmt: skip

    def _told(self, key: str, group: Group, leaf: Leaf, sets: Sets, work: Work) -> Iterator[Notice]:
        (firing, over), now, exporters = sets, work.now_unix_nano, self._exporters(group, leaf)
        for exporter in [one for one in group.told if one not in exporters]:  # of an escalation: it hears of the end
            told = group.told[exporter]
            if told.firing and not firing and leaf.send_resolved and told.firing & over:
                yield self.notify(key, group, leaf, exporter, Reason.RESOLVED, sets, work)
        for exporter in exporters:
            told_last = group.told.get(exporter)
            reason = decide(told_last, firing, over, now, leaf.repeat, send_resolved=leaf.send_resolved)
            if reason is Reason.FIRST and not self._admitted(key, group, exporter, work):
                continue
            if reason is not None:
                yield self.notify(key, group, leaf, exporter, reason, sets, work)
            elif told_last is not None and not leaf.send_resolved:
                told_last.firing = told_last.firing & frozenset(firing)

    def _admitted(self, key: str, group: Group, exporter: str, work: Work) -> bool:
        domain = group.labels.get("domain", "")
        admitted, ends = self.limits.admits(work.state(domain), exporter, key, group.labels, work.now_unix_nano)
        if not admitted:
            work.wake(domain, f"{LIMIT}{exporter}", ends)
        return admitted

    def _exporters(self, group: Group, leaf: Leaf) -> Sequence[str]:
        """Those of the route; nobody is told of an exporter in trouble through it."""
        about = {alert.labels["exporter"] for alert in group.alerts.values() if "exporter" in alert.labels}
        if about.isdisjoint(leaf.exporters):
            return leaf.exporters
        left = [one for one in leaf.exporters if one not in about]
        return list(dict.fromkeys([*left, *(one for one in self.fallback if one not in about)]))

    def sets(self, group: Group, leaf: Leaf, work: Work) -> Sets:
        """Its alerts, as they are now."""
        now, state = work.now_unix_nano, work.state(group.labels.get("domain", ""))
        quiet = silences.of(state)
        firing, over = set[str](), set[str]()
        for mark, alert in group.alerts.items():
            if not alert.firing(now, leaf.resolve_after):
                over.add(mark)
            elif not quiet.hold(alert.labels, now) and not self.inhibition.keeps_back(alert.labels, now, state):
                firing.add(mark)
        return Sets(firing, over)
