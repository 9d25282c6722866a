"""What people do about an alert or a ticket elsewhere, as commands: the same for each system that tells of it.

    acknowledged      its escalation rests, the issue is acknowledged
    unacknowledged    its escalation goes on
    assigned          as acknowledged; the issue is assigned
    resolved          the alert is over, the issue resolved
    unwanted          the alert is over, the issue archived until it escalates
    reopened          as unacknowledged; the issue is open again

The group's owner knows its issues and says them; a ticket may name its issue, too. A change of ours that comes back finds all as it is to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from collector.alert_commands import ACKNOWLEDGE, AS_OF, GROUP, ISSUES, RESOLVE, UNACKNOWLEDGE
from collector.control.command import command
from collector.control.record import ControlRecord, Unfit, Value, shortened
from collector.receivers.hooks.hook import BadHook, Hook, HookOrder
from collector.reserved import COMMANDS

_ISSUE = f"{COMMANDS}issue."
_MOST_NAME = 200
_NANOS = 1_000_000_000


class State(StrEnum):
    """What somebody did."""

    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    UNWANTED = "unwanted"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Change:
    """One of them, as a system tells it.

    Args:
        group: of the alert, or how its id begins.
        issue: id of the issue, where the ticket names it.
        at: when, Unix seconds.
        who: in whose name, as that system knows them.
        assignee: to whom; empty: to nobody.
        where: its name for the ticket or incident.
    """

    state: State
    group: str
    at: float
    who: str = ""
    issue: str = ""
    assignee: str = ""
    where: str = ""


_OF_ALERT: Mapping[State, str] = {
    State.ACKNOWLEDGED: ACKNOWLEDGE, State.UNACKNOWLEDGED: UNACKNOWLEDGE, State.ASSIGNED: ACKNOWLEDGE,
    State.RESOLVED: RESOLVE, State.UNWANTED: RESOLVE, State.REOPENED: UNACKNOWLEDGE,
}  # fmt: skip
_OF_ISSUE: Mapping[State, str] = {
    State.ACKNOWLEDGED: "acknowledge", State.ASSIGNED: "assign", State.RESOLVED: "resolve", State.UNWANTED: "archive",
    State.REOPENED: "unarchive",
}  # fmt: skip
"""An issue that is not acknowledged any more is as it was."""


def asked(change: Change, hook: Hook, vendor: str) -> HookOrder:
    """The commands of a change. Raises `BadHook`."""
    id_ = hook.id_of_body(f"{vendor} {change.state}")
    make = partial(_made, change, hook.domain, vendor)
    name = _OF_ALERT[change.state]
    if change.state is State.ASSIGNED and not change.assignee:
        name = UNACKNOWLEDGE
    said: dict[str, Value] = {GROUP: change.group, AS_OF: int(change.at * _NANOS)}
    then = partial(_of_issues, change, make, id_) if change.state in _OF_ISSUE else _nothing
    return HookOrder(make(name, said, id_), then, needs_answer=change.state in _OF_ISSUE and not change.issue)


def _nothing(answer: Mapping[str, Any]) -> Sequence[ControlRecord]:
    del answer
    return ()


def _of_issues(
    change: Change, make: Callable[[str, Mapping[str, Value], str], ControlRecord], id_: str, answer: Mapping[str, Any]
) -> Sequence[ControlRecord]:
    named = [change.issue, *str(answer.get(ISSUES, "")).split(",")]
    verb = _OF_ISSUE[change.state]
    more: dict[str, Value] = (
        {"logboom.issue.assignee": change.assignee[:_MOST_NAME]} if change.state is State.ASSIGNED else {}
    )
    return [
        make(f"{_ISSUE}{verb}", {"logboom.issue.id": issue, **more}, f"{id_}.{issue}"[:64])
        for issue in dict.fromkeys(named)
        if issue
    ]


def _made(change: Change, domain: str, vendor: str, name: str, said: Mapping[str, Value], id_: str) -> ControlRecord:
    who = f"{change.who[:_MOST_NAME]} ({vendor})" if change.who else vendor
    why = f"{change.state} in {vendor}" + (f": {change.where[:_MOST_NAME]}" if change.where else "")
    try:
        return command(name, domain, said, who=shortened(who), why=why, id_=id_)
    except Unfit as problem:
        raise BadHook("body", str(problem)) from None
