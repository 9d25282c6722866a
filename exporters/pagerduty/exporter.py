"""Notices to PagerDuty: an incident for each group. The group is the key by which PagerDuty knows it again, so repeating costs nothing."""

from __future__ import annotations

from collector.component import Context
from collector.notices.http_messenger import HttpMessenger, fields, simplified, word
from collector.notices.messenger import Message, Names
from collector.notices.pace import Pace
from collector.outcomes import Ok, Verdict
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.http_answers import verdict
from collector.transport.http_client import HttpAnswer
from exporters.pagerduty.config import PagerdutyConfig
from exporters.pagerduty.event import acknowledges, events

TAKEN = Acceptance("PagerDuty", frozenset({200, 202}), says_so=json_without_error)
_FORM = frozenset({400, 413})


class PagerdutyExporter(HttpMessenger):
    """Triggers and resolves."""

    def __init__(self, config: PagerdutyConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config

    async def tell(self, message: Message) -> Names | Verdict:
        """One event; that it is acknowledged is another."""
        config = self._config
        key = config.routing_key.get_secret_value()
        said = events(message.notice, key, config.client)
        found = _verdict(await simplified(lambda each: self.post(config.address, each), said, _refused))
        if isinstance(found, Ok) and message.notice.acknowledged:
            found = _verdict(await self.post(config.address, acknowledges(message.notice, key)))
        return {"key": message.notice.group} if isinstance(found, Ok) else found


def _verdict(answer: HttpAnswer) -> Verdict:
    return verdict(answer, word(fields(answer).get("status")), TAKEN)


def _refused(answer: HttpAnswer) -> bool:
    return answer.status in _FORM
