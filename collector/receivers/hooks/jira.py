"""`/hooks/jira`: what people did with a ticket, as Jira's webhooks tell it.

Source: Atlassian, "Webhooks" (Jira Cloud platform): `jira:issue_updated`, `changelog`; "Secure admin webhooks".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from collector.receivers.hooks.hook import Hook
from collector.receivers.hooks.signatures import check_jira
from collector.receivers.hooks.state_hook import StateHook, items, keys_in, moment, part, text
from collector.receivers.hooks.states import Change, State

_UPDATED = "jira:issue_updated"
UNWANTED = ("won't do", "won't fix", "duplicate")


class JiraHook(StateHook):
    """A ticket's labels begin with the group. Of a status its category decides, for names are each team's own."""

    vendor = "jira"
    unwanted: Iterable[str] = UNWANTED

    def check(self, hook: Hook) -> None:
        """By `X-Hub-Signature`."""
        check_jira(self._secrets, hook.header, hook.body)

    def change(self, said: Mapping[str, Any]) -> Change | None:
        """Of `changelog`."""
        if text(said, "webhookEvent") != _UPDATED:
            return None
        issue, user = part(said, "issue"), part(said, "user")
        labels = part(issue, "fields").get("labels")
        group, named = keys_in([each for each in labels if isinstance(each, str)] if isinstance(labels, list) else [])
        by_us = self.is_ours(text(user, "accountId"), text(user, "emailAddress"), text(user, "displayName"))
        if by_us or not group:
            return None
        changed = {text(item, "field"): item for item in items(part(said, "changelog"), "items")}
        state = self._state(part(issue, "fields"), changed)
        if state is None:
            return None
        assignee = text(changed["assignee"], "toString") if state is State.ASSIGNED else ""
        who = text(user, "displayName") or text(user, "accountId")
        return Change(state, group, moment(said.get("timestamp")), who, named, assignee, text(issue, "key"))

    def _state(self, fields: Mapping[str, Any], changed: Mapping[str, Mapping[str, Any]]) -> State | None:
        if "status" not in changed:
            return State.ASSIGNED if "assignee" in changed else None
        category = text(part(fields, "status", "statusCategory"), "key")
        if category == "done":
            resolution = text(part(fields, "resolution"), "name").lower()
            return State.UNWANTED if resolution in self.unwanted else State.RESOLVED
        taken_back = changed.get("resolution")
        if taken_back is not None and not text(taken_back, "toString"):
            return State.REOPENED
        return State.ACKNOWLEDGED if category == "indeterminate" else State.UNACKNOWLEDGED
