"""What comes next for a group of alerts: who acknowledged it and until when, or who is told when nobody does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.alert_commands import ACKNOWLEDGE, GROUP, RESOLVE, UNACKNOWLEDGE
from collector.connectors.alerting.config import AlertingConfig, EscalationConfig
from collector.connectors.alerting.decision import Reason
from collector.connectors.alerting.routes import Leaf, Routes
from collector.query.told import DECIDED, ESCALATED
from collector.store.reading import Readable

_NANO = 10**9
_HOLDS_SECS = 3600.0
"""An acknowledgement, where no escalation says how long."""
_UNTIL = "logboom.alert.acknowledged_until"


@dataclass(frozen=True, slots=True)
class Next:
    """Who is told, and when; `again`: of the same, because it goes on."""

    exporters: Sequence[str]
    at_unix_nano: int
    again: bool = False


def acknowledgements(
    connection: Readable, domains: Iterable[str], options: AlertingConfig | None
) -> dict[tuple[str, str], dict[str, Any]]:
    """(domain, group) → `who` and `until_unix_nano`, of those that hold."""
    now, found = time.time_ns(), dict[tuple[str, str], dict[str, Any]]()
    since = now - round(_longest(options) * _NANO)
    for domain in domains:
        for _, who, name, became in connection.execute(DECIDED, (domain, since)):
            said = _object(became)
            place = domain, str(said.get(GROUP, ""))
            if name == ACKNOWLEDGE and isinstance(said.get(_UNTIL), int) and said[_UNTIL] > now:
                found[place] = {"who": who, "until_unix_nano": said[_UNTIL]}
            elif name in (UNACKNOWLEDGE, RESOLVE):
                found.pop(place, None)
    return found


def next_told(connection: Readable, group: Mapping[str, Any], routes: Routes | None) -> Next | None:
    """The next step of its escalation, else its repetition; None: nobody knows, or nobody is told."""
    leaf = _leaf(group, routes) if routes is not None else None
    if leaf is None or routes is None:
        return None
    if (escalation := routes.escalations.get(leaf.escalation)) is not None:
        step = _step(connection, group, escalation)
        if step is not None:
            return step
    last = max((each["time_unix_nano"] for each in group["told"] if each["exporter"] in leaf.exporters), default=0)
    return Next(leaf.exporters, last + leaf.repeat, again=True) if last else None


def _step(connection: Readable, group: Mapping[str, Any], escalation: EscalationConfig) -> Next | None:
    place = group["domain"], group["group_id"]
    first, told = next(iter(connection.execute(ESCALATED, (str(Reason.ESCALATION), *place, *place))))
    done, at = 0, 0
    while first and at < told:
        at += len(escalation.steps[done % len(escalation.steps)].notify)
        done += 1
    if not first or escalation.over(done):
        return None
    step = escalation.steps[done % len(escalation.steps)]
    return Next(step.notify, first + round(escalation.after(done) * _NANO))


def _leaf(group: Mapping[str, Any], routes: Routes) -> Leaf | None:
    """The route that it came by; None: none, or several that are not the same."""
    receivers = {each["receiver"] for each in group["told"]}
    labels = {"level": group["level"] or "", **{name: str(value) for name, value in group["labels"].items()}}
    found = [leaf for leaf in routes.taking(labels) if leaf.receiver in receivers]
    found = found or [leaf for leaf in routes.leaves if leaf.receiver in receivers]
    alike = {(leaf.escalation, leaf.repeat, tuple(leaf.exporters)) for leaf in found}
    return found[0] if len(alike) == 1 else None


def _longest(options: AlertingConfig | None) -> float:
    held = [each.ack_timeout for each in options.escalations.values()] if options is not None else []
    return max([_HOLDS_SECS, *held])


def _object(text: Any) -> dict[str, Any]:
    try:
        said = json.loads(text or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
