"""Proposing, starting, judging. Every function takes part in one `Step`; what it decides commits with the records that it was decided on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.connectors.alerting.responses import guards
from collector.connectors.alerting.responses.book import BREAKER, FRESH_NANOS, RESPONSE, History, place, response_id
from collector.connectors.alerting.responses.config import ResponseConfig, ResponseLimitsConfig
from collector.connectors.alerting.responses.guards import HOUR, NANOS, Facts, Held
from collector.connectors.alerting.responses.step import Step, over
from collector.responses.response import Response, State

ACT_WITHIN = FRESH_NANOS
"""How long after it was started an exporter may begin."""
WORD_WITHIN = 900 * NANOS
"""How long after it began an exporter has to say what came of it."""
NO_WORD = "nobody said what came of it: whether it was done is not known"
LATE = "nobody carried it out in time"
_QUIET = frozenset({"quorum", "nothing"})


@dataclass(frozen=True, slots=True)
class Machine:
    """Of one configuration. `connector`: its id."""

    connector: str
    configs: Mapping[str, ResponseConfig]
    limits: ResponseLimitsConfig

    def consider(self, step: Step, names: Sequence[str], group: str, firing: Sequence[Mapping[str, str]]) -> None:
        """A group goes on (labels of its alerts): propose what is to be done about it, unless a guard holds it back."""
        for name in names:
            for target, labels in self._targets(self.configs[name], firing):
                self._propose(step, name, target, group, labels)

    def over(self, step: Step, names: Sequence[str], group: str) -> None:
        """A group does not go on any more: what nobody began is taken back."""
        for name in names:
            config = self.configs[name]
            for target in config.all_targets:
                one = step.book.response(step.book.history(config.exporter, target).live)
                if one is not None and one.group == group and one.state == State.PROPOSED:
                    step.move(one, State.EXPIRED, "the alert is over, or is kept back")
        step.book.forget_instances(group)

    def begin(self, step: Step, one: Response) -> None:
        """It was approved: hand it to its exporter."""
        history, overall = step.book.history(one.exporter, one.target), step.book.overall
        for times in (history.started, overall.started):
            times[:] = [at for at in times if at + HOUR > step.now] + [step.now]
        if one.deployment:
            history.taken_back.append(one.deployment)
        step.book.keep_history(one.exporter, one.target, history)
        step.book.overall = overall
        step.move(one, State.APPROVED)
        one.started = step.now
        step.move(one, State.STARTED, due=step.now + ACT_WITHIN)

    def against(self, step: Step, one: Response) -> str:
        """What speaks against beginning it now; empty: nothing."""
        config = self.configs.get(one.name)
        if config is None or config.exporter != one.exporter or one.target not in config.all_targets:
            return "the configuration does not say so any more"
        facts = self._facts(step, config, one.target, one.group, one.labels)
        if (held := guards.to_begin(config, self.limits, facts)) is not None:
            return held.sentence
        newer = one.deployment and (facts.deployed is None or facts.deployed.id != one.deployment)
        return "something newer was deployed" if newer else ""

    def due(self, step: Step, name: str) -> None:
        """A time has come: people are reminded of a breaker; or it is too late for a response, or it is to be judged or forgotten."""
        if name.startswith(BREAKER):
            history = step.book.history_of(name.removeprefix(BREAKER))
            if history.breaker:
                step.remind(history)
            return
        one = step.book.response(name.removeprefix(RESPONSE))
        if one is not None:
            self._due(step, one)

    def _due(self, step: Step, one: Response) -> None:
        if over(one):
            step.book.forget(one.id)
        elif one.state == State.PROPOSED:
            step.move(one, State.EXPIRED, "nobody approved it in time")
        elif one.state == State.STARTED:
            self.failed(step, one, NO_WORD) if one.attempt else step.move(one, State.EXPIRED, LATE)
        elif one.state == State.DONE:
            self._judge(step, one)

    def failed(self, step: Step, one: Response, reason: str) -> None:
        """It was not done, or nobody knows."""
        step.move(one, State.FAILED, reason)
        self._count_against(step, one)

    def done(self, step: Step, one: Response, note: str) -> None:
        """It was, or in a dry run could have been: then nothing is judged."""
        one.done = step.now
        verify = self.configs[one.name].verify_after if one.name in self.configs else 300.0
        step.move(one, State.DONE, note, due=step.now + round(verify * NANOS))

    def _judge(self, step: Step, one: Response) -> None:
        if step.alerts.told_since(one.group, (one.done + step.now) // 2):
            step.move(one, State.DID_NOT_HELP, "the alert went on")
            self._count_against(step, one)
        else:
            step.move(one, State.HELPED)

    def _count_against(self, step: Step, one: Response) -> None:
        config = self.configs.get(one.name)
        if config is not None and not one.dry_run:
            step.count_against(one, config.breaker_after, round(config.breaker_window * NANOS))

    def _propose(self, step: Step, name: str, target: str, group: str, labels: Mapping[str, str]) -> None:
        config = self.configs[name]
        facts = self._facts(step, config, target, group, labels)
        if facts.history.live or not self.limits.enabled:
            return
        held = guards.to_propose(config, self.limits, facts)
        one = self._new(step, name, target, group, labels, facts)
        if held is not None:
            self._hold(step, one, facts.history, held)
            return
        facts.history.live, facts.history.held = one.id, ""
        step.book.keep_history(one.exporter, target, facts.history)
        step.move(one, State.PROPOSED, due=one.expires)
        if config.approval == "automatic":
            one.who = "the configuration"
            self.begin(step, one)
        else:
            step.asking.append(one)

    @staticmethod
    def _hold(step: Step, one: Response, history: History, held: Held) -> None:
        """People are told once an hour of a guard that keeps something back, not of what is as usual."""
        told = f"{held.guard} {step.now // HOUR}"
        if held.guard in _QUIET or history.held == told:
            return
        history.held = told
        step.book.keep_history(one.exporter, one.target, history)
        step.move(one, State.HELD, held.sentence)

    def _new(self, step: Step, name: str, target: str, group: str, labels: Mapping[str, str], facts: Facts) -> Response:
        config, now = self.configs[name], step.now
        deployment = facts.deployed.id if config.rollback_within and facts.deployed else ""
        return Response(
            response_id(self.connector, step.domain, name, target, group, now), name, config.exporter, target, step.domain, group,
            now, now + round(config.approval_timeout * NANOS), dict(labels), config.dry_run, facts.instances, deployment,
        )  # fmt: skip

    def _facts(self, step: Step, config: ResponseConfig, target: str, group: str, labels: Mapping[str, str]) -> Facts:
        book, now = step.book, step.now
        others = (book.history(config.exporter, other) for other in config.all_targets if other != target)
        cools = round(config.cooldown * NANOS)
        busy = sum(bool(one.live) or (one.ended > 0 and now < one.ended + cools) for one in others)
        history = book.history(config.exporter, target)
        told = book.instances(group, now, history.ended)
        return Facts(now, history, book.overall, busy, told, book.deployed(*place(labels)))

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
            if target := config.targets.get(labels.get(config.by, "")):
                told.setdefault(target, labels)
        yield from told.items()
