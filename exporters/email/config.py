"""Options of the `email` exporter."""

from __future__ import annotations

from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from collector.delivery.notice_options import NoticeOptions, NoticeQueueConfig, PaceConfig
from collector.transport.endpoint import Endpoint
from collector.transport.tls import TlsClientConfig
from collector.units import Duration

IMPLICIT_TLS_PORT = 465


def _address(text: str) -> str:
    """`ada@example.com`, `Ada <ada@example.com>`: one address, of ASCII letters."""
    found = parseaddr(text)[1]
    local, at, domain = found.rpartition("@")
    if not (at and local and domain) or not found.isascii() or not text.isprintable() or " " in found or "," in text:
        raise ValueError(f"{text!r} is not a mail address")
    Address(addr_spec=found)
    return text


MailAddress = Annotated[str, AfterValidator(_address)]
MailDomain = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")]


class MailQueueConfig(NoticeQueueConfig):
    """`sending_queue`: mail waits for longer than chat."""

    max_age: Duration = 86_400.0
    """Messages that wait longer are given up (`dropped:expired`); 0 = no limit."""


class EmailConfig(NoticeOptions):
    """A server, who we are, and who is told."""

    endpoint: str
    """The mail server, `host:port`: 587 or 25 (STARTTLS), 465 (TLS from the first byte)."""
    implicit_tls: bool | None = None
    """TLS from the first byte; unset: on port 465."""
    require_tls: bool = True
    """Without TLS nothing is sent. False: mail may go in the clear where the server has no STARTTLS; never with a password."""
    tls: TlsClientConfig = TlsClientConfig()
    """Whom to trust, and what to show."""
    username: str = ""
    """For servers that ask who sends."""
    password: SecretStr = SecretStr("")
    """Its password."""
    sender: MailAddress
    """From whom: `logboom <alerts@example.com>`."""
    to: list[MailAddress] = Field(..., min_length=1, max_length=50)
    """Who is told."""
    allow_domains: list[MailDomain] = []
    """Recipients must be of these domains: a slip in an address tells no stranger. Empty = any."""
    hello: str = Field("", pattern=r"^[A-Za-z0-9.\[\]:-]*$")
    """The name that we give ourselves; empty = that of this machine."""
    subject_prefix: str = Field("", max_length=50, pattern=r"^[^\r\n]*$")
    """In front of each subject: `[prod] `."""
    format: Literal["html", "text"] = "html"
    """`html`: with a plain part beside it; `text`: plain alone."""
    pace: PaceConfig = PaceConfig(calls=10)
    """How many messages are sent in a time; critical ones have the same once more, for themselves."""
    timeout: Duration = 30.0
    """Time for one mail, from the connection on; 0 = no limit."""
    sending_queue: NoticeQueueConfig = MailQueueConfig()
    """Queue, batching and quota."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        Endpoint.parse(self.endpoint)
        if bool(self.username) != bool(self.password.get_secret_value()):
            raise ValueError("username and password belong together")
        if self.username and not self.require_tls and not self.server.is_local:
            raise ValueError("a password needs TLS: leave require_tls out")
        allowed = {domain.lower() for domain in self.allow_domains}
        for at, recipient in enumerate(self.recipients):
            if allowed and recipient.rpartition("@")[2].lower() not in allowed:
                raise ValueError(f"to.{at}: its domain is not one of allow_domains")
        return self

    @property
    def server(self) -> Endpoint:
        """Host and port."""
        return Endpoint.parse(self.endpoint)

    @property
    def tls_at_once(self) -> bool:
        """Whether TLS begins with the first byte."""
        return self.server.port == IMPLICIT_TLS_PORT if self.implicit_tls is None else self.implicit_tls

    @property
    def recipients(self) -> list[str]:
        """Bare addresses."""
        return [parseaddr(text)[1] for text in self.to]

    def destination(self) -> str:
        """For people: the server, and whether mail may go in the clear."""
        secured = "TLS" if self.require_tls or self.tls_at_once else "perhaps in the clear"
        return f"{self.server} ({secured})"
