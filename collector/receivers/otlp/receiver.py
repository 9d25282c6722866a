"""The `otlp` receiver: its listeners, and their life."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.protocols_receiver import ProtocolsReceiver
from collector.receivers.otlp.config import OtlpReceiverConfig
from collector.receivers.otlp.grpc_service import ExportServices
from collector.receivers.otlp.http_app import OtlpHttpApp


class OtlpReceiver(ProtocolsReceiver):
    """OTLP over gRPC and HTTP."""

    def __init__(self, config: OtlpReceiverConfig, context: Context) -> None:
        http = config.protocols.http
        super().__init__(
            config.protocols, context, ExportServices,
            lambda entrance, turns: OtlpHttpApp(http, entrance, turns),  # type: ignore[arg-type]  # asked for where there is one
        )  # fmt: skip
