"""A ticket for each group: find, then comment, reopen or close, else create. Never two.

What is remembered comes first, then the destination's own list, by a key that is made of the group. A call that creates and has no answer may have
been carried out, and lists lag: nothing is created until a list has had time to show what was created before (`settles_secs`), neither
behind such a call nor in the first moments of a process, whose predecessor may have died in the middle.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Protocol

from collector.component import Context
from collector.notices.http_messenger import HttpMessenger
from collector.notices.messenger import Message, Names
from collector.notices.notice import Notice
from collector.notices.pace import Pace
from collector.outcomes import Blocked, Reject, Retry, Split, Verdict
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.http_answers import verdict
from collector.transport.http_client import HttpAnswer
from collector.transport.http_client_config import HttpClientConfig

_GONE = frozenset({404, 410})


class Refused(Exception):
    """A call was not taken; what that means."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Ticket:
    """One as the destination has it.

    Args:
        names: by which it is found again.
        closed: when; None: it is open, or nobody says.
        unwanted: people closed it and want to hear no more of it.
        final: it cannot be opened again.
    """

    names: Names
    open: bool
    closed: datetime | None = None
    unwanted: bool = False
    final: bool = False


class Rules(Protocol):
    """The options of tickets."""

    @property
    def reopen_within(self) -> float: ...
    @property
    def on_resolve(self) -> str: ...


class Ticketing(HttpMessenger):
    """Base of such exporters. `settles_secs`: after so long the destination's list shows what was created."""

    settles_secs: ClassVar[float] = 10.0

    def __init__(
        self, config: HttpClientConfig, rules: Rules, context: Context, pace: Pace, timeout_secs: float
    ) -> None:
        super().__init__(config, context, pace, timeout_secs)
        self._rules = rules
        self._created: dict[str, float] = {}
        self._began: float | None = None

    async def look(self, names: Names) -> Ticket | None:
        """The ticket of that name; None = there is none."""
        raise NotImplementedError

    async def find(self, notice: Notice) -> Ticket | None:
        """The newest ticket of the group in the destination's list."""
        raise NotImplementedError

    async def create(self, notice: Notice, before: Ticket | None) -> Names:
        """A new one; `before` is one that was closed too long ago."""
        raise NotImplementedError

    async def comment(self, ticket: Ticket, notice: Notice) -> None:
        """What happened."""
        raise NotImplementedError

    async def reopen(self, ticket: Ticket) -> None:
        """It is not over."""
        raise NotImplementedError

    async def close(self, ticket: Ticket, notice: Notice) -> None:
        """It is over."""
        raise NotImplementedError

    async def tell(self, message: Message) -> Names | Verdict:
        """Bring the ticket in step."""
        try:
            ticket = await self._known(message)
            if message.notice.status == "resolved":
                return await self._over(message, ticket)
            return await self._on(message, ticket)
        except Refused as refused:
            return refused.verdict

    async def _known(self, message: Message) -> Ticket | None:
        ticket = await self.look(message.names) if message.names else None
        return ticket if ticket is not None else await self.find(message.notice)

    async def _over(self, message: Message, ticket: Ticket | None) -> Names:
        """A group without a ticket, or with a closed one, is over there as well."""
        if ticket is None:
            return {}
        if ticket.open and self._rules.on_resolve != "nothing":
            await self.comment(ticket, message.notice)
            if self._rules.on_resolve == "close":
                await self.close(ticket, message.notice)
        return ticket.names

    async def _on(self, message: Message, ticket: Ticket | None) -> Names | Verdict:
        if ticket is None or not (ticket.open or ticket.unwanted or self._recent(ticket)):
            return await self._new(message, ticket)
        if ticket.unwanted:
            return ticket.names
        if not ticket.open:
            await self.reopen(ticket)
        if message.before is not None or not ticket.open:  # else it is the one that was made for this very message
            await self.comment(ticket, message.notice)
        return ticket.names

    def _recent(self, ticket: Ticket) -> bool:
        if ticket.final:
            return False
        since = timedelta(seconds=self._rules.reopen_within)
        return ticket.closed is None or datetime.now(UTC) - ticket.closed <= since

    async def _new(self, message: Message, before: Ticket | None) -> Names | Verdict:
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        made = self._created.get(message.notice.group, self._began)
        if now < made + self.settles_secs:
            return Retry(
                "a ticket may have been made that is not in the list yet", after_secs=made + self.settles_secs - now
            )
        self._created = {key: at for key, at in self._created.items() if now < at + self.settles_secs}
        try:
            return await self.create(message.notice, before)
        except Exception as error:
            if not isinstance(error, Refused) or isinstance(error.verdict, Retry):  # 5xx: it may have been carried out
                self._created[message.notice.group] = asyncio.get_running_loop().time()
            raise


def checked(answer: HttpAnswer, who: str, said: str = "") -> HttpAnswer:
    """An answer that means yes. Raises `Refused`."""
    found = verdict(answer, said, Acceptance(who, says_so=_json))
    if isinstance(found, Retry | Split | Blocked | Reject):
        raise Refused(found)
    return answer


def missing(answer: HttpAnswer) -> bool:
    """What was asked for is not there."""
    return answer.status in _GONE


def moment(text: object) -> datetime | None:
    """A time of an answer; None when it is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def label(notice: Notice) -> str:
    """The key of a group, as a label."""
    return f"logboom-{notice.group[:16]}"


def issue_label(notice: Notice) -> str:
    """The issue that a notice is about, as a label: what people do with the ticket is done with it (receiver `hooks`). Empty where it is about
    none, or several."""
    issues = {alert.labels.get("issue", "") for alert in notice.alerts} | {notice.labels.get("issue", "")}
    issues.discard("")
    return f"logboom-issue-{issues.pop()}" if len(issues) == 1 and not notice.truncated else ""


def labels(notice: Notice) -> list[str]:
    """Both, those that there are."""
    return [label(notice), *filter(None, [issue_label(notice)])]


def _json(answer: HttpAnswer) -> bool:
    return answer.body.lstrip()[:1] == b"[" or json_without_error(answer)
