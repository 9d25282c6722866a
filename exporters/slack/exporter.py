"""Notices to Slack.

A webhook: a message each time. A bot: the first message of a group is its head, kept up to date; what happens is told in its thread, so that a
channel shows a line for each group. A head that is gone is made anew, and so is that of a group that comes back after it was over.
"""

from __future__ import annotations

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


class SlackExporter(HttpMessenger):
    """Tells people in a channel. Remembers the head of each group: `channel` and `ts`."""

    def __init__(self, config: SlackConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config
        self._id, self._signer = context.id, context.links
        token = config.token.get_secret_value()
        self._headers = {**JSON, "Authorization": f"Bearer {token}"} if token else JSON

    async def tell(self, message: Message) -> Names | Verdict:
        """Post it, or bring the head up to date and tell its thread."""
        goes_on = message.before is not None and message.before.status != "resolved"
        head = dict(message.names) if self._config.update and goes_on and "ts" in message.names else None
        if head is not None:
            answer = await self._story(message, head)
            if not gone(answer):
                return head if isinstance(found := verdict(answer), Ok) else found
        answer = await self._said("chat.postMessage", self._shown(message), channel=self._config.channel)
        found = verdict(answer)
        return _names(answer) if isinstance(found, Ok) else found

    async def _story(self, message: Message, head: dict[str, str]) -> HttpAnswer:
        """The head first: it may be changed as often as need be."""
        answer = await self._said("chat.update", self._words(message.notice), **head)
        if not isinstance(verdict(answer), Ok):
            return answer
        return await self._said(
            "chat.postMessage", [line(message.notice)], channel=head["channel"], thread_ts=head["ts"]
        )

    def _shown(self, message: Message) -> Any:
        """What is over, and was never told, is a line."""
        return [line(message.notice)] if message.unknown_end else self._words(message.notice)

    def _words(self, notice: Notice) -> Any:
        found = links(notice, self._signer, self._id)
        return words(notice, found, hands_back=self._config.buttons == "actions")

    async def _said(self, method: str, forms: Any, **where: str) -> HttpAnswer:
        config = self._config
        webhook = config.url.get_secret_value()
        url = webhook or f"{config.address}/{method}"

        async def say(said: Said) -> HttpAnswer:
            body = {key: value for key, value in said.items() if method != "chat.update" or "unfurl" not in key}
            return await self.post(url, body if webhook else {**body, **where}, self._headers)

        return await simplified(say, forms, refused_form)


def _names(answer: HttpAnswer) -> Names:
    found = fields(answer)
    return {name: str(found[name]) for name in ("channel", "ts") if found.get(name)}
