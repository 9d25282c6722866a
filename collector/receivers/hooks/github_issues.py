"""`/hooks/github`, event `issues`: what people did with a ticket.

Source: GitHub, "Webhook events and payloads": `issues`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.receivers.hooks.hook import Hook
from collector.receivers.hooks.signatures import check_github
from collector.receivers.hooks.state_hook import StateHook, items, keys_in, moment, part, text
from collector.receivers.hooks.states import Change, State

_STATES: Mapping[str, State] = {
    "closed": State.RESOLVED, "reopened": State.REOPENED, "assigned": State.ASSIGNED, "unassigned": State.ASSIGNED,
}  # fmt: skip
_UNWANTED = ("not_planned", "duplicate")
_TRUSTED = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


class GithubIssuesHook(StateHook):
    """An issue's label, or its text, begins with the group. Labels are set by people of the repository; a text counts where one of them, or we,
    wrote it: strangers open and close issues of their own with any text."""

    vendor = "github"

    def check(self, hook: Hook) -> None:
        """By `X-Hub-Signature-256`."""
        check_github(self._secrets, hook.header, hook.body)

    def change(self, said: Mapping[str, Any]) -> Change | None:
        """Of `action`."""
        state, issue, who = _STATES.get(text(said, "action")), part(said, "issue"), text(part(said, "sender"), "login")
        group, named = keys_in([*(text(each, "name") for each in items(issue, "labels")), self._trusted_body(issue)])
        if state is None or not group or self.is_ours(who):
            return None
        if state is State.RESOLVED and text(issue, "state_reason") in _UNWANTED:
            state = State.UNWANTED
        assignee = text(part(said, "assignee"), "login") if text(said, "action") == "assigned" else ""
        at = moment(issue.get("updated_at"))
        return Change(state, group, at, who, named, assignee, text(issue, "html_url"))

    def _trusted_body(self, issue: Mapping[str, Any]) -> str:
        ours = self.is_ours(text(part(issue, "user"), "login"))
        return text(issue, "body") if ours or text(issue, "author_association") in _TRUSTED else ""
