"""Options of the `otlp_grpc` (`otlp`) exporter."""

from __future__ import annotations

from collector.delivery.config import DeliveryConfig
from collector.transport.grpc_client_config import GrpcClientConfig
from collector.transport.tls import MOVED_TO_TLS


class OtlpConfig(GrpcClientConfig, DeliveryConfig):
    """A gRPC client and delivery."""

    former_names = MOVED_TO_TLS
    removed_options = {"batcher": "sending_queue.batch says how requests are cut"}

    def carries(self, signal: str) -> str:  # noqa: ARG002 - all alike
        """See `CarriesSignals`."""
        return ""
