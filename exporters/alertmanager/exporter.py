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
from exporters.alertmanager.alerts import alerts
from exporters.alertmanager.config import AlertmanagerConfig

TAKEN = Acceptance("Alertmanager", frozenset({200, 202}))


class AlertmanagerExporter(HttpMessenger):
    """Hands alerts on."""

    def __init__(self, config: AlertmanagerConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config

    async def tell(self, message: Message) -> Names | Verdict:
        """All servers, or again: those that have it lose nothing by hearing it twice."""
        said = alerts(message.notice, self._config.labels, self._config.lasts, datetime.now(UTC))
        for address in self._config.addresses:
            found = verdict(await self.post(address, said), taken=TAKEN)
            if not isinstance(found, Ok):
                return found
        return {"told": "1"}
