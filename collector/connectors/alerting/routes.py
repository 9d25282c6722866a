"""The tree of routes: which of them take an alert, and what they say, with what they have from above.

Source: Alertmanager, `dispatch/route.go`: depth first; the first match ends the walk among siblings unless it says `continue`; a
route none of whose children match takes the alert itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from collector.connectors.alerting.config import AlertingConfig, EscalationConfig
from collector.connectors.alerting.intervals import Interval
from collector.connectors.alerting.route_config import DigestConfig, RouteConfig
from collector.matchers import Matcher, all_match

NANOS = 1_000_000_000
ALL = ("...",)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a route says, whole. Times in ns. `wait` is None where the level decides; `group_by` is `ALL` for all labels."""

    path: str
    receiver: str
    exporters: Sequence[str]
    group_by: Sequence[str]
    wait: int | None
    interval: int
    repeat: int
    resolve_after: int
    send_resolved: bool
    escalation: str
    digest: DigestConfig | None
    mute: Sequence[Interval] = ()
    active: Sequence[Interval] | None = None
    muted: Sequence[str] = ()
    active_at: Sequence[str] = ()
    asks_level: bool = False
    responses: Sequence[str] = ()

    def waits(self, level: str) -> int:
        """How long a group waits for its first message."""
        if self.wait is not None:
            return self.wait
        return 0 if level == "critical" else 30 * NANOS

    def silent(self, at_unix_nano: int) -> bool:
        """Whether it is a time at which nobody is told."""
        if any(one.holds(at_unix_nano) for one in self.mute):
            return True
        return self.active is not None and not any(one.holds(at_unix_nano) for one in self.active)

    def takes(self, level: str) -> bool:
        """Records of every day are alerts only where a route asks for their level, or counts them."""
        return level in ("critical", "warning") or self.asks_level or self.digest is not None


@dataclass(frozen=True, slots=True)
class _Node:
    leaf: Leaf
    matchers: Sequence[Matcher]
    goes_on: bool
    below: Sequence[_Node] = field(default_factory=tuple)

    def taking(self, labels: Mapping[str, str]) -> Iterator[Leaf]:
        found = False
        for node in self.below:
            if not all_match(node.matchers, labels):
                continue
            found = True
            yield from node.taking(labels)
            if not node.goes_on:
                break
        if not found:
            yield self.leaf

    def reached(self, labels: Mapping[str, str], asked: Sequence[Matcher]) -> Iterator[tuple[Leaf, Sequence[Matcher]]]:
        """The routes from here on that may take alerts with these labels, whatever others they have; and what those must be."""
        certain = False
        for node in self.below:
            known = [one for one in node.matchers if one.name in labels]
            more = [one for one in node.matchers if one.name not in labels]
            if not all_match(known, labels):
                continue
            yield from node.reached(labels, (*asked, *more))
            certain |= not more
            if not more and not node.goes_on:
                return
        if not certain:
            yield self.leaf, asked


class Routes:
    """All of a configuration."""

    def __init__(self, config: AlertingConfig) -> None:
        self._config = config
        self._intervals = {name: [one.interval() for one in given] for name, given in config.time_intervals.items()}
        self.escalations: Mapping[str, EscalationConfig] = config.escalations
        bare = Leaf("route", "", (), (), None, 300 * NANOS, 4 * 3600 * NANOS, 900 * NANOS, True, "", None)
        self._root = self._node(config.route, "route", bare)
        self.leaves = list(_leaves(self._root))
        self.asked = sorted({one.name for node in _nodes(self._root) for one in node.matchers} | {"level"})
        """The labels that decide which routes take an alert."""

    def taking(self, labels: Mapping[str, str]) -> Sequence[Leaf]:
        """The routes that take an alert with these labels (`asked` is enough), each once."""
        return [leaf for leaf in self._root.taking(labels) if leaf.takes(labels.get("level", ""))]

    def reached(self, level: str) -> Sequence[tuple[Leaf, Sequence[Matcher]]]:
        """The routes that may take alerts of a level, each with what else it asks for."""
        return [(leaf, asked) for leaf, asked in self._root.reached({"level": level}, ()) if leaf.takes(level)]

    def _node(self, route: RouteConfig, path: str, above: Leaf) -> _Node:
        leaf = self._leaf(route, path, above)
        below = [self._node(one, f"{path}.routes.{at}", leaf) for at, one in enumerate(route.routes)]
        return _Node(leaf, route.all_matchers(), route.continue_, below)

    def _leaf(self, route: RouteConfig, path: str, above: Leaf) -> Leaf:
        """What it says itself takes the place of what is said above; mute times and digests are its own."""
        receiver = route.receiver or above.receiver
        interval = _ns(route.group_interval, above.interval)
        repeat = _ns(route.repeat_interval, above.repeat)
        return replace(
            above,
            path=path,
            receiver=receiver,
            exporters=tuple(dict.fromkeys(self._config.receivers.get(receiver, ()))),
            group_by=tuple(above.group_by if route.group_by is None else route.group_by),
            wait=above.wait if route.group_wait is None else _ns(route.group_wait, 0),
            interval=interval,
            repeat=math.ceil(repeat / interval) * interval,
            resolve_after=_ns(route.resolve_after, above.resolve_after),
            send_resolved=above.send_resolved if route.send_resolved is None else route.send_resolved,
            escalation=route.escalation or above.escalation,
            digest=route.digest,
            responses=tuple(route.responses),
            mute=[one for name in route.mute_time_intervals for one in self._intervals[name]],
            active=[one for name in route.active_time_intervals for one in self._intervals[name]]
            if route.active_time_intervals
            else None,
            muted=tuple(route.mute_time_intervals),
            active_at=tuple(route.active_time_intervals),
            asks_level=above.asks_level or any(one.name == "level" for one in route.all_matchers()),
        )


def _ns(seconds: float | None, otherwise: int) -> int:
    return otherwise if seconds is None else round(seconds * NANOS)


def _nodes(node: _Node) -> Iterator[_Node]:
    yield node
    for below in node.below:
        yield from _nodes(below)


def _leaves(node: _Node) -> Iterator[Leaf]:
    return (one.leaf for one in _nodes(node))
