"""Notices to Slack.

A webhook: a message each time. A bot: the first message of a group is its head, kept up to date; what happens is told in its thread, so that a
channel shows a line for each group. A head that is gone is made anew, and so is that of a group that comes back after it was over.

Slack knows no key, so each message of a bot carries group and sequence as metadata. What may have been said already, by a process that died of it or
in a call without an answer, is looked for before it is said again.
"""

from __future__ import annotations

import time
from typing import Any

from collector.component import Context
from collector.notices import Notice
from collector.notices.http_messenger import JSON, HttpMessenger, fields, simplified
from collector.notices.links import links
from collector.notices.messenger import Message, Names
from collector.notices.pace import Pace
from collector.outcomes import Ok, Verdict
from collector.transport.http_client import HttpAnswer
from exporters.slack.answers import gone, refused_form, verdict
from exporters.slack.blocks import Said, line, words
from exporters.slack.config import SlackConfig
from exporters.slack.history import Posted, found, marks, query

_HEIR_NANOS = 3600 * 10**9


class SlackExporter(HttpMessenger):
    """Tells people in a channel. Remembers the head of each group: `channel` and `ts`."""

    def __init__(self, config: SlackConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config
        self._id, self._signer = context.id, context.links
        self._webhook = config.url.get_secret_value()
        token = config.token.get_secret_value()
        self._headers = {**JSON, "Authorization": f"Bearer {token}"} if token else JSON

    async def tell(self, message: Message) -> Names | Verdict:
        """Post it, or bring the head up to date and tell its thread."""
        head, listed = self._head(message), None
        maybe = self.tried(message) and not self._webhook
        if head is None and not self._webhook and (maybe or self._heir(message)):
            listed = await self._listed(message)
            if isinstance(listed, Posted):
                if listed.sequence == message.notice.sequence:
                    return listed.names
                head = listed.names if self._config.update else None
            elif listed is not None and maybe:
                return listed
        if head is not None:
            told = await self._story(message, head, maybe=maybe)
            if told is not None:
                return head if isinstance(told, Ok) else told
        answer = await self._said("chat.postMessage", self._shown(message), **self._to(message))
        came = verdict(answer)
        return _names(answer) if isinstance(came, Ok) else came

    def _heir(self, message: Message) -> bool:
        """Whether a process before this one may have posted the head of this group, and died of it: nothing is remembered then."""
        return message.before is None and time.time_ns() - self._born < _HEIR_NANOS

    def _head(self, message: Message) -> Names | None:
        """What is kept up to date, if there is something and it goes on."""
        goes_on = message.before is not None and message.before.status != "resolved"
        return message.names if self._config.update and goes_on and "ts" in message.names else None

    async def _story(self, message: Message, head: Names, *, maybe: bool) -> Verdict | None:
        """The head first: it may be changed as often as need be. None: it is gone."""
        answer = await self._said("chat.update", self._words(message.notice), **head)
        if gone(answer) or not isinstance(verdict(answer), Ok):
            return None if gone(answer) else verdict(answer)
        listed = await self._listed(message, head["ts"]) if maybe else None
        if isinstance(listed, Posted) and listed.sequence == message.notice.sequence:
            return Ok()
        if listed is not None and not isinstance(listed, Posted):
            return listed
        where = {**self._to(message), "channel": head["channel"], "thread_ts": head["ts"]}
        answer = await self._said("chat.postMessage", [line(message.notice)], **where)
        return None if gone(answer) else verdict(answer)

    async def _listed(self, message: Message, thread: str = "") -> Posted | Verdict | None:
        """What the channel, or a thread of it, has of the group already."""
        channel = message.names.get("channel") or self._config.channel
        url = f"{self._config.address}/{query(message, channel, thread)}"
        return found(await self.call("GET", url, None, self._headers), message, channel)

    def _to(self, message: Message) -> dict[str, Any]:
        """Of a bot: where to, and by what it is found again."""
        return {"channel": self._config.channel, **marks(message)}

    def _shown(self, message: Message) -> Any:
        """What is over, and was never told, is a line."""
        return [line(message.notice)] if message.unknown_end else self._words(message.notice)

    def _words(self, notice: Notice) -> Any:
        found = links(notice, self._signer, self._id)
        return words(notice, found, hands_back=self._config.buttons == "actions")

    async def _said(self, method: str, forms: Any, **where: Any) -> HttpAnswer:
        url = self._webhook or f"{self._config.address}/{method}"

        async def say(said: Said) -> HttpAnswer:
            body = {key: value for key, value in said.items() if method != "chat.update" or "unfurl" not in key}
            return await self.post(url, body if self._webhook else {**body, **where}, self._headers)

        return await simplified(say, forms, refused_form)


def _names(answer: HttpAnswer) -> Names:
    found = fields(answer)
    return {name: str(found[name]) for name in ("channel", "ts") if found.get(name)}
