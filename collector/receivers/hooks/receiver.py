"""The `hooks` receiver: its listener, and its life."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.http_receiver import HttpReceiver
from collector.receivers.hooks.config import HooksConfig
from collector.receivers.hooks.http_app import HooksHttpApp
from collector.transport.auth import server_authenticator


class HooksReceiver(HttpReceiver):
    """One listener for all hooks, which hands over what it is told."""

    def __init__(self, config: HooksConfig, context: Context) -> None:
        super().__init__(
            context.id,
            "hooks",
            config,
            server_authenticator(config.auth, context),
            lambda entrance, turns: HooksHttpApp(config, entrance, turns, context.data_dir, context.links),
        )
