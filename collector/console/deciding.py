"""What people decide about alerts: words of forms and of the API, as commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collector.alert_commands import (
    ACKNOWLEDGE,
    GROUP,
    MATCHERS,
    RESOLVE,
    SECONDS,
    SILENCE,
    SILENCE_ID,
    UNACKNOWLEDGE,
    UNSILENCE,
)
from collector.console.refusal import Refused
from collector.control.record import Value
from collector.matchers import parse
from collector.moments import seconds
from collector.responses.words import APPROVE, DENY, ID


@dataclass(frozen=True, slots=True)
class Decision:
    """A kind of them. `subject`: the attribute that says about what."""

    command: str
    subject: str
    done: str


DECISIONS: Mapping[str, Decision] = {
    "acknowledge": Decision(ACKNOWLEDGE, GROUP, "Acknowledged: its escalation rests."),
    "unacknowledge": Decision(UNACKNOWLEDGE, GROUP, "Taken back: its escalation goes on."),
    "resolve": Decision(RESOLVE, GROUP, "Resolved: those who were told of it hear that."),
    "unsilence": Decision(UNSILENCE, SILENCE_ID, "The silence is over."),
    "approve": Decision(APPROVE, ID, "Approved: it begins when all guards agree once more."),
    "deny": Decision(DENY, ID, "Denied: it is not done."),
}
SILENCED = "Silenced: alerts with these labels are kept back."
SILENCE_COMMAND = SILENCE


def silence_of(matchers: str, lasts: str) -> dict[str, Value]:
    """Attributes of the command. Raises `Refused` (400)."""
    try:
        text = "{" + ", ".join(str(each) for each in parse(matchers)) + "}"
        return {MATCHERS: text, SECONDS: float(seconds(lasts))}
    except ValueError as problem:
        raise Refused(400, str(problem)) from problem
