"""Options of the `otlp_grpc` (`otlp`) exporter."""

from __future__ import annotations

from collector.delivery.config import DeliveryConfig
from collector.transport.grpc_client_config import GrpcClientConfig


class OtlpConfig(GrpcClientConfig, DeliveryConfig):
    """A gRPC client and delivery."""
