"""The options of the `syslog` receiver: the Collector's names and defaults."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.component import Context, Processor
from collector.ingress.text_input import TcpInput, UdpInput, listens_on, open_to_others
from collector.stanza.options import StepsConfig


class SyslogReceiverConfig(StepsConfig):
    """Listeners, how messages are written, and what is done to them."""

    tcp: TcpInput | None = None
    """Listens for connections; one of `tcp` and `udp` is needed."""
    udp: UdpInput | None = None
    """Listens for datagrams."""
    protocol: Literal["rfc3164", "rfc5424"]
    """How messages are written."""
    location: str = "UTC"
    """The zone of times that name none (RFC 3164)."""
    enable_octet_counting: bool = False
    """Each message over TCP begins with its length (RFC 6587); with rfc5424 alone."""
    max_octets: int = Field(8192, ge=1)
    """Accepted, and does nothing: messages up to `tcp.max_log_size` are read."""
    allow_skip_pri_header: bool = False
    """A message may lack its priority; it has no level then."""
    non_transparent_framing_trailer: Literal["LF", "NUL"] | None = None
    """What ends a message over TCP; with rfc5424 alone."""
    on_error: Literal["send", "send_quiet", "drop", "drop_quiet"] = "send"
    """What becomes of what is no message: it goes on with what could be read, or is dropped; `quiet`: without a line in the log."""
    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may send, and that needs no warning; never with several domains."""

    @field_validator("protocol", mode="before")
    @classmethod
    def _lower(cls, given: Any) -> Any:
        return given.lower() if isinstance(given, str) else given

    @field_validator("location")
    @classmethod
    def _zone(cls, location: str) -> str:
        from collector.ottl.plain.strptime import zone_of

        zone_of(location)
        return location

    @model_validator(mode="after")
    def _fit(self) -> Self:
        framed = self.enable_octet_counting or self.non_transparent_framing_trailer is not None
        if self.tcp is None and self.udp is None:
            raise ValueError("set tcp or udp: where it listens")
        if framed and self.tcp is None:
            raise ValueError("octet counting and trailers are for tcp: a datagram is a message")
        if framed and self.protocol != "rfc5424":
            raise ValueError("octet counting and trailers are of rfc5424")
        if self.enable_octet_counting and self.non_transparent_framing_trailer is not None:
            raise ValueError("a message is counted or has a trailer")
        return self

    def open_to_others(self) -> dict[str, str]:
        """Option → address, where other machines reach a listener and it does not ask who sends."""
        given = {"tcp": self.tcp, "udp": self.udp}
        return {
            f"{name}.listen_address": each.listen_address
            for name, each in given.items()
            if each is not None and open_to_others(each)
        }

    def listens_on(self) -> list[str]:
        """The addresses of both."""
        return [address for each in (self.tcp, self.udp) if each is not None for address in listens_on(each)]

    def refiner(self, context: Context) -> Processor | None:
        """The parser, and the operators behind it."""
        from collector.stanza.refiner import Refiner

        parser = {
            "type": "syslog_parser", "id": f"{context.id}_internal_parser", "protocol": self.protocol, "location": self.location,
            "allow_skip_pri_header": self.allow_skip_pri_header, "on_error": self.on_error,
            "best_effort": self.on_error.startswith("send"),
        }  # fmt: skip
        return Refiner(context.id, [parser, *self.operators])
