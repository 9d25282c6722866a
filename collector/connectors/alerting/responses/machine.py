"""Starting and judging. Every function takes part in one `Step`; what it decides commits with the records that it was decided on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.connectors.alerting.responses import guards
from collector.connectors.alerting.responses.book import BREAKER, FRESH_NANOS, RESPONSE, mark, place
from collector.connectors.alerting.responses.config import ResponseConfig, ResponseLimitsConfig
from collector.connectors.alerting.responses.guards import HOUR, NANOS, Facts
from collector.connectors.alerting.responses.step import About, Step, over
from collector.responses.response import Response, State

ACT_WITHIN = FRESH_NANOS
"""How long after it was started an exporter may begin."""
WORD_WITHIN = 900 * NANOS
"""How long after it began an exporter has to say what came of it."""
NO_WORD = "nobody said what came of it: whether it was done is not known"
UNANSWERED = "nobody approved it in time"
LATE = "nobody carried it out in time"


@dataclass(frozen=True, slots=True)
class Machine:
    """Of one configuration. `connector`: its id."""

    connector: str
    configs: Mapping[str, ResponseConfig]
    limits: ResponseLimitsConfig

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

    def unsaid(self, one: Response) -> str:
        """What of it the configuration does not say any more; empty: nothing."""
        config = self.configs.get(one.name)
        gone = config is None or config.exporter != one.exporter or one.target not in config.all_targets
        if config is None or gone or not config.serves(one.domain):
            return "the configuration does not say so any more"
        return "the configuration says `dry_run` now" if config.dry_run and not one.dry_run else ""

    def against(self, step: Step, one: Response) -> str:
        """What speaks against beginning it now, but for what it counted itself when it was started; empty: nothing."""
        if reason := self.unsaid(one):
            return reason
        config = self.configs[one.name]
        facts = self.facts(step, config, one.target, one.group, one.labels).without(one)
        if (held := guards.to_begin(config, self.limits, facts)) is not None:
            return held.sentence
        newer = one.deployment and (facts.deployed is None or facts.deployed.id != one.deployment)
        return "something newer was deployed" if newer else ""

    def goes_on(self, step: Step, one: Response) -> bool:
        """Whether an alert about its target does, kept back by nothing."""
        return step.alerts.goes_on(one.group, self._about(one))

    def told(self, step: Step, config: ResponseConfig, target: str, group: str, since: int) -> int:
        """How many instances told a group's alerts about a target lately."""
        of, unnamed = mark(config.exporter, target), config.min_instances == 1
        return step.book.instances(group, of, step.now, since, unnamed=unnamed)

    def _about(self, one: Response) -> About:
        config = self.configs.get(one.name)
        if config is None or one.target not in config.all_targets:
            return lambda _: True
        return lambda labels: config.target_of(labels) == one.target

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
            step.move(one, State.EXPIRED, UNANSWERED)
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
        if step.alerts.told_since(one.group, (one.done + step.now) // 2, self._about(one)):
            step.move(one, State.DID_NOT_HELP, "the alert went on")
            self._count_against(step, one)
        else:
            step.move(one, State.HELPED)

    def _count_against(self, step: Step, one: Response) -> None:
        config = self.configs.get(one.name)
        if config is not None and not one.dry_run:
            step.count_against(one, config.breaker_after, round(config.breaker_window * NANOS))

    def facts(
        self,
        step: Step,
        config: ResponseConfig,
        target: str,
        group: str,
        labels: Mapping[str, str],
        busy: Sequence[str] = (),
    ) -> Facts:
        """What guards look at; `busy`: targets of the response that are under way or cool down."""
        book, now = step.book, step.now
        history = book.history(config.exporter, target)
        told = self.told(step, config, target, group, history.ended)
        others = sum(other != target for other in busy)
        deployed = book.deployed(*place(labels), exactly=config.rollback_within > 0)
        return Facts(now, history, book.overall, others, told, deployed)
