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
from exporters.pagerduty.event import events

TAKEN = Acceptance("PagerDuty", frozenset({200, 202}), says_so=json_without_error)
_FORM = frozenset({400, 413})


class PagerdutyExporter(HttpMessenger):
    """Triggers and resolves."""

    def __init__(self, config: PagerdutyConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config

    async def tell(self, message: Message) -> Names | Verdict:
        """One event."""
        config = self._config
        said = events(message.notice, config.routing_key.get_secret_value(), config.client)
        answer = await simplified(lambda each: self.post(config.address, each), said, _refused)
        found = verdict(answer, word(fields(answer).get("status")), TAKEN)
        return {"key": message.notice.group} if isinstance(found, Ok) else found


def _refused(answer: HttpAnswer) -> bool:
    return answer.status in _FORM
