"""Alertmanager's API v2: alerts of Prometheus, Loki, vmalert, which take the same ways as logboom's own."""

from collector.component import Factory, Kind
from collector.receivers.alertmanager.config import AlertmanagerReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="alertmanager",
    config=AlertmanagerReceiverConfig,
    behaviour="collector.receivers.alertmanager.receiver:AlertmanagerReceiver",
    summary="Takes alerts of Prometheus, Loki and vmalert by Alertmanager's API v2, for the connector `alerting`.",
)
