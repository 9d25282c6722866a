"""The `loki` receiver: its listeners, and their life."""

from __future__ import annotations

from functools import partial

from collector.component import Context
from collector.ingress.grpc_service import GrpcService
from collector.ingress.protocols_receiver import ProtocolsReceiver
from collector.receivers.loki.config import PUSH_METHOD, LokiReceiverConfig
from collector.receivers.loki.http_app import LokiHttpApp
from collector.receivers.loki.push import of_message


class LokiReceiver(ProtocolsReceiver):
    """Loki's push over gRPC and HTTP."""

    def __init__(self, config: LokiReceiverConfig, context: Context) -> None:
        keeps_time = config.use_incoming_timestamp
        http = config.protocols.http
        super().__init__(
            config.protocols, context,
            lambda entrance: GrpcService(entrance, PUSH_METHOD, partial(of_message, keeps_time=keeps_time)),
            lambda entrance, turns: LokiHttpApp(http, entrance, turns, keeps_time),  # type: ignore[arg-type]  # asked for where there is one
        )  # fmt: skip
