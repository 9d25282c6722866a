"""The options of the `loki` receiver: its protocols, and whose time a record has."""

from __future__ import annotations

from typing import ClassVar

from collector.ingress.protocols_config import ProtocolsBlock, ProtocolsConfig
from collector.transport.grpc_server_config import GrpcServerConfig
from collector.transport.http_server_config import HttpServerConfig

PUSH_PATH = "/loki/api/v1/push"
PUSH_METHOD = "/logproto.Pusher/Push"


class LokiGrpcConfig(GrpcServerConfig):
    """The `grpc:` block."""

    endpoint: str = "localhost:3600"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""


class LokiHttpConfig(HttpServerConfig):
    """The `http:` block."""

    endpoint: str = "localhost:3500"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""


class LokiProtocols(ProtocolsBlock):
    """The `protocols:` block: only what is named listens."""

    grpc: LokiGrpcConfig | None = None
    """`logproto.Pusher/Push`; `grpc:` alone listens on localhost:3600."""
    http: LokiHttpConfig | None = None
    """`POST /loki/api/v1/push`; `http:` alone listens on localhost:3500."""


class LokiReceiverConfig(ProtocolsConfig):
    """Options of the `loki` receiver."""

    spoken: ClassVar[str] = "Loki"
    grpc_path: ClassVar[str] = PUSH_METHOD

    protocols: LokiProtocols = LokiProtocols()
    """Which protocols listen, and where."""
    use_incoming_timestamp: bool = False
    """A record has the time that its sender gives it; else the time at which it came."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may send logs, and that needs no warning; never with several domains."""

    def http_path(self) -> str:
        """See `ProtocolsConfig.http_path`."""
        return PUSH_PATH
