"""Proposing: a group goes on, and every guard lets something be done about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.connectors.alerting.responses import guards
from collector.connectors.alerting.responses.book import History, mark, response_id
from collector.connectors.alerting.responses.config import ResponseConfig
from collector.connectors.alerting.responses.guards import HOUR, NANOS, Facts, Held
from collector.connectors.alerting.responses.machine import Machine
from collector.connectors.alerting.responses.step import Step
from collector.responses.response import Response, State

Heard = tuple[Mapping[str, str], Iterable[str]]
"""The labels of an alert of a group, and the instances that told it."""
_QUIET = frozenset({"quorum", "nothing"})


@dataclass(frozen=True, slots=True)
class Proposing:
    """Of one configuration."""

    _machine: Machine

    def consider(self, step: Step, names: Sequence[str], group: str, firing: Sequence[Mapping[str, str]]) -> None:
        """A group goes on (labels of its alerts): propose what is to be done about it, unless a guard holds it back."""
        for name in self._serving(step, names):
            config = self._machine.configs[name]
            waiting = [
                (target, labels)
                for target, labels in self._targets(config, firing)
                if self._may_be_told(step, config, target, group)
            ]
            busy = self._busy(step, config) if waiting else []
            for target, labels in waiting:
                self._propose(step, name, target, group, labels, busy)

    def hear(self, step: Step, names: Sequence[str], group: str, told: Iterable[Heard]) -> None:
        """Some were told just now: it is noted for each target by itself."""
        configs = [self._machine.configs[name] for name in self._serving(step, names)]
        heard: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for labels, instances in told:
            for config in configs:
                if target := config.target_of(labels):
                    heard[mark(config.exporter, target)].update(dict.fromkeys(instances))
        for target, who in heard.items():
            if who:
                step.book.note_instances(group, target, who, step.now)

    def _serving(self, step: Step, names: Sequence[str]) -> list[str]:
        return [name for name in names if self._machine.configs[name].serves(step.domain)]

    def over(self, step: Step, names: Sequence[str], group: str) -> None:
        """A group does not go on any more: what nobody began is taken back."""
        for name in names:
            config = self._machine.configs[name]
            for target in config.all_targets:
                one = step.book.response(step.book.history(config.exporter, target).live)
                if one is not None and one.group == group and one.state == State.PROPOSED:
                    step.move(one, State.EXPIRED, "the alert is over, or is kept back")
        step.book.forget_instances(group)

    def _may_be_told(self, step: Step, config: ResponseConfig, target: str, group: str) -> bool:
        """Nothing is under way on the target, and enough told the group: what is as usual costs two looks."""
        history = step.book.history(config.exporter, target)
        told = self._machine.told(step, config, target, group, history.ended)
        return self._machine.limits.enabled and not history.live and told >= config.min_instances

    def _propose(
        self, step: Step, name: str, target: str, group: str, labels: Mapping[str, str], busy: list[str]
    ) -> None:
        config = self._machine.configs[name]
        facts = self._machine.facts(step, config, target, group, labels, busy)
        held = guards.to_propose(config, self._machine.limits, facts)
        one = self._new(step, name, target, group, labels, facts)
        if held is not None:
            self._hold(step, one, facts.history, held)
            return
        busy.append(target)
        facts.history.live = one.id
        step.book.keep_history(one.exporter, target, facts.history)
        step.move(one, State.PROPOSED, due=one.expires)
        if config.approval == "automatic":
            one.who = "the configuration"
            self._machine.begin(step, one)
        else:
            step.asking.append(one)

    @staticmethod
    def _hold(step: Step, one: Response, history: History, held: Held) -> None:
        """People are told once an hour of each guard that keeps something back, not of what is as usual."""
        hour = step.now // HOUR
        if held.guard in _QUIET or history.held.get(held.guard) == hour:
            return
        history.held[held.guard] = hour
        step.book.keep_history(one.exporter, one.target, history)
        step.hold(one, held.sentence)

    def _new(self, step: Step, name: str, target: str, group: str, labels: Mapping[str, str], facts: Facts) -> Response:
        config, now = self._machine.configs[name], step.now
        deployment = facts.deployed.id if config.rollback_within and facts.deployed else ""
        return Response(
            response_id(self._machine.connector, step.domain, name, target, group, now), name, config.exporter, target, step.domain, group,
            now, now + round(config.approval_timeout * NANOS), dict(labels), config.dry_run, facts.instances, deployment,
        )  # fmt: skip

    @staticmethod
    def _busy(step: Step, config: ResponseConfig) -> list[str]:
        """The targets of a response that are under way or cool down: looked up once, however many alerts there are."""
        if len(config.all_targets) == 1:
            return []
        cools, found = round(config.cooldown * NANOS), []
        for target in config.all_targets:
            one = step.book.history(config.exporter, target)
            if one.live or (one.ended > 0 and step.now < one.ended + cools):
                found.append(target)
        return found

    @staticmethod
    def _targets(
        config: ResponseConfig, firing: Sequence[Mapping[str, str]]
    ) -> Iterator[tuple[str, Mapping[str, str]]]:
        """What the alerts of a group are about, each once, with the labels of the first alert that says so."""
        if config.target:
            yield config.target, firing[0]
            return
        told: dict[str, Mapping[str, str]] = {}
        for labels in firing:
            if target := config.target_of(labels):
                told.setdefault(target, labels)
        yield from told.items()
