"""`/hooks/servicenow`: what people did with an incident, as a business rule of the instance tells it (README.md has the script).

Source: ServiceNow, "Incident state model": 1 new, 2 in progress, 3 on hold, 6 resolved, 7 closed, 8 cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.receivers.hooks.hook import Hook
from collector.receivers.hooks.signatures import check_own
from collector.receivers.hooks.state_hook import StateHook, keys_in, moment, text, whole_group
from collector.receivers.hooks.states import Change, State

_OPEN, _OVER = ("1", "2", "3"), ("6", "7", "8")
_STATES: Mapping[str, State] = {
    "1": State.UNACKNOWLEDGED, "2": State.ACKNOWLEDGED, "3": State.ACKNOWLEDGED, "6": State.RESOLVED, "7": State.RESOLVED,
    "8": State.UNWANTED,
}  # fmt: skip


class ServicenowHook(StateHook):
    """`correlation_id` is the group, `correlation_display` may name the issue."""

    vendor = "servicenow"

    def check(self, hook: Hook) -> None:
        """By `X-Logboom-Token`."""
        check_own(self._secrets, hook.header)

    def change(self, said: Mapping[str, Any]) -> Change | None:
        """Of a state before and after, or of an assignment."""
        before, now = (str(said.get(name, "")) for name in ("previous_state", "state"))
        group, who = whole_group(text(said, "correlation_id")), text(said, "sys_updated_by")
        state = _state(before, now) if now != before else State.ASSIGNED if "assigned_to" in said else None
        if state is None or not group or self.is_ours(who):
            return None
        _, issue = keys_in([text(said, "correlation_display")])
        assignee = text(said, "assigned_to") if state is State.ASSIGNED else ""
        return Change(state, group, moment(said.get("sys_updated_on")), who, issue, assignee, text(said, "number"))


def _state(before: str, now: str) -> State | None:
    if before in _OVER and now in _OPEN:
        return State.REOPENED
    if (before, now) == ("6", "7"):  # the instance closes what was resolved, days later
        return None
    return _STATES.get(now)
