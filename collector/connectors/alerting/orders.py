"""What people say: silences that begin and end; and the steps of an escalation, which go on until somebody acknowledges."""

from __future__ import annotations

from collector.alert_commands import STARTS
from collector.batch import LogBatch
from collector.component import Applied, Command, Refused, State, Work
from collector.connectors.alerting import silences
from collector.connectors.alerting.config import EscalationConfig
from collector.connectors.alerting.decision import Reason
from collector.connectors.alerting.flushing import Flusher
from collector.connectors.alerting.group import Group
from collector.connectors.alerting.routes import NANOS, Leaf
from collector.connectors.alerting.silences import Silence
from collector.connectors.alerting.words import ACKNOWLEDGE, SILENCE, SILENCED, UNSILENCE
from collector.matchers import parse
from collector.notices import Notice

__all__ = ["ACKNOWLEDGE", "SILENCE", "UNSILENCE", "carry_out", "next_step"]
_LONGEST_SECS = 366 * 24 * 3600


def carry_out(command: Command, work: Work) -> Applied | Refused:
    """A silence begins, or one ends."""
    state = work.state(command.domain)
    made = _silence(command) if command.name == SILENCE else _unsilence(command, state, work)
    if isinstance(made, Refused):
        return made
    if not silences.keep(state, made, work.now_unix_nano):
        return Refused(f"there are {silences.MOST} silences already")
    _tell(made, work)
    return Applied({"logboom.alert.silence": made.id, "logboom.alert.silence.ends": made.ends})


def _silence(command: Command) -> Silence | Refused:
    text = str(command.attributes.get("logboom.alert.matchers", ""))
    try:
        matchers = parse(text)
        seconds = float(command.attributes.get("logboom.alert.seconds", 0))
    except ValueError as problem:
        return Refused(str(problem))
    if not matchers:
        return Refused("a silence needs a matcher")
    if not 0 < seconds <= _LONGEST_SECS:
        return Refused("a silence lasts more than nothing and a year at most")
    starts = max(command.received_unix_nano, _number(command.attributes.get(STARTS)))
    if starts > command.received_unix_nano + _LONGEST_SECS * NANOS:
        return Refused("a silence begins within a year")
    return Silence(command.id[:40], matchers, starts, starts + round(seconds * NANOS), command.who, command.why)


def _number(given: object) -> int:
    return given if isinstance(given, int) else 0


def _unsilence(command: Command, state: State, work: Work) -> Silence | Refused:
    id_ = str(command.attributes.get("logboom.alert.silence", ""))
    known = next((one for one in silences.of(state).all if one.id == id_), None)
    if known is None or known.ends <= work.now_unix_nano:
        return Refused(f"there is no silence {id_!r} in {command.domain}")
    return Silence(known.id, known.matchers, known.starts, work.now_unix_nano, known.who, known.why)


def _tell(one: Silence, work: Work) -> None:
    columns = {
        "body": [f"silence {one.text} of {one.who or 'somebody'}: {one.why}"], "severity_number": [9],
        "time_unix_nano": [work.now_unix_nano],
    }  # fmt: skip
    said = {
        "logboom.alert.silence": one.id, "logboom.alert.matchers": one.text, "logboom.alert.silence.starts": one.starts,
        "logboom.alert.silence.ends": one.ends, "logboom.alert.silence.who": one.who, "logboom.alert.silence.why": one.why,
        "logboom.version": work.now_unix_nano // 1_000_000,
    }  # fmt: skip
    work.emit(
        SILENCED,
        LogBatch.of(columns, {key: [value] for key, value in said.items()}, {"service.name": "logboom"}, "logboom"),
    )


def next_step(
    key: str, group: Group, leaf: Leaf, escalation: EscalationConfig | None, flusher: Flusher, work: Work
) -> list[Notice]:
    """Tell those of the step that is due, and say when the next one is."""
    chain, now = group.chain, work.now_unix_nano
    if escalation is None or not any(alert.firing(now, leaf.resolve_after) for alert in group.alerts.values()):
        chain.due = chain.step = chain.began = 0
        return []
    if chain.acknowledged_until > now:
        chain.due = chain.acknowledged_until
        return []
    if chain.acknowledged_until:  # it was forgotten: the steps go on from here, as far apart as they are
        chain.began, chain.acknowledged_until = now - _since_began(escalation, chain.step), 0
    step = escalation.steps[chain.step % len(escalation.steps)]
    sets = flusher.sets(group, leaf, work)
    told = [flusher.notify(key, group, leaf, one, Reason.ESCALATION, sets, work) for one in step.notify]
    chain.step += 1
    chain.due = 0 if escalation.over(chain.step) else max(now, chain.began + _since_began(escalation, chain.step))
    return told


def _since_began(escalation: EscalationConfig, step: int) -> int:
    """When a step is due, in ns."""
    return round(escalation.after(step) * NANOS)
