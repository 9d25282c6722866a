"""The options of the `otlp` receiver: otelcol's, with `allow_anonymous` added."""

from __future__ import annotations

import re
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.component import AckRule
from collector.ingress.protocols_config import ProtocolsBlock, ProtocolsConfig
from collector.transport.auth import authenticates
from collector.transport.grpc_server_config import GrpcServerConfig
from collector.transport.http_server_config import HttpServerConfig
from collector.units import Duration

GRPC_PATH = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")


class OtlpHttpConfig(HttpServerConfig):
    """The `http:` block: an HTTP listener, and the paths."""

    logs_url_path: str = "/v1/logs"
    """Where logs are posted to."""
    traces_url_path: str = "/v1/traces"
    """Where traces are posted to; answered with UNIMPLEMENTED where no pipeline carries them."""
    metrics_url_path: str = "/v1/metrics"
    """Where metrics are posted to; answered likewise."""

    @field_validator("logs_url_path", "traces_url_path", "metrics_url_path")
    @classmethod
    def _absolute(cls, value: str) -> str:
        path = value if value.startswith("/") else f"/{value}"
        if not _PATH.fullmatch(path):
            raise ValueError(f"invalid HTTP URL path {value!r}: write a path such as /v1/logs")
        return path


class Protocols(ProtocolsBlock):
    """The `protocols:` block: only what is named listens."""

    grpc: GrpcServerConfig | None = None
    """OTLP over gRPC; `grpc:` alone listens on localhost:4317."""
    http: OtlpHttpConfig | None = None
    """OTLP over HTTP; `http:` alone listens on localhost:4318."""


class OtlpReceiverConfig(ProtocolsConfig):
    """Options of the `otlp` receiver."""

    spoken: ClassVar[str] = "OTLP"
    grpc_path: ClassVar[str] = GRPC_PATH

    protocols: Protocols = Protocols()
    """Which protocols listen, and where."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may send logs, and that needs no warning; never with several domains."""
    trust_events: bool = False
    """Take the word of senders that are logboom themselves for which records their components made. Needs `auth` on each protocol."""

    ack: Literal["durable", "delivered"] = "durable"
    """When a sender is answered: when its request is on disk, or when exporters have what came of it (for disks that don't last)."""
    ack_exporters: list[str] = []
    """With `ack: delivered`: whose delivery counts; empty: that of all exporters of the pipelines that read this receiver."""
    ack_timeout: Duration = Field(20.0, gt=0, le=25)
    """With `ack: delivered`: after so long the sender is told to come again (503, UNAVAILABLE); the request is kept, and delivered."""

    def carries(self, signal: str) -> str:  # noqa: ARG002 - all that OTLP has
        """See `CarriesSignals`."""
        return ""

    def ack_rule(self) -> AckRule | None:
        """See `Acknowledging.ack_rule`."""
        return AckRule(tuple(self.ack_exporters), self.ack_timeout) if self.ack == "delivered" else None

    def http_path(self) -> str:
        """See `ProtocolsConfig.http_path`."""
        return self.protocols.http.logs_url_path if self.protocols.http is not None else ""

    @model_validator(mode="after")
    def _trusts_whom_it_knows(self) -> Self:
        unguarded = [name for name, block in self.protocols.blocks().items() if not authenticates(block)]
        if self.trust_events and unguarded:
            raise ValueError(
                f"trust_events needs to know who sends: write `auth: {{authenticator: …}}` under protocols.{unguarded[0]}"
            )
        return self
