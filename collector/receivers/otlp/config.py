"""The options of the `otlp` receiver: otelcol's, with `allow_anonymous` added."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.component import AckRule, Config
from collector.transport.auth import authenticates
from collector.transport.block import Block
from collector.transport.endpoint import Endpoint
from collector.transport.grpc_server_config import GrpcServerConfig
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.probe import Probe
from collector.units import Duration

GRPC_PATH = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")


class OtlpHttpConfig(HttpServerConfig):
    """The `http:` block: an HTTP listener, and the paths."""

    logs_url_path: str = "/v1/logs"
    """Where logs are posted to."""
    traces_url_path: str = "/v1/traces"
    """Answered with UNIMPLEMENTED: logboom takes logs only."""
    metrics_url_path: str = "/v1/metrics"
    """Answered with UNIMPLEMENTED: logboom takes logs only."""

    @field_validator("logs_url_path", "traces_url_path", "metrics_url_path")
    @classmethod
    def _absolute(cls, value: str) -> str:
        path = value if value.startswith("/") else f"/{value}"
        if not _PATH.fullmatch(path):
            raise ValueError(f"invalid HTTP URL path {value!r}: write a path such as /v1/logs")
        return path


class Protocols(Block):
    """The `protocols:` block: only what is named listens."""

    grpc: GrpcServerConfig | None = None
    """OTLP over gRPC; `grpc:` alone listens on localhost:4317."""
    http: OtlpHttpConfig | None = None
    """OTLP over HTTP; `http:` alone listens on localhost:4318."""

    @model_validator(mode="before")
    @classmethod
    def _named_is_enough(cls, value: Any) -> Any:
        """`grpc:` without anything behind it is null in YAML and means all defaults."""
        if isinstance(value, dict):
            return {key: {} if block is None and key in ("grpc", "http") else block for key, block in value.items()}
        return {} if value is None else value

    def blocks(self) -> dict[str, GrpcServerConfig | OtlpHttpConfig]:
        """Protocol name → its block, for those that are on."""
        return {name: block for name, block in (("grpc", self.grpc), ("http", self.http)) if block is not None}


class OtlpReceiverConfig(Config):
    """Options of the `otlp` receiver."""

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

    def ack_rule(self) -> AckRule | None:
        """See `Acknowledging.ack_rule`."""
        return AckRule(tuple(self.ack_exporters), self.ack_timeout) if self.ack == "delivered" else None

    @model_validator(mode="after")
    def _check(self) -> Self:
        blocks = self.protocols.blocks()
        if not blocks:
            raise ValueError("must specify at least one protocol when using the OTLP receiver")
        unguarded = [name for name, block in blocks.items() if not authenticates(block)]
        if self.trust_events and unguarded:
            raise ValueError(
                f"trust_events needs to know who sends: write `auth: {{authenticator: …}}` under protocols.{unguarded[0]}"
            )
        for name, block in blocks.items():
            try:
                Endpoint.parse(block.endpoint, block.transport)
            except ValueError as error:
                raise ValueError(f"protocols.{name}.endpoint: {error}") from None
        return self

    def open_to_others(self) -> dict[str, str]:
        """Option → address, of the listeners that other machines reach and that don't ask who sends."""
        return {
            f"protocols.{name}.endpoint": block.endpoint
            for name, block in self.protocols.blocks().items()
            if not (Endpoint.parse(block.endpoint, block.transport).is_local or authenticates(block))
        }

    def listens_on(self) -> list[str]:
        """The TCP addresses, `host:port`, for whoever looks beforehand whether they are free."""
        return [block.endpoint for block in self.protocols.blocks().values() if block.transport != "unix"]

    def probes(self) -> dict[str, Probe]:
        """Protocol → how to ask its listener whether it serves."""
        return {
            name: Probe(
                name,
                block.logs_url_path if isinstance(block, OtlpHttpConfig) else GRPC_PATH,
                block.tls is not None,
                bool(block.tls and block.tls.client_ca_file),
            )
            for name, block in self.protocols.blocks().items()
        }
