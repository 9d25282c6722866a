"""Notices as tickets in Jira Cloud.

Source: Atlassian, "The Jira Cloud platform REST API" v3: issues, `search/jql`, transitions, comments.
"""

from __future__ import annotations

import base64
from typing import Any

from collector.component import Context
from collector.notices.http_messenger import JSON, fields, simplified
from collector.notices.messenger import Names
from collector.notices.notice import Notice
from collector.notices.pace import Pace
from collector.notices.tickets import Refused, Ticket, Ticketing, checked, label, labels, missing, moment
from collector.notices.wording import shortened, title
from collector.outcomes import Reject
from collector.transport.http_client import HttpAnswer
from exporters.jira.config import JiraConfig
from exporters.jira.document import described, plainly, remark

_SUMMARY = 250
_FORM = frozenset({400, 413})
_FIELDS = ("status", "resolution", "resolutiondate")
_DONE = "done"


class JiraExporter(Ticketing):
    """Keeps a ticket in step with its group. Remembers its key."""

    settles_secs = 45.0

    def __init__(self, config: JiraConfig, context: Context) -> None:
        super().__init__(config, config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config
        user = f"{config.email}:{config.token.get_secret_value()}"
        credential = base64.b64encode(user.encode()).decode()
        self._headers = {**JSON, "Authorization": f"Basic {credential}", "Accept-Language": "en"}

    async def look(self, names: Names) -> Ticket | None:
        """By its key."""
        if "key" not in names:
            return None
        url = f"{self._config.address}/issue/{names['key']}?fields={','.join(_FIELDS)}"
        answer = await self.call("GET", url, None, self._headers)
        return None if missing(answer) else self._ticket(fields(_taken(answer)))

    async def find(self, notice: Notice) -> Ticket | None:
        """By its label; the newest."""
        jql = f'project="{self._config.project}" AND labels="{label(notice)}" ORDER BY created DESC'
        said = {"jql": jql, "maxResults": 2, "fields": list(_FIELDS)}
        found = fields(_taken(await self.post(f"{self._config.address}/search/jql", said, self._headers))).get("issues")
        return self._ticket(found[0]) if isinstance(found, list) and found else None

    async def create(self, notice: Notice, before: Ticket | None) -> Names:
        """A new ticket; simpler where the project's screens or the document's form do not take it. Never without its label."""
        config = self._config
        plain = {
            "project": {"key": config.project}, "issuetype": {"name": config.issue_type}, "summary": shortened(title(notice), _SUMMARY),
            "labels": labels(notice), "description": plainly(notice),
        }  # fmt: skip
        earlier = before.names.get("key", "") if before else ""
        full: dict[str, Any] = {
            **plain,
            "description": described(notice, earlier),
            "labels": [*labels(notice), *config.labels],
        }
        if notice.level in config.priorities:
            full["priority"] = {"name": config.priorities[notice.level]}
        forms = [{"fields": full}, {"fields": plain}]
        answer = await simplified(
            lambda each: self.post(f"{config.address}/issue", each, self._headers), forms, _refused
        )
        return {"key": str(fields(_taken(answer)).get("key", ""))}

    async def comment(self, ticket: Ticket, notice: Notice) -> None:
        """One more comment."""
        url = f"{self._config.address}/issue/{ticket.names['key']}/comment"
        _taken(await self.post(url, {"body": remark(notice)}, self._headers))

    async def reopen(self, ticket: Ticket) -> None:
        """Into a status that is not done; where the workflow has no way, the comment has to do."""
        await self._move(ticket, self._config.reopen_transition, done=False)

    async def close(self, ticket: Ticket, notice: Notice) -> None:
        """Into a status that is done; where the workflow has no way, the comment has to do."""
        del notice
        await self._move(ticket, self._config.close_transition, done=True)

    async def _move(self, ticket: Ticket, wanted: str, *, done: bool) -> None:
        url = f"{self._config.address}/issue/{ticket.names['key']}/transitions"
        ways = fields(_taken(await self.call("GET", url, None, self._headers))).get("transitions", [])
        way = next((each for each in ways if _fits(each, wanted, done=done)), None)
        if way is None:
            return
        answer = await self.post(url, {"transition": {"id": way["id"]}}, self._headers)
        if answer.status not in _FORM:  # a field that the workflow asks for: people must
            _taken(answer)

    def _ticket(self, issue: dict[str, Any]) -> Ticket:
        found = issue.get("fields") or {}
        resolution = (found.get("resolution") or {}).get("name", "")
        open_ = ((found.get("status") or {}).get("statusCategory") or {}).get("key") != _DONE
        unwanted = not open_ and resolution in self._config.unwanted_resolutions
        return Ticket({"key": str(issue.get("key", ""))}, open_, moment(found.get("resolutiondate")), unwanted)


def _fits(way: dict[str, Any], wanted: str, *, done: bool) -> bool:
    if wanted:
        return wanted in (way.get("id"), way.get("name"))
    category = ((way.get("to") or {}).get("statusCategory") or {}).get("key")
    return (category == _DONE) == done


def _refused(answer: HttpAnswer) -> bool:
    return answer.status in _FORM


def _taken(answer: HttpAnswer) -> HttpAnswer:
    """400 names the fields that are not taken, whose names people need."""
    if answer.status in _FORM:
        named = ", ".join(sorted(name for name in fields(answer).get("errors") or {} if name.isidentifier()))
        raise Refused(Reject(f"Jira does not take it ({named or answer.status})"))
    return checked(answer, "Jira")
