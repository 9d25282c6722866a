"""The connector's side of responses: groups in; events, and messages that ask people, out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from collector.batch import LogBatch
from collector.component import Applied, Command, Due, Refused, Work
from collector.connectors.alerting.config import AlertingConfig
from collector.connectors.alerting.decision import Reason
from collector.connectors.alerting.flushing import Flusher, Sets
from collector.connectors.alerting.group import MORE, Group
from collector.connectors.alerting.groups import Groups
from collector.connectors.alerting.responses.book import PREFIX, Book, Breaker
from collector.connectors.alerting.responses.machine import Machine
from collector.connectors.alerting.responses.orders import Orders
from collector.connectors.alerting.responses.proposing import Heard, Proposing
from collector.connectors.alerting.responses.step import About, Alerts, Step
from collector.connectors.alerting.routes import ALL, Leaf
from collector.control.deployment import EVENT as DEPLOYMENT
from collector.notices import Notice
from collector.responses.response import Response, batch_of
from collector.responses.words import BREAKER, EVENTS

__all__ = ["DEPLOYMENT", "PREFIX", "Responding", "apart", "breaker_labels", "breaker_text", "emit"]


class Responding:
    """Of one configuration."""

    def __init__(self, config: AlertingConfig, connector: str, groups: Groups, flusher: Flusher) -> None:
        self.any = bool(config.responses)
        self._groups = groups
        self._flusher = flusher
        self._machine = Machine(connector, config.responses, config.response_limits)
        self._proposing = Proposing(self._machine)
        self._orders = Orders(self._machine)

    def step(self, domain: str, work: Work) -> Step:
        """A new one."""

        def goes_on(key: str, about: About) -> bool:
            known = self._groups.known(work.state(domain), key)
            return known is not None and any(
                about(known[0].alerts[mark].labels) for mark in self._firing(*known, work).firing
            )

        def told_since(key: str, since: int, about: About) -> bool:
            known = self._groups.known(work.state(domain), key)
            return known is not None and any(
                one.seen > since and not one.ended and (mark == MORE or about(one.labels))  # of `MORE` nobody knows
                for mark, one in known[0].alerts.items()
            )

        return Step(domain, work, Alerts(goes_on, told_since))

    def look(
        self, key: str, group: Group, leaf: Leaf, work: Work, told: Iterable[Heard] = ()
    ) -> tuple[list[Response], list[Notice]]:
        """A group was looked at, or told: what is to be done about it, and whom to ask. `told`: which of its alerts were, just now."""
        domain = group.labels.get("domain", "")
        step = self.step(domain, work)
        self._proposing.hear(step, leaf.responses, key, told)
        sets = self._firing(group, leaf, work)
        if not sets.firing:
            self._proposing.over(step, leaf.responses, key)
        elif group.flushed:
            worst_first = sorted(sets.firing, key=lambda mark: -group.alerts[mark].count)
            self._proposing.consider(step, leaf.responses, key, [group.alerts[mark].labels for mark in worst_first])
        return step.told, list(self._asked(step, key, group, leaf, sets))

    def deployed(self, batch: LogBatch, work: Work) -> None:
        """Deployments among what components made are remembered."""
        generation = batch.generation
        if generation is None:
            return
        for row in ((generation > 0) & (batch.column("event_name") == DEPLOYMENT)).arg_true():
            one = batch.gather(pl.Series([row]))
            names = ("logboom.deployment.id", "service.version", "deployment.environment.name")
            id_, version, environment = (one.attribute_text(name)[0] or "" for name in names)
            service = one.attribute_text("service.name")[0] or one.resource_attribute_text("service.name")[0] or ""
            at = min(one.column("time_unix_nano")[0], work.now_unix_nano)
            book = Book(work.state(one.column("domain")[0] or ""))
            book.note_deployment(id_, service, environment, version, at)

    def tick(self, due: Due, work: Work) -> Step:
        """A time of ours has come."""
        step = self.step(due.domain, work)
        self._machine.due(step, due.name)
        return step

    def takes(self, name: str) -> bool:
        """Whether a command is about responses."""
        return self._orders.takes(name)

    def command(self, command: Command, work: Work) -> tuple[Applied | Refused, Step]:
        """A person, or an exporter, says something."""
        step = self.step(command.domain, work)
        return self._orders.carry_out(command, step), step

    def _firing(self, group: Group, leaf: Leaf, work: Work) -> Sets:
        if leaf.silent(work.now_unix_nano):
            return Sets(set(), set())
        return self._flusher.sets(group, leaf, work)

    def _asked(self, step: Step, key: str, group: Group, leaf: Leaf, sets: Sets) -> Iterator[Notice]:
        """One message to each of the route, about all that waits."""
        group.asked += [one.id for one in step.asking]
        for exporter in leaf.exporters if step.asking else ():
            yield self._flusher.notify(key, group, leaf, exporter, Reason.APPROVAL, sets, step.work)


def emit(work: Work, told: Sequence[Response], parents: Sequence[int] | None = None) -> None:
    """Each as an event of its state; `parents`: the position of what each was made of."""
    by_state: defaultdict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(told):
        by_state[one.state].append(at)
    for state, places in by_state.items():
        of = None if parents is None else pl.Series([parents[at] for at in places], dtype=pl.UInt32)
        work.emit(f"{EVENTS}{state}", batch_of([told[at] for at in places], work.now_unix_nano), parents=of)


def breaker_labels(domain: str, breaker: Breaker) -> dict[str, str]:
    """Of the alert that a breaker is open."""
    of_place: Mapping[str, str] = {
        name: breaker.labels[name] for name in ("service", "environment") if breaker.labels.get(name)
    }
    said = {"domain": domain, "level": "critical", "rule": BREAKER, "action": f"{breaker.exporter} {breaker.target}"}
    return {**said, **of_place}


def apart(leaf: Leaf) -> Leaf:
    """A route for the alert of a breaker: a group of its own, told at once, about which nothing is done."""
    return replace(
        leaf, responses=(), group_by=leaf.group_by if leaf.group_by == ALL else (*leaf.group_by, "rule", "action")
    )


def breaker_text(domain: str, breaker: Breaker) -> str:
    """It in a line, with what closes it."""
    return (
        f"response {breaker.name} did not help: nothing more is done to {breaker.target} until a person says so: "
        f"logboom responses reset {breaker.exporter} {breaker.target} --domain {domain}"
    )
