"""`/hooks/pagerduty`: what people did with an incident, as V3 webhooks tell it.

Source: PagerDuty, "Webhooks Overview" (v3), "Verifying signatures".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.receivers.hooks.hook import Hook
from collector.receivers.hooks.signatures import check_pagerduty
from collector.receivers.hooks.state_hook import StateHook, moment, part, text, whole_group
from collector.receivers.hooks.states import Change, State

_STATES: Mapping[str, State] = {
    "incident.acknowledged": State.ACKNOWLEDGED, "incident.unacknowledged": State.UNACKNOWLEDGED,
    "incident.resolved": State.RESOLVED, "incident.reopened": State.REOPENED,
}  # fmt: skip
_PERSON = "user_reference"


class PagerdutyHook(StateHook):
    """An incident's key is the group. What no person did is our own event that comes back, but for an acknowledgement that ran out."""

    vendor = "pagerduty"

    def check(self, hook: Hook) -> None:
        """By `X-PagerDuty-Signature`."""
        check_pagerduty(self._secrets, hook.header, hook.body)

    def change(self, said: Mapping[str, Any]) -> Change | None:
        """Of `event`."""
        event = part(said, "event")
        state, agent, incident = _STATES.get(text(event, "event_type")), part(event, "agent"), part(event, "data")
        group = whole_group(text(incident, "incident_key"))
        by_person = text(agent, "type") == _PERSON and not self.is_ours(text(agent, "id"))
        if state is None or not group or not (by_person or state is State.UNACKNOWLEDGED):
            return None
        return Change(
            state, group, moment(event.get("occurred_at")), text(agent, "summary") or text(agent, "id"),
            where=text(incident, "html_url"),
        )  # fmt: skip
