"""otelcol's gRPC client options (configgrpc), without the client: importing this does not load grpc."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from collector.transport.auth import Auth
from collector.transport.block import Block
from collector.transport.endpoint import Endpoint
from collector.transport.headers import Headers
from collector.transport.tls import TlsClientConfig
from collector.units import Duration

_SCHEMES = ("http://", "https://", "dns:///", "dns://", "passthrough:///")


class KeepaliveClient(Block):
    """`keepalive`: pings on an idle connection."""

    time: Duration = 10.0
    """A ping after this long without traffic."""
    timeout: Duration = 20.0
    """The connection is given up when the ping is not answered within this time."""
    permit_without_stream: bool = False
    """Ping also while no request is under way."""
    enabled: bool = True
    """False: as if the block were not there."""


class GrpcClientOptions(Block):
    """The options that every gRPC exporter shares; `timeout` is delivery's."""

    endpoint: str = ""
    """`host:port`; `https://` in front switches TLS on whatever `tls.insecure` says."""
    compression: Literal["", "none", "gzip", "snappy", "zstd"] = "gzip"
    """Of requests. snappy and zstd are sent as gzip, which every OTLP server must accept."""
    tls: TlsClientConfig = TlsClientConfig()
    """On by default; plain text needs `insecure: true`."""
    headers: Headers = {}
    """Metadata of each request: a map, or a list of `{name, value}`. Values are secrets."""
    keepalive: KeepaliveClient | None = None
    """Pings on an idle connection; absent = none."""
    read_buffer_size: int = 0
    """Accepted; buffers are grpc's."""
    write_buffer_size: int = 512 << 10
    """Accepted; buffers are grpc's."""
    wait_for_ready: bool = False
    """Wait for a connection (up to `timeout`) instead of failing the attempt at once."""
    balancer_name: Literal["round_robin", "pick_first"] = "round_robin"
    """How requests are spread over the addresses of the endpoint's name."""
    authority: str = ""
    """The `:authority` to send; empty = the endpoint's."""
    user_agent: str = ""
    """How we name ourselves; empty = `logboom/<version>`."""
    auth: Auth | None = None
    """The extension that says who we are, with each request; its headers take the place of those of the same name."""
    middlewares: list[Any] = Field(default_factory=list)
    """Client middlewares are not available; must be empty."""


class GrpcClientConfig(GrpcClientOptions):
    """The same of a client that has its address."""

    @model_validator(mode="after")
    def _check_client(self) -> Self:
        if not self.target:
            raise ValueError('requires a non-empty "endpoint"')
        port = self.target.rpartition(":")[2]
        if not self.target.startswith("unix:") and not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
            raise ValueError(f'invalid port "{port}": write the endpoint as host:port')
        if self.middlewares:
            raise ValueError("middlewares are not available")
        return self

    def named_authenticators(self) -> Sequence[str]:
        """The one that says who we are, where there is one."""
        return [self.auth.authenticator] if self.auth is not None else []

    def destination(self) -> str:
        """For people: the server, and whether records reach it in the clear."""
        host = self.target.rpartition(":")[0].strip("[]")
        safe = self.secure or self.target.startswith("unix:") or Endpoint(host).is_local
        return self.target if safe else f"{self.target} (in the clear)"

    @property
    def target(self) -> str:
        """The endpoint without its scheme."""
        for scheme in _SCHEMES:
            if self.endpoint.startswith(scheme):
                return self.endpoint.removeprefix(scheme)
        return self.endpoint

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return not self.tls.insecure or self.endpoint.startswith("https://")
