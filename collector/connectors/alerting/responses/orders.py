"""What people say of responses, and what exporters ask and tell. Each command is carried out once; what is refused says why."""

from __future__ import annotations

from collections.abc import Callable

from collector.component import Applied, Command, Refused
from collector.connectors.alerting.responses.machine import ACT_WITHIN, NO_WORD, UNANSWERED, WORD_WITHIN, Machine
from collector.connectors.alerting.responses.step import Step
from collector.responses import words
from collector.responses.response import Response, State

_MOST_TEXT = 2000


class Orders:
    """Of one configuration."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._handlers: dict[str, Callable[[Command, Step], Applied | Refused]] = {
            words.APPROVE: self._approve, words.DENY: self._deny, words.STOP: self._stop, words.RESUME: self._resume,
            words.RESET: self._reset, words.CLAIM: self._claim, words.REPORT: self._report,
        }  # fmt: skip

    def takes(self, name: str) -> bool:
        """Whether a command is about responses."""
        return name in self._handlers

    def carry_out(self, command: Command, step: Step) -> Applied | Refused:
        """See the module."""
        return self._handlers[command.name](command, step)

    def _approve(self, command: Command, step: Step) -> Applied | Refused:
        one = _waiting(command, step)
        if isinstance(one, Refused):
            return one
        if step.now >= one.expires:
            step.move(one, State.EXPIRED, UNANSWERED)
            return Refused(f"{one.name} is over: {one.reason}")
        if not self._machine.goes_on(step, one):
            step.move(one, State.EXPIRED, "the alert is over, or is kept back")
            return Refused(f"{one.name} is not needed any more: {one.reason}")
        if reason := self._machine.against(step, one):
            return Refused(f"{one.name} may not begin now: {reason}")
        one.who, one.why = command.who, command.why[:_MOST_TEXT]
        self._machine.begin(step, one)
        return _snapshot(one)

    def _deny(self, command: Command, step: Step) -> Applied | Refused:
        one = _waiting(command, step)
        if isinstance(one, Refused):
            return one
        one.who, one.why = command.who, command.why[:_MOST_TEXT]
        step.move(one, State.DENIED, one.why)
        return _snapshot(one)

    def _stop(self, command: Command, step: Step) -> Applied | Refused:
        overall = step.book.overall
        overall.stopped = command.who or "somebody"
        step.book.overall = overall
        return Applied({"logboom.response.stopped": overall.stopped})

    def _resume(self, command: Command, step: Step) -> Applied | Refused:
        del command
        overall = step.book.overall
        if not overall.stopped:
            return Refused("responses are not stopped")
        overall.stopped = ""
        step.book.overall = overall
        return Applied({"logboom.response.stopped": ""})

    def _reset(self, command: Command, step: Step) -> Applied | Refused:
        exporter, target = (str(command.attributes.get(name, "")) for name in (words.EXPORTER, words.TARGET))
        history = step.book.history(exporter, target)
        if not history.breaker:
            return Refused(f"no breaker of {exporter} on {target} is open in {command.domain}")
        step.close(exporter, target, history)
        return Applied({words.EXPORTER: exporter, words.TARGET: target})

    def _claim(self, command: Command, step: Step) -> Applied | Refused:
        """May it be done now? Another process that was told yes may have died: only what does nothing more the second time is done again."""
        one = _known(command, step)
        if isinstance(one, Refused):
            return one
        attempt = str(command.attributes.get(words.ATTEMPT, ""))
        if one.state != State.STARTED or not attempt:
            return Refused(f"{one.name} is {one.state.replace('_', ' ')}")
        if one.attempt and one.attempt != attempt and not command.attributes.get(words.REPEATABLE):
            self._machine.failed(step, one, "a process ended while it acted: whether it was done is not known")
            return Refused(one.reason)
        if reason := self._late(step, one):
            self._machine.failed(step, one, reason) if one.attempt else step.move(one, State.EXPIRED, reason)
            return Refused(reason)
        one.attempt = attempt
        step.move(one, State.STARTED, f"{command.who} acts", due=one.started + WORD_WITHIN, tell=False)
        return _snapshot(one)

    def _late(self, step: Step, one: Response) -> str:
        """What speaks against it at the last moment. Once somebody has begun, the end of the alert may be what came of it."""
        if step.now > one.started + (WORD_WITHIN if one.attempt else ACT_WITHIN):
            return "it was started too long ago"
        overall = step.book.overall
        if not self._machine.limits.enabled or overall.stopped:
            return f"responses were stopped by {overall.stopped or 'the configuration'}"
        if one.attempt:
            return self._machine.unsaid(one)
        if not self._machine.goes_on(step, one):
            return "the alert is over, or is kept back"
        return self._machine.against(step, one)

    def _report(self, command: Command, step: Step) -> Applied | Refused:
        one = _known(command, step)
        if isinstance(one, Refused):
            return one
        said = {
            name: str(command.attributes.get(name, ""))[:_MOST_TEXT]
            for name in (words.STATE, words.REASON, words.WAS, words.BECAME)
        }
        awaited = one.state == State.STARTED or (one.state == State.FAILED and one.reason == NO_WORD)
        if not awaited or not one.attempt or one.attempt != command.attributes.get(words.ATTEMPT):
            return Refused(f"{one.name} is {one.state.replace('_', ' ')}, and nobody is to report on it")
        one.was, one.became = said[words.WAS], said[words.BECAME]
        if said[words.STATE] == State.DONE:
            self._machine.done(step, one, said[words.REASON])
        elif one.state == State.STARTED:
            self._machine.failed(step, one, said[words.REASON])
        return _snapshot(one)


def _known(command: Command, step: Step) -> Response | Refused:
    id_ = str(command.attributes.get(words.ID, ""))
    one = step.book.response(id_)
    return one if one is not None else Refused(f"there is no response {id_[:64]!r} in {command.domain}")


def _waiting(command: Command, step: Step) -> Response | Refused:
    one = _known(command, step)
    if isinstance(one, Response) and one.state != State.PROPOSED:
        return Refused(f"{one.name} does not wait for anybody: it is {one.state.replace('_', ' ')}")
    return one


def _snapshot(one: Response) -> Applied:
    return Applied(
        {words.ID: one.id, words.STATE: str(one.state), "logboom.response.name": one.name, words.TARGET: one.target}
    )
