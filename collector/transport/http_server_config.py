"""The options of an HTTP listener, as in otelcol's confighttp."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from collector.transport.auth import HttpServerAuth, Middleware
from collector.transport.block import Block
from collector.transport.endpoint import Transport
from collector.transport.tls import TlsServerConfig
from collector.units import ByteSize, Duration

Encoding = Literal["", "gzip", "zstd", "zlib", "deflate", "snappy", "x-snappy-framed", "lz4"]
ENCODINGS: tuple[Encoding, ...] = ("", "gzip", "zstd", "zlib", "deflate", "snappy", "x-snappy-framed", "lz4")


class Cors(Block):
    """Which web pages may send from a browser. Without `allowed_origins` nothing is answered to a preflight."""

    allowed_origins: list[str] = []
    """Origins such as `https://*.example.com`; `*` stands for anything."""
    allowed_headers: list[str] = []
    """Request headers beyond Accept, Content-Type, Content-Language, Origin and X-Requested-With, and where `auth` asks
    who sends Authorization and X-Api-Key; `*` = any."""
    exposed_headers: list[str] = []
    """Response headers that the page may read, beside Retry-After."""
    max_age: int = Field(0, ge=0)
    """Seconds for which a browser may remember the answer; 0 = its own default."""


class HttpServerConfig(Block):
    """The `http:` block, without the paths."""

    endpoint: str = "localhost:4318"
    """`host:port`, `:port` for all interfaces, or the path of a socket with `transport: unix`."""
    transport: Transport = "tcp"
    """`tcp`, `tcp4` and `tcp6` for one family of addresses, or `unix`."""
    tls: TlsServerConfig | None = None
    """Absent = plain text."""
    cors: Cors | None = None
    """Which web pages may send."""
    auth: HttpServerAuth | None = None
    """The extension that says who sends, before a body is read."""
    max_request_body_size: ByteSize = Field(4 << 20, ge=0)
    """The largest body, on the wire and again after decompression; 0 = 4 MiB. (otelcol: 20 MiB; a body of empty
    records needs 18 times its size in memory while it is checked.)"""
    max_header_size: ByteSize = Field(16 << 10, ge=1 << 10)
    """The largest request line with all headers; beyond it 431. Chunk lines and trailers may take as much again, and as
    much as the body that they frame."""
    max_connections: int = Field(0, ge=0)
    """Connections of one process at once; beyond it idle ones are closed, those of the peer with the most first. 0 = a
    third of the descriptors that the process may open, at most 4096."""
    max_connections_per_peer: int = Field(0, ge=0)
    """The same for one address; 0 = half of `max_connections`."""
    max_pending_size: ByteSize = Field(32 << 20, ge=0)
    """Bodies that have not arrived, or are not decoded, counted as they come; beyond it the peer that holds the most is
    told to come again. 0 = 32 MiB; never less than one body."""
    min_receive_rate: ByteSize = Field(1 << 10, ge=0)
    """Bytes a second that a body must bring in each five seconds; a slower one is told to come again. 0 = no limit."""
    include_metadata: bool = False
    """Headers of requests are carried along with their records, as far as a component of the configuration asks for them by name."""
    response_headers: dict[str, str] = {}
    """Headers added to every response."""
    compression_algorithms: list[Encoding] = list(ENCODINGS)
    """Content encodings that are accepted; `""` is none."""
    read_timeout: Duration = 60.0
    """How long a request may take to arrive once its headers are there; 0 = no limit."""
    read_header_timeout: Duration = 20.0
    """How long a connection may take to send the headers of a request; 0 = no limit."""
    write_timeout: Duration = 30.0
    """How long the journal may take before the sender is told to come again; 0 = 30 s."""
    idle_timeout: Duration = 60.0
    """How long a connection without a request is kept; 0 = 60 s."""
    keep_alives_enabled: bool = True
    """Whether connections are reused."""
    middlewares: list[Middleware] = []
    """Extensions that would wrap requests; none exist."""

    @field_validator("response_headers", mode="before")
    @classmethod
    def _from_pairs(cls, value: Any) -> Any:
        """otelcol since 0.139 also takes a list of name and value."""
        if isinstance(value, list) and all(
            isinstance(pair, dict) and {"name", "value"} >= pair.keys() for pair in value
        ):
            return {pair.get("name"): pair.get("value") for pair in value}
        return value

    @field_validator("response_headers")
    @classmethod
    def _one_line(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"{name!r} is not a header name")
            if any(ord(character) < 32 or ord(character) > 255 for character in text):
                raise ValueError(f"the value of {name!r} must be one line of Latin-1 text")
        return value
