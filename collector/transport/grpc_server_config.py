"""The options of a gRPC listener, as in otelcol's configgrpc."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from collector.transport.auth import Auth, Middleware
from collector.transport.block import Block
from collector.transport.descriptors import connection_bounds
from collector.transport.endpoint import Transport
from collector.transport.tls import TlsServerConfig
from collector.units import ByteSize, Duration

_HANDSHAKE_MS = 20_000  # for TLS and HTTP/2's first frames; grpc's own is two minutes


class KeepaliveServerParameters(Block):
    """How connections are kept, and ended. 0 = grpc's own default."""

    max_connection_idle: Duration = 0.0
    """Close a connection without calls for this long; 0 = never."""
    max_connection_age: Duration = 0.0
    """Ask clients to connect anew after this long (± 10 %), so that load balancers can spread them; 0 = never."""
    max_connection_age_grace: Duration = 0.0
    """How long calls may still run on a connection past its age; 0 = as long as they need."""
    time: Duration = 0.0
    """Ping an idle connection after this long; 0 = 2 h."""
    timeout: Duration = 0.0
    """Close when a ping is not answered for this long; 0 = 20 s."""


class KeepaliveEnforcementPolicy(Block):
    """What we bear from clients that ping."""

    min_time: Duration = 0.0
    """Clients that ping more often are disconnected; 0 = 5 min."""
    permit_without_stream: bool = False
    """Whether clients may ping without a call under way."""


class Keepalive(Block):
    """The `keepalive:` block of a gRPC server."""

    server_parameters: KeepaliveServerParameters | None = None
    """How we keep connections."""
    enforcement_policy: KeepaliveEnforcementPolicy | None = None
    """What we bear from clients."""


class GrpcServerConfig(Block):
    """The `grpc:` block."""

    endpoint: str = "localhost:4317"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    transport: Transport = "tcp"
    """`tcp`, `tcp4` and `tcp6` for one family of addresses, or `unix`."""
    tls: TlsServerConfig | None = None
    """Absent = plain text."""
    max_recv_msg_size_mib: int = Field(4, ge=0, le=1024)
    """The largest request, compressed or not; 0 = 4."""
    max_concurrent_streams: int = Field(0, ge=0)
    """Calls under way on one connection; 0 = 100. Clients wait, they are not refused."""
    max_connections: int = Field(0, ge=0)
    """Connections of one process at once, further ones are refused; beyond three quarters of it idle ones are closed, those
    of the peer with the most first. 0 = a third of the descriptors that the process may open, at most 4096."""
    max_connections_per_peer: int = Field(0, ge=0)
    """For one address, beyond which its idle ones are closed; 0 = half of `max_connections`."""
    min_receive_rate: ByteSize = Field(1 << 10, ge=0)
    """Bytes a second that a connection must bring in each five seconds while a message is awaited on it; calls on a slower
    one are told to come again. 0 = no limit."""
    read_buffer_size: ByteSize = 524288
    """Accepted for compatibility; grpc sizes its buffers itself."""
    write_buffer_size: ByteSize = 0
    """Accepted for compatibility; grpc sizes its buffers itself."""
    keepalive: Keepalive | None = None
    """Ends of connections and pings."""
    auth: Auth | None = None
    """The extension that says who sends, before a message is read."""
    include_metadata: bool = False
    """Metadata of requests is carried along with their records, as far as a component of the configuration asks for it by name."""
    middlewares: list[Middleware] = []
    """Extensions that would wrap calls; none exist."""


def max_message_bytes(grpc: GrpcServerConfig) -> int:
    """The largest message."""
    return (grpc.max_recv_msg_size_mib or 4) << 20


def channel_options(grpc: GrpcServerConfig, share_port: bool) -> list[tuple[str, Any]]:
    """The arguments of `grpc.server` for these options. `share_port`: several processes listen on the same port."""
    options: list[tuple[str, Any]] = [
        ("grpc.so_reuseport", int(share_port)),
        ("grpc.max_receive_message_length", max_message_bytes(grpc)),
        ("grpc.max_concurrent_streams", grpc.max_concurrent_streams or 100),
        ("grpc.max_metadata_size", 16 << 10),
        ("grpc.max_allowed_incoming_connections", connection_bounds(grpc.max_connections, 0)[0]),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
    ]
    keepalive = grpc.keepalive or Keepalive()
    server = keepalive.server_parameters or KeepaliveServerParameters()
    policy = keepalive.enforcement_policy or KeepaliveEnforcementPolicy()
    durations = {
        "grpc.max_connection_idle_ms": server.max_connection_idle,
        "grpc.max_connection_age_ms": server.max_connection_age,
        "grpc.max_connection_age_grace_ms": server.max_connection_age_grace,
        "grpc.keepalive_time_ms": server.time,
        "grpc.keepalive_timeout_ms": server.timeout,
        "grpc.http2.min_recv_ping_interval_without_data_ms": policy.min_time,
    }
    options += [(name, max(1, int(secs * 1000))) for name, secs in durations.items() if secs]
    if policy.permit_without_stream:
        options.append(("grpc.keepalive_permit_without_calls", 1))
    return options
