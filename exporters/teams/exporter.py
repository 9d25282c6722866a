"""Notices to Microsoft Teams: a card each time; a flow cannot change what it posted."""

from __future__ import annotations

import re
from dataclasses import replace

from collector.component import Context
from collector.notices.http_messenger import HttpMessenger, simplified
from collector.notices.links import links
from collector.notices.messenger import Message, Names
from collector.notices.pace import Pace
from collector.outcomes import Ok, Verdict
from collector.transport.acceptance import Acceptance
from collector.transport.http_answers import verdict
from collector.transport.http_client import HttpAnswer
from exporters.teams.adaptive import line, messages
from exporters.teams.config import TeamsConfig

TAKEN = Acceptance("Microsoft Teams", frozenset({200, 202, 204}))
_FORM = frozenset({400, 413})
_SAID = re.compile(rb"HTTP error (\d{3})")


class TeamsExporter(HttpMessenger):
    """Tells people in a channel."""

    def __init__(self, config: TeamsConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config
        self._id, self._signer = context.id, context.links

    async def tell(self, message: Message) -> Names | Verdict:
        """Post it. What is over and was never told is a line."""
        notice = message.notice
        forms = [line(notice)] if message.unknown_end else messages(notice, links(notice, self._signer, self._id))
        answer = meant(await simplified(lambda each: self.post(self._config.address, each), forms, _refused))
        found = verdict(answer, taken=TAKEN)
        return {"told": "1"} if isinstance(found, Ok) else found


def _refused(answer: HttpAnswer) -> bool:
    return meant(answer).status in _FORM


def meant(answer: HttpAnswer) -> HttpAnswer:
    """Webhooks of old answer 200 and say in words what happened behind them."""
    said = _SAID.search(answer.body) if answer.status == 200 else None
    return replace(answer, status=int(said.group(1))) if said else answer
