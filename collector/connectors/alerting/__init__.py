"""Tells people: groups what triage and issues found, and says who is to hear of it, when, and once."""

from collector.component import Factory, Figure, Kind
from collector.connectors.alerting.config import AlertingConfig
from collector.connectors.alerting.words import ACKNOWLEDGE, RESOLVE, SILENCE, TEST, UNACKNOWLEDGE, UNSILENCE
from collector.responses.words import OF_RESPONSES

FACTORY = Factory(
    kind=Kind.CONNECTOR,
    name="alerting",
    config=AlertingConfig,
    behaviour="collector.connectors.alerting.connector:Alerting",
    summary="groups alerts, and tells people once: routes, silences, inhibition, escalation, digests",
    stability="beta",
    figures=(
        Figure(
            "alert_groups",
            ("state",),
            "{groups}",
            "Groups of alerts that are remembered: firing, acknowledged, or over.",
        ),
        Figure(
            "alert_notifications",
            ("exporter", "reason"),
            "{notifications}",
            "Notifications that were decided: to which exporter, and why now.",
            grows=True,
        ),
    ),
    takes_commands=(ACKNOWLEDGE, UNACKNOWLEDGE, RESOLVE, SILENCE, UNSILENCE, TEST, *OF_RESPONSES),
    passes_records=False,
)
