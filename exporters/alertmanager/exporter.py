"""Notices to Alertmanager: their alerts, to each server of a cluster. An alert is known by its labels, so repeating costs nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from collector.component import Context
from collector.notices.http_messenger import HttpMessenger
from collector.notices.messenger import Message, Names
from collector.notices.pace import Pace
from collector.outcomes import Ok, Verdict
from collector.transport.acceptance import Acceptance
from collector.transport.http_answers import verdict
from exporters.alertmanager.alerts import alerts, written
from exporters.alertmanager.config import AlertmanagerConfig
from exporters.alertmanager.memory import memory_of, over, remembered

TAKEN = Acceptance("Alertmanager", frozenset({200, 202}))


class AlertmanagerExporter(HttpMessenger):
    """Hands alerts on."""

    def __init__(self, config: AlertmanagerConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config

    async def tell(self, message: Message) -> Names | Verdict:
        """All servers, or again: those that have it lose nothing by hearing it twice."""
        now = datetime.now(UTC)
        said, moment = alerts(message.notice, self._config.labels, self._config.lasts, now), written(now)
        ended = [] if message.notice.truncated else over(remembered(message.names), said, moment)
        for address in self._config.addresses:
            found = verdict(await self.post(address, [*said, *ended]), taken=TAKEN)
            if not isinstance(found, Ok):
                return found
        return memory_of(said, moment)
