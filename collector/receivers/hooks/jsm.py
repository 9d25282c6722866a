"""`/hooks/jsm`: what people did with an alert of Jira Service Management or Opsgenie, as their outgoing webhooks tell it.

Source: Opsgenie, "Webhook integration: payloads". They sign nothing: a header of the integration holds the secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.receivers.hooks.hook import Hook
from collector.receivers.hooks.signatures import check_own
from collector.receivers.hooks.state_hook import StateHook, moment, part, text, whole_group
from collector.receivers.hooks.states import Change, State

_STATES: Mapping[str, State] = {
    "Acknowledge": State.ACKNOWLEDGED, "UnAcknowledge": State.UNACKNOWLEDGED, "AssignOwnership": State.ASSIGNED,
    "TakeOwnership": State.ASSIGNED, "Close": State.RESOLVED,
}  # fmt: skip
_API = "api"


class JsmHook(StateHook):
    """An alert's alias is the group. What came through the API is our own call that comes back."""

    vendor = "jsm"

    def check(self, hook: Hook) -> None:
        """By `X-Logboom-Token`."""
        check_own(self._secrets, hook.header)

    def change(self, said: Mapping[str, Any]) -> Change | None:
        """Of `action` and `alert`."""
        state, alert = _STATES.get(text(said, "action")), part(said, "alert")
        group, who = whole_group(text(alert, "alias")), text(alert, "username")
        by_api = text(part(said, "source"), "type").lower() == _API
        if state is None or not group or by_api or self.is_ours(who, text(alert, "userId")):
            return None
        assignee = text(alert, "owner") or who if state is State.ASSIGNED else ""
        at = moment(alert.get("updatedAt") or alert.get("createdAt"))
        return Change(state, group, at, who, assignee=assignee, where=text(alert, "tinyId"))
