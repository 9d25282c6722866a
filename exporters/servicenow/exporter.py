"""Notices as incidents in ServiceNow. `correlation_id` is the group; nothing keeps it unique there, so looking comes first.

Source: ServiceNow, "Table API". A field that the account may not write vanishes under 201: the key is read back.
"""

from __future__ import annotations

import asyncio
import base64
import re
from typing import Any
from urllib.parse import urlencode

import orjson

from collector.component import Context
from collector.notices.http_messenger import JSON, fields
from collector.notices.inert import unlinked
from collector.notices.messenger import Names
from collector.notices.notice import Notice
from collector.notices.pace import Pace
from collector.notices.tickets import Refused, Ticket, Ticketing, checked, issue_label, missing, moment
from collector.notices.wording import plain, short, shortened, title
from collector.outcomes import Blocked
from collector.transport.http_client import HttpAnswer
from exporters.servicenow.config import ServicenowConfig

_SHORT, _ALL = 160, 8000
_FIELDS = "sys_id,state,correlation_id,resolved_at,closed_at"
_IN_PROGRESS, _RESOLVED, _CANCELLED, _FINAL = "2", "6", "8", frozenset({"7", "8"})
_CODE = re.compile(r"\[(?=\s*/?\s*code)", re.IGNORECASE)
_URGENCY = {"critical": "1", "warning": "2"}
_BARRED_SECS = 3600.0
_UNKEYED = Blocked("ServiceNow dropped correlation_id: the account must be allowed to write it")


class ServicenowExporter(Ticketing):
    """Keeps an incident in step with its group. Remembers its `sys_id`. What is closed (7) or cancelled (8) is final."""

    settles_secs = 10.0

    def __init__(self, config: ServicenowConfig, context: Context) -> None:
        super().__init__(config, config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config
        self._barred_until = 0.0
        self._headers = {**JSON, **_credential(config)}

    async def look(self, names: Names) -> Ticket | None:
        """By its `sys_id`."""
        if "sys_id" not in names:
            return None
        answer = await self.call(
            "GET", f"{self._one(names)}?{urlencode({'sysparm_fields': _FIELDS})}", None, self._headers
        )
        return None if missing(answer) else _usable(_ticket(fields(_taken(answer)).get("result")))

    async def find(self, notice: Notice) -> Ticket | None:
        """By the group: one that is not final."""
        query = urlencode({
            "sysparm_query": f"correlation_id={notice.group}^stateNOT IN7,8^ORDERBYDESCsys_created_on", "sysparm_limit": "1", "sysparm_fields": _FIELDS,
        })  # fmt: skip
        answer = await self.call("GET", f"{self._config.address}?{query}", None, self._headers)
        found = fields(_taken(answer)).get("result")
        return _usable(_ticket(found[0])) if isinstance(found, list) and found else None

    async def create(self, notice: Notice, before: Ticket | None) -> Names:
        """A new incident. Once the key was dropped, the next one is tried an hour later."""
        if asyncio.get_running_loop().time() < self._barred_until:
            raise Refused(_UNKEYED)
        urgency = _URGENCY.get(notice.level, "3")
        said = {
            **self._config.fields, "short_description": shortened(title(notice), _SHORT), "description": shortened(plain(notice), _ALL),
            "urgency": urgency, "impact": urgency, "correlation_id": notice.group, "correlation_display": issue_label(notice) or "logboom",
        }  # fmt: skip
        if self._config.assignment_group:
            said["assignment_group"] = self._config.assignment_group
        if before is not None:
            said["work_notes"] = f"Earlier: {before.names.get('sys_id', '')}"
        made = fields(_taken(await self.post(self._config.address, said, self._headers))).get("result") or {}
        if made.get("correlation_id") != notice.group:
            await self._withdrawn(made)
        return _ticket(made).names

    async def _withdrawn(self, made: dict[str, Any]) -> None:
        """Without its key it would not be found again, and each message could make one more: people must give the right to write it."""
        self._barred_until = asyncio.get_running_loop().time() + _BARRED_SECS
        if "sys_id" in made:
            await self._changed(
                _ticket(made), state=_CANCELLED, work_notes="logboom could not write correlation_id: cancelled"
            )
        raise Refused(_UNKEYED)

    async def comment(self, ticket: Ticket, notice: Notice) -> None:
        """A work note."""
        await self._changed(ticket, work_notes=_journal(f"{short(notice)} ({notice.reason})"))

    async def reopen(self, ticket: Ticket) -> None:
        """In progress again."""
        await self._changed(ticket, state=_IN_PROGRESS)

    async def close(self, ticket: Ticket, notice: Notice) -> None:
        """Resolved: the instance closes it later."""
        await self._changed(
            ticket, state=_RESOLVED, close_code=self._config.close_code, close_notes=_journal(short(notice))
        )

    async def _changed(self, ticket: Ticket, **values: str) -> None:
        _taken(await self.call("PATCH", self._one(ticket.names), orjson.dumps(values), self._headers))

    def _one(self, names: Names) -> str:
        return f"{self._config.address}/{names['sys_id']}"


def _credential(config: ServicenowConfig) -> dict[str, str]:
    if key := config.api_key.get_secret_value():
        return {"x-sn-apikey": key}
    if not config.username:
        return {}
    user = f"{config.username}:{config.password.get_secret_value()}"
    return {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}


def _ticket(found: Any) -> Ticket:
    row = found if isinstance(found, dict) else {}
    state = str(row.get("state", ""))
    closed = moment(row.get("resolved_at") or row.get("closed_at") or "")
    names = {"sys_id": str(row.get("sys_id", ""))}
    open_ = state != _RESOLVED and state not in _FINAL
    return Ticket(names, open_, closed, unwanted=state == _CANCELLED, final=state in _FINAL)


def _journal(text: str) -> str:
    """Plain text for a journal, in which `[code]` would begin HTML."""
    return _CODE.sub("[\u200b", unlinked(text))


def _usable(ticket: Ticket) -> Ticket | None:
    """One that has a name."""
    return ticket if ticket.names["sys_id"] else None


def _taken(answer: HttpAnswer) -> HttpAnswer:
    return checked(answer, "ServiceNow")
