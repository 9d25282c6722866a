"""Options of the `syslog` exporter. Names and defaults are those of otelcol's where it has them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from collector.delivery.config import BatchedQueueConfig, DeliveryConfig
from collector.delivery.routing_options import RoutingOptions
from collector.documents.options import DocumentModel, DocumentOptions
from collector.transport.block import Block
from collector.transport.endpoint import Endpoint
from collector.transport.tls import TlsClientConfig
from collector.units import ByteSize, Duration

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
"""Facility names in the order of their codes 0..23 (RFC 5424, table 1)."""

Framing = Literal["auto", "octet_counting", "newline"]
STREAM_BYTES, DATAGRAM_BYTES, MOST_DATAGRAM_BYTES = 8096, 2048, 65507
_LEAST_BYTES = 512


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Network = Annotated[Literal["tcp", "udp", "unix"], BeforeValidator(_lower)]


class Sources(Block):
    """`sources`: where a header field comes from; the first that is there wins."""

    hostname: list[str] = ["hostname", "resource.host.name"]
    """HOSTNAME. Each name is a record attribute, `resource.<attribute>`, or `event_name`."""
    appname: list[str] = ["appname", "resource.service.name"]
    """APP-NAME, or the TAG of RFC 3164."""
    proc_id: list[str] = ["proc_id", "resource.process.pid"]
    """PROCID, or the number in brackets behind the TAG."""
    msg_id: list[str] = ["msg_id", "event_name"]
    """MSGID."""


class Defaults(Block):
    """`defaults`: what a header field is when none of its sources has it; empty = the NILVALUE `-`."""

    hostname: str = ""
    """HOSTNAME."""
    appname: str = ""
    """APP-NAME. An RFC 3164 message without one has no TAG, and a receiver may take the first word of the text for it."""
    proc_id: str = ""
    """PROCID."""
    msg_id: str = ""
    """MSGID."""
    priority: int = Field(165, ge=0, le=191)
    """PRI of a record that has neither the attribute `priority` nor a severity: local4.notice, as in otelcol."""


class StructuredData(Block):
    """`structured_data`: an SD-ELEMENT made of attributes, besides those in the attribute `structured_data`."""

    enterprise_number: int = Field(0, ge=0, le=4294967295)
    """Your private enterprise number at IANA; 0 = no such element. It also completes names in the attribute
    `structured_data` that are not registered and have no number."""
    name: str = Field("logboom", pattern=r"^[!#-<>-?A-\\^-~]{1,21}$")
    """The element is called `name@enterprise_number`."""
    attributes: list[str] = []
    """Record attributes to write; empty = all that stand nowhere else in the message."""
    resource_attributes: list[str] = []
    """Resource attributes to write."""


class SyslogConfig(DocumentOptions, RoutingOptions, DeliveryConfig):
    """Syslog, document models and delivery."""

    former_names = {"message_format": "format"}

    sending_queue: BatchedQueueConfig = BatchedQueueConfig()
    """Queue, batching and quota."""
    endpoint: str = Field(min_length=1)
    """Host name or address of the receiver; the path of the socket with `network: unix`."""
    port: int = Field(514, ge=1, le=65535)
    """Port; TLS usually has 6514. Unused with `network: unix`."""
    network: Network = "tcp"
    """`tcp` (with TLS unless `tls.insecure`), `udp`, or `unix` (a stream socket)."""
    protocol: Literal["rfc5424", "rfc3164"] = "rfc5424"
    """Format of the header."""
    tls: TlsClientConfig = TlsClientConfig()
    """For `network: tcp`; on unless `insecure: true`."""
    enable_octet_counting: bool | None = None
    """otelcol's name for `framing`: true = octet_counting with a newline in each count, as there; false = newline."""
    framing: Framing = "auto"
    """How messages are told apart in a stream (RFC 6587). `auto`: octet counting for RFC 5424 over TCP and TLS; newline
    for RFC 3164 and unix sockets, whose receivers expect that."""
    format: DocumentModel = "text"
    """MSG. `text`: the attribute `message` or else the body; the others: the whole record as such a document."""
    leef_delimiter: Literal["\t", "^", "~", ";"] = "\t"
    """Between LEEF's attributes. rsyslog writes a tab as `#011` unless told otherwise: `^` passes everywhere."""
    extra_attributes: bool = False
    """CEF and LEEF: send attributes that the dictionary has no key for as keys of their own."""
    facility: Literal[FACILITIES] = "local4"  # type: ignore[valid-type]
    """Facility of records without the attribute `priority`."""
    fatal_severity: Literal["emerg", "alert", "crit"] = "emerg"
    """Severity of FATAL. Some receivers show `emerg` on every terminal."""
    sources: Sources = Sources()
    """Where header fields come from."""
    defaults: Defaults = Defaults()
    """Header fields that no source has."""
    structured_data: StructuredData = StructuredData()
    """STRUCTURED-DATA made of attributes."""
    bom: bool = False
    """Begin MSG with a byte order mark. RFC 5424 wants it before UTF-8; most receivers show it as rubbish."""
    timezone: str = "UTC"
    """Time zone of RFC 3164 timestamps, which name none: that of the receiver."""
    max_message_size: ByteSize = 0
    """Longer messages are cut at a character; 0 = 8096 bytes (what rsyslog takes unless told otherwise), 2048 over UDP. Not above the receiver's own limit:
    several of them take the rest for another message."""
    confirm: Literal["written", "received", "closed"] = "received"
    """When a request over a stream counts as delivered: `written` to our kernel, `received` by the receiver's kernel, or
    `closed`: each request has its own connection, and the receiver has read it to its end."""
    idle_timeout: Duration = 90.0
    """An unused connection is closed after this time."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            raise ValueError(f"{value!r} is not a time zone such as UTC or Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.enable_octet_counting is not None and self.framing != "auto":
            raise ValueError("enable_octet_counting and framing say the same thing: keep one of them")
        if self.network != "unix" and (self.endpoint.count(":") == 1 or "]:" in self.endpoint):
            raise ValueError("endpoint is a host without its port: write the port into `port`")
        if self.network != "unix" and re.search(r"[\s/]", self.endpoint):
            raise ValueError("endpoint is the name or the address of a host")
        if 0 < self.max_message_size < _LEAST_BYTES:
            raise ValueError(f"max_message_size must be {_LEAST_BYTES} bytes at least: a header alone may have 505")
        if self.network == "udp" and self.max_message_size > MOST_DATAGRAM_BYTES:
            raise ValueError(f"max_message_size: a datagram carries {MOST_DATAGRAM_BYTES} bytes at most")
        return self

    def destination(self) -> str:
        """For people: the receiver and what is spoken with it."""
        if self.network == "unix":
            return f"unix:{self.endpoint}"
        receiver = Endpoint(self.host, self.port)
        clear = "" if self.secure or receiver.is_local else ", in the clear"
        return f"{receiver} ({'TLS' if self.secure else self.network.upper()}{clear})"

    @model_validator(mode="after")
    def _check_effect(self) -> Self:
        """What would say nothing is told: whoever wrote it counts on it."""
        if self.network != "tcp" and not self.tls.insecure and "tls" in self.model_fields_set:
            raise ValueError(f"tls: network {self.network} cannot speak it, messages would go in the clear")
        if self.network == "udp" and "confirm" in self.model_fields_set:
            raise ValueError("confirm: nothing tells whether a datagram arrived")
        if self.network == "udp" and self.framing == "octet_counting":
            raise ValueError("framing: each datagram is one message, nothing is counted in it")
        if "structured_data" in self.model_fields_set and self.protocol == "rfc3164":
            raise ValueError("structured_data: messages of RFC 3164 have none")
        chosen = self.structured_data.attributes or self.structured_data.resource_attributes
        if chosen and not self.structured_data.enterprise_number:
            raise ValueError("structured_data: an element of attributes needs an enterprise_number")
        return self

    @property
    def host(self) -> str:
        """The endpoint without brackets."""
        return self.endpoint.strip("[]")

    @property
    def counted(self) -> bool:
        """Whether messages carry their length in front."""
        if self.network == "udp":
            return False
        if self.enable_octet_counting is not None:
            return self.enable_octet_counting
        if self.framing == "auto":
            return self.network == "tcp" and self.protocol == "rfc5424"
        return self.framing == "octet_counting"

    @property
    def ends_lines(self) -> bool:
        """Whether a newline follows each message. Where octets are counted it is no part of one (RFC 6587): a receiver would
        take it for text. otelcol's exporter counts it, and so does its option."""
        return self.network != "udp" and (not self.counted or bool(self.enable_octet_counting))

    @property
    def limit(self) -> int:
        """Bytes of a message."""
        return self.max_message_size or (DATAGRAM_BYTES if self.network == "udp" else STREAM_BYTES)

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.network == "tcp" and not self.tls.insecure
