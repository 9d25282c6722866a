"""Webhooks of any system: what they post stays text."""

from collector.component import Factory, Kind
from collector.receivers.webhook_event.config import WebhookEventConfig

FACTORY = Factory(
    kind=Kind.RECEIVER,
    name="webhook_event",
    aliases=("webhookevent",),
    config=WebhookEventConfig,
    behaviour="collector.receivers.webhook_event.receiver:WebhookEventReceiver",
    summary="Receives webhooks: the body is a record, or one a line or JSON document.",
    differs=(
        "a request is answered when it is on disk",
        "headers that carry credentials never become attributes",
        "blank lines are no records, and what follows the last JSON document of a body is one",
    ),
)
