"""What people say of a group: acknowledged or not any more, over, to be quiet about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.alert_commands import ACKNOWLEDGE, AS_OF, GROUP, ISSUES, MATCHERS, RESOLVE, SILENCE, UNACKNOWLEDGE
from collector.component import Applied, Command, Refused, State, Work
from collector.connectors.alerting.group import Group
from collector.connectors.alerting.groups import GROUP as NAME
from collector.connectors.alerting.inhibition import Inhibition
from collector.connectors.alerting.routes import NANOS
from collector.matchers import matcher

_SHORTEST = 16
_LONGEST = 32
_MOST_ISSUES = 20


def about_a_group(command: Command) -> bool:
    """Whether it says something of a group."""
    return command.name in (ACKNOWLEDGE, UNACKNOWLEDGE, RESOLVE) or (
        command.name == SILENCE and MATCHERS not in command.attributes and GROUP in command.attributes
    )


def whole_id(state: State, command: Command) -> str:
    """The group's id: tickets carry only how it begins."""
    said = str(command.attributes.get(GROUP, ""))
    if not _SHORTEST <= len(said) < _LONGEST:
        return said
    found = [name.decode().removeprefix(NAME) for name, _ in state.scan(f"{NAME}{said}".encode())]
    return found[0] if len(found) == 1 else said


def acknowledge(command: Command, key: str, group: Group, ack_timeout: float) -> Applied:
    """Its escalation rests."""
    group.chain.acknowledged_until = _done_at(command) + round(ack_timeout * NANOS)
    group.chain.by = command.who
    return _told(key, group, {"logboom.alert.acknowledged_until": group.chain.acknowledged_until})


def unacknowledge(key: str, group: Group, now: int) -> Applied:
    """Its escalation goes on where it rested."""
    if group.chain.acknowledged_until > now:
        group.chain.acknowledged_until = now
        group.chain.due = now if group.chain.due else 0
    return _told(key, group, {})


def resolve(command: Command, key: str, group: Group, inhibition: Inhibition, work: Work) -> Applied:
    """Its alerts that had begun by then are over; what was said before cannot bring them back."""
    state, now = work.state(command.domain), work.now_unix_nano
    group.chain.closed = max(group.chain.closed, _done_at(command))
    for alert in group.alerts.values():
        if not alert.ended and alert.since <= group.chain.closed:
            alert.ended = f"resolved by {command.who or 'somebody'}"
            inhibition.tell(alert.labels, 0, state)
    if group.alerts:
        group.due = min(group.due, now)
    return _told(key, group, {})


def silence_of(command: Command, group: Group) -> Command | Refused:
    """The silence of what its alerts have in common."""
    shared = set(group.labels.items())
    sets = [set(alert.labels.items()) for alert in group.alerts.values()]
    shared |= set.intersection(*sets) if sets else set()
    matchers = [str(matcher(name, "=", value)) for name, value in sorted(shared) if name != "domain"]
    if not matchers:
        return Refused("the alerts of this group have nothing in common: name them with matchers")
    said = {**command.attributes, MATCHERS: ", ".join(matchers)}
    return Command(command.id, command.name, command.domain, command.who, command.why, said, command.received_unix_nano)


def _done_at(command: Command) -> int:
    """When somebody did it elsewhere, ns; never later than we heard of it."""
    said = command.attributes.get(AS_OF, 0)
    at = said if isinstance(said, int) else 0
    return min(at or command.received_unix_nano, command.received_unix_nano)


def _told(key: str, group: Group, more: Mapping[str, int]) -> Applied:
    said: dict[str, str | int | float | bool] = {GROUP: key, **more}
    if issues := issues_of(group):
        said[ISSUES] = ",".join(issues)
    return Applied(said)


def issues_of(group: Group) -> Sequence[str]:
    """The issues of its alerts, those of what it is grouped by first."""
    found = [group.labels.get("issue"), *(alert.labels.get("issue") for alert in group.alerts.values())]
    return list(dict.fromkeys(issue for issue in found if issue))[:_MOST_ISSUES]
