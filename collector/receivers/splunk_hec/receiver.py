"""The `splunk_hec` receiver: its listener, and its life."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.http_receiver import HttpReceiver
from collector.receivers.splunk_hec.config import SplunkHecReceiverConfig
from collector.receivers.splunk_hec.http_app import SplunkHecHttpApp
from collector.transport.auth import server_authenticator


class SplunkHecReceiver(HttpReceiver):
    """One listener for events, text, health and acknowledgements."""

    def __init__(self, config: SplunkHecReceiverConfig, context: Context) -> None:
        super().__init__(
            context.id,
            "splunk_hec",
            config,
            server_authenticator(config.auth, context),
            lambda entrance, turns: SplunkHecHttpApp(config, entrance, turns),
        )
