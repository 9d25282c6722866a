"""The `alertmanager` receiver: its listener, and its life."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.http_receiver import HttpReceiver
from collector.receivers.alertmanager.config import AlertmanagerReceiverConfig
from collector.receivers.alertmanager.http_app import AlertmanagerHttpApp
from collector.transport.auth import server_authenticator


class AlertmanagerReceiver(HttpReceiver):
    """One listener for the API."""

    def __init__(self, config: AlertmanagerReceiverConfig, context: Context) -> None:
        super().__init__(
            context.id,
            "alertmanager",
            config,
            server_authenticator(config.auth, context),
            lambda entrance, turns: AlertmanagerHttpApp(config, entrance, turns, context.data_dir),
        )
