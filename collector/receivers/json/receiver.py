"""The `json` receiver: its listener, and its life."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.http_receiver import HttpReceiver
from collector.receivers.json.config import JsonReceiverConfig
from collector.receivers.json.http_app import JsonHttpApp
from collector.receivers.json.routes import routes
from collector.transport.auth import server_authenticator


class JsonReceiver(HttpReceiver):
    """One listener for all shapes; each path has a largest body of its own, the listener that of the largest."""

    def __init__(self, config: JsonReceiverConfig, context: Context) -> None:
        largest = max(route.max_bytes for route in routes(config).values())
        super().__init__(
            context.id,
            "json",
            config.model_copy(update={"max_request_body_size": largest}),
            server_authenticator(config.auth, context),
            lambda entrance, turns: JsonHttpApp(config, entrance, turns),
        )
