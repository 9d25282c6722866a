"""Logs over HTTP from senders without an SDK: JSON in the shapes that they have."""

from collector.component import Factory, Kind
from collector.receivers.json.config import JsonReceiverConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="json",
    config=JsonReceiverConfig,
    behaviour="collector.receivers.json.receiver:JsonReceiver",
    summary="Receives logs over HTTP as JSON: loggers, agents, Loki, Datadog, GELF, Cloudflare, webhooks.",
)
