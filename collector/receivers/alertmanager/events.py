"""Posted alerts as events, `logboom.alert.received`: what only this receiver can make of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from collector.alert_commands import ANNOTATIONS, ENDS, LABELS, RECEIVED
from collector.receivers.alertmanager.config import AlertmanagerReceiverConfig
from collector.receivers.alertmanager.posted import NAME, Posted
from collector.severity_words import number_of
from otlp_wire import Received, receive_json

_SEVERITY = {"critical": 21, "warning": 13, "info": 9, "debug": 5}
_TEXTS = ("summary", "title", "message", "description")
_WARNING = 13
_OURS = "logboom."
_MOST_BODY = 4096


class AlertsRead:
    """What becomes of the alerts of a request; for admission, which reads a body once.

    Args:
        alerts: those that are taken.
        now: when they came, ns.
    """

    def __init__(self, config: AlertmanagerReceiverConfig, alerts: Sequence[Posted], now: int) -> None:
        self._config, self._alerts, self._now = config, alerts, now

    def read(self, body: bytes) -> Received:
        """As one OTLP request."""
        del body
        resources: dict[str, list[dict[str, Any]]] = {}
        for alert in self._alerts:
            resources.setdefault(alert.first(self._config.service_labels), []).append(self._record(alert))
        found = [
            {
                "resource": {"attributes": _attributes({"service.name": service} if service else {})},
                "scopeLogs": [{"scope": {"name": "logboom"}, "logRecords": records}],
            }
            for service, records in resources.items()
        ]
        return receive_json(orjson.dumps({"resourceLogs": found}))

    def _record(self, alert: Posted) -> dict[str, Any]:
        word, number = severity(self._config, alert)
        name = alert.labels.get(NAME, "")
        text = next((alert.annotations[each] for each in _TEXTS if alert.annotations.get(each)), name or "alert")
        said: dict[str, str | int] = {key: value for key, value in alert.labels.items() if not key.startswith(_OURS)}
        said |= {
            LABELS: orjson.dumps(alert.labels).decode(), ANNOTATIONS: orjson.dumps(alert.annotations).decode(), ENDS: alert.ends,
            "logboom.triage.rule": name, "logboom.component": alert.labels.get("component", ""), "url.full": alert.url,
            "deployment.environment.name": alert.first(self._config.environment_labels),
        }  # fmt: skip
        return {
            "timeUnixNano": str(alert.starts), "observedTimeUnixNano": str(self._now), "severityNumber": number,
            "severityText": word, "eventName": RECEIVED, "body": {"stringValue": text[:_MOST_BODY]},
            "attributes": _attributes({key: value for key, value in said.items() if value != ""}),
        }  # fmt: skip


def severity(config: AlertmanagerReceiverConfig, alert: Posted) -> tuple[str, int]:
    """The word that an alert says, and the severity number that it means here."""
    word = alert.first(config.level_labels)
    level = config.severities.get(word)
    if level is not None:
        return word, _SEVERITY[level]
    return word, (number_of(word) if word else None) or _WARNING


def reader(config: AlertmanagerReceiverConfig, alerts: Sequence[Posted], now: int) -> Callable[[bytes], Received]:
    """For admission."""
    return AlertsRead(config, alerts, now).read


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()
    ]
