"""The options of a listener for a protocol of its own over TCP or a unix socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from collector.transport.auth import Auth
from collector.transport.block import Block
from collector.transport.endpoint import Endpoint, Transport
from collector.transport.tls import TlsServerConfig
from collector.units import ByteSize, Duration


class StreamBounds(Block):
    """TLS and bounds of a listener; what has them says where it listens (`endpoint`)."""

    tls: TlsServerConfig | None = None
    """Absent = plain text."""
    auth: Auth | None = None
    """The extension that says who sends, by the certificate that the client shows: `client_certificate`."""
    max_connections: int = Field(0, ge=0)
    """Connections of one process at once; beyond it those of the peer with the most that are silent for the longest time are closed. 0 = a
    third of the descriptors that the process may open, at most 4096."""
    max_connections_per_peer: int = Field(0, ge=0)
    """The same for one address; 0 = half of `max_connections`."""
    idle_timeout: Duration = 0.0
    """How long a connection without a message is kept; 0 = for ever: those who send logs are silent for hours."""

    if TYPE_CHECKING:

        @property
        def endpoint(self) -> str:
            """`host:port`, `:port` for all interfaces, or `unix:///path` of a socket."""

    @property
    def transport(self) -> Transport:
        """What the endpoint is."""
        return "unix" if self.endpoint.startswith(("unix:", "/")) else "tcp"

    @property
    def address(self) -> Endpoint:
        """The endpoint, read. Raises ValueError."""
        return Endpoint.parse(self.endpoint, self.transport)


class StreamServerConfig(StreamBounds):
    """Address, TLS and bounds."""

    endpoint: str = ""
    """`host:port`, `:port` for all interfaces, or `unix:///path` of a socket."""
    max_message_size: ByteSize = Field(16 << 20, ge=1 << 10, le=64 << 20)
    """The largest message; a connection that sends a larger one is closed."""
