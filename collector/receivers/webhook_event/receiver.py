"""The `webhook_event` receiver: its listener, and its life."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.http_receiver import HttpReceiver
from collector.receivers.webhook_event.config import WebhookEventConfig
from collector.receivers.webhook_event.http_app import WebhookEventHttpApp
from collector.transport.auth import server_authenticator


class WebhookEventReceiver(HttpReceiver):
    """One listener for one kind of webhook."""

    def __init__(self, config: WebhookEventConfig, context: Context) -> None:
        super().__init__(
            context.id,
            "webhook_event",
            config,
            server_authenticator(config.auth, context),
            lambda entrance, turns: WebhookEventHttpApp(config, entrance, turns, context.id),
        )
