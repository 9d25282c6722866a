"""Notices as issues on GitHub.

Source: GitHub, REST API, "Issues", "Rate limits for the REST API". Labels are silently left out for tokens that may not set them: so the key stands
in the body as well, and is searched for there.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson

from collector.component import Context
from collector.notices.http_messenger import fields
from collector.notices.messenger import Names
from collector.notices.notice import Notice
from collector.notices.pace import Pace
from collector.notices.tickets import Refused, Ticket, Ticketing, checked, label, labels, missing, moment
from collector.notices.wording import shortened, title
from collector.outcomes import Retry
from collector.transport.http_answers import retry_after_secs
from collector.transport.http_client import HttpAnswer
from exporters.github.config import GithubConfig
from exporters.github.markdown import TITLE, body, remark

_LIMITED = frozenset({403, 429})
_MINUTE = 60.0


class GithubExporter(Ticketing):
    """Keeps an issue in step with its group. Remembers its number."""

    settles_secs = 15.0

    def __init__(self, config: GithubConfig, context: Context) -> None:
        super().__init__(config, config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config
        self._headers = {
            "Authorization": f"Bearer {config.token.get_secret_value()}", "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28", "Content-Type": "application/json",
        }  # fmt: skip

    async def look(self, names: Names) -> Ticket | None:
        """By its number."""
        if "number" not in names:
            return None
        answer = await self.call("GET", f"{self._config.address}/{names['number']}", None, self._headers)
        return None if missing(answer) else _ticket(fields(_taken(answer)))

    async def find(self, notice: Notice) -> Ticket | None:
        """By its label, else by the key in its body."""
        query = urlencode({"labels": label(notice), "state": "all", "per_page": "1"})
        found = orjson.loads(
            _taken(await self.call("GET", f"{self._config.address}?{query}", None, self._headers)).body
        )
        if not found:
            search = urlencode(
                {"q": f'"{label(notice)}" in:body is:issue repo:{self._config.repository}', "per_page": "1"}
            )
            url = f"{self._config.endpoint.rstrip('/')}/search/issues?{search}"
            found = fields(_taken(await self.call("GET", url, None, self._headers))).get("items")
        return _ticket(found[0]) if isinstance(found, list) and found else None

    async def create(self, notice: Notice, before: Ticket | None) -> Names:
        """A new issue."""
        said = {
            "title": shortened(title(notice), TITLE), "body": body(notice, before.names.get("number", "") if before else ""),
            "labels": [*labels(notice), *self._config.labels],
        }  # fmt: skip
        return _ticket(fields(_taken(await self.post(self._config.address, said, self._headers)))).names

    async def comment(self, ticket: Ticket, notice: Notice) -> None:
        """One more comment."""
        url = f"{self._config.address}/{ticket.names['number']}/comments"
        _taken(await self.post(url, {"body": remark(notice)}, self._headers))

    async def reopen(self, ticket: Ticket) -> None:
        """Open again."""
        await self._state(ticket, state="open", state_reason="reopened")

    async def close(self, ticket: Ticket, notice: Notice) -> None:
        """Done."""
        del notice
        await self._state(ticket, state="closed", state_reason="completed")

    async def _state(self, ticket: Ticket, **state: str) -> None:
        url = f"{self._config.address}/{ticket.names['number']}"
        _taken(await self.call("PATCH", url, orjson.dumps(state), self._headers))


def _ticket(issue: dict[str, Any]) -> Ticket:
    return Ticket(
        {"number": str(issue.get("number", ""))}, issue.get("state") == "open", moment(issue.get("closed_at")),
        unwanted=issue.get("state") == "closed" and issue.get("state_reason") == "not_planned",
    )  # fmt: skip


def _taken(answer: HttpAnswer) -> HttpAnswer:
    """Rate limits are 403 as well as 429."""
    if answer.status in _LIMITED and (
        "Retry-After" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    ):
        raise Refused(
            Retry(
                "GitHub says that these are too many calls",
                after_secs=retry_after_secs(answer) or _MINUTE,
                throttled=True,
            )
        )
    return checked(answer, "GitHub")
