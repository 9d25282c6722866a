"""Options of receivers that take text over a connection or in datagrams: the Collector's names and defaults."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from collector.ingress.cutting_options import Multiline, codec_of
from collector.transport.auth import authenticates
from collector.transport.block import Block
from collector.transport.endpoint import Endpoint, Transport, listened_on
from collector.transport.stream_server_config import StreamBounds
from collector.units import ByteSize


class TextInput(Block):
    """What both have."""

    listen_address: str = Field(min_length=1)
    """`host:port`, `:port` for all interfaces, or `unix:///path` of a socket."""
    add_attributes: bool = False
    """Set `net.transport`, `net.peer.ip`, `net.peer.port`, `net.peer.name`, `net.host.ip`, `net.host.port`, `net.host.name`."""
    multiline: Multiline | None = None
    """Records of several lines."""
    one_log_per_packet: bool = False
    """A datagram, or all that comes over a connection, is one record."""
    encoding: str = "utf-8"
    """`utf-8`, `utf-8-raw`, `ascii`, `utf-16le`, `utf-16be`, `big5` … as the bodies are written; `nop`: bodies are bytes."""
    preserve_leading_whitespaces: bool = False
    """Keep white space in front of records."""
    preserve_trailing_whitespaces: bool = False
    """Keep white space behind them."""

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        codec_of(encoding)
        return encoding

    @model_validator(mode="after")
    def _address(self) -> Self:
        Endpoint.parse(self.listen_address, transport_of(self.listen_address))
        return self


class TcpInput(TextInput, StreamBounds):
    """A listener of connections."""

    max_log_size: ByteSize = Field(1 << 20, ge=1 << 16)
    """The largest record; what is longer becomes several."""

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return self.listen_address


class Async(Block):
    """Accepted, and does nothing: what comes is always read while what came before is taken."""

    readers: int = Field(1, ge=0)
    """Accepted, and does nothing."""
    processors: int = Field(1, ge=0)
    """Accepted, and does nothing."""
    max_queue_length: int = Field(100, ge=0)
    """Accepted, and does nothing."""


class UdpInput(TextInput):
    """A listener of datagrams."""

    async_: Async | None = Field(None, alias="async")
    """Accepted, and does nothing: what comes is always read while what came before is taken."""


def transport_of(address: str) -> Transport:
    """What an address is one of."""
    return "unix" if address.startswith(("unix:", "/")) else "tcp"


def open_to_others(given: TcpInput | UdpInput) -> bool:
    """Whether other machines reach the listener, and it does not ask who sends: over UDP it can't."""
    if Endpoint.parse(given.listen_address, transport_of(given.listen_address)).is_local:
        return False
    return isinstance(given, UdpInput) or not authenticates(given)


def listens_on(given: TcpInput | UdpInput) -> list[str]:
    """The address as `Listens` has it, for whoever looks beforehand whether it is free."""
    transport = transport_of(given.listen_address)
    address = listened_on(given.listen_address, transport)
    return [f"udp://{address}" if isinstance(given, UdpInput) and transport != "unix" else address]
