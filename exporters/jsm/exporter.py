"""Notices to Jira Service Management or Opsgenie: an alert for each group, whose alias it is, so that repeating costs nothing."""

from __future__ import annotations

from collector.component import Context
from collector.notices.http_messenger import JSON, HttpMessenger, fields, simplified
from collector.notices.messenger import Message, Names
from collector.notices.pace import Pace
from collector.notices.wording import short
from collector.outcomes import Ok, Verdict
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.http_answers import verdict
from collector.transport.http_client import HttpAnswer
from exporters.jsm.alert import alerts
from exporters.jsm.config import JsmConfig

TAKEN = Acceptance("Jira Service Management", frozenset({200, 202}), says_so=json_without_error)
_FORM = frozenset({400, 413, 422})
_UNKNOWN = 404


class JsmExporter(HttpMessenger):
    """Creates and closes."""

    def __init__(self, config: JsmConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config
        self._headers = {**JSON, "Authorization": f"GenieKey {config.key.get_secret_value()}"}

    async def tell(self, message: Message) -> Names | Verdict:
        """One call, and one that it is acknowledged. An alert that is unknown when it ends is over as well."""
        notice, known = message.notice, {"alias": message.notice.group}
        if notice.status == "resolved":
            url = f"{self._config.address}/{notice.group}/close?identifierType=alias"
            answer = await self.post(url, {"note": short(notice), "source": "logboom"}, self._headers)
            if answer.status == _UNKNOWN and fields(answer):
                return known
        else:
            said = alerts(notice, self._config.tags)
            answer = await simplified(lambda each: self.post(self._config.address, each, self._headers), said, _refused)
            if notice.acknowledged and isinstance(verdict(answer, taken=TAKEN), Ok):
                url = f"{self._config.address}/{notice.group}/acknowledge?identifierType=alias"
                answer = await self.post(url, {"note": short(notice), "source": "logboom"}, self._headers)
        found = verdict(answer, taken=TAKEN)
        return known if isinstance(found, Ok) else found


def _refused(answer: HttpAnswer) -> bool:
    return answer.status in _FORM
