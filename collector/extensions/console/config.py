"""Options of `console`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from collector.component import Config
from collector.transport.endpoint import Endpoint
from collector.transport.tls import TlsServerConfig
from collector.units import ByteSize, Duration

_MOST_THREADS = 32
SHOWN = ["token", "secret", "card", "iban", "national_id", "email", "phone"]
"""What is masked without a choice: not addresses, by which those who look after it find what is wrong."""


class Login(Config):
    """Who comes is asked. `logboom login` makes a link that lets in once, whatever else does."""

    authenticators: list[str] = []
    """Extensions that let people and programs in: `api_keys`, `basicauth`, `oidc`. Keys of the kinds reader and admin, users and tokens with a role."""
    lifetime: Duration = Field(12 * 3600.0, ge=60)
    """How long a session lasts, whatever is done in it."""
    idle_timeout: Duration = Field(2 * 3600.0, ge=60)
    """How long it lasts while nothing is done in it."""


class Redact(Config):
    """What is masked in all that the console shows of records. Whoever has the role `privacy` sees a record without, where a reason is given."""

    enabled: bool | None = None
    """Without a choice: where `login` asks who comes."""
    classes: list[str] = SHOWN
    """Of what it is: `token`, `secret`, `card`, `iban`, `national_id`, `email`, `phone`, `ip`."""

    @field_validator("classes")
    @classmethod
    def _are_classes(cls, value: list[str]) -> list[str]:
        from collector.privacy.classes.scanner import CLASSES

        for name in value:
            if name not in CLASSES:
                raise ValueError(f"there is no class {name!r}: there are {', '.join(CLASSES)}")
        return value


class ConsoleConfig(Config):
    """Where the console is, who sees it, and what it shows."""

    endpoint: str = "localhost:8080"
    """`host:port` to listen on. Other machines may reach it with `login` alone."""
    login: Login | None = None
    """Ask who comes; without it, whoever has this machine sees all and may do all."""
    redact: Redact = Redact()
    """What is masked in all that is shown of records."""
    public_url: str = ""
    """How browsers reach it where that is not `endpoint`: `https://logs.example.com`, with `base_path`. With `https` sessions go over TLS alone."""
    hosts: list[str] = []
    """Names, beside those of loopback and `public_url`, by which it is asked for. Where others reach it and none is named: any."""
    tls: TlsServerConfig | None = None
    """Serve HTTPS."""
    base_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    """What stands in front of every path where a proxy leaves it there: `/logboom`."""
    store: str = ""
    """Id of the exporter whose store is read: `sqlite`, or `d1`; the first with a file without it."""
    d1_rows: int = Field(1_000_000, ge=0)
    """Rows that a question may read in D1, which bills each: about so many, then a search says how far it got. 0: no bound."""
    archive: str = ""
    """Id of the exporter `archive` in which is searched what the store holds no more; the first one without it."""
    archive_timeout: Duration = Field(10.0, gt=0, le=40)
    """How long a search in it may take; then it says how far it got."""
    archive_bytes: ByteSize = Field(256 << 20, ge=1 << 20)
    """How much of it one search may read; an hour of a domain is read whole."""
    query_timeout: Duration = Field(2.0, gt=0)
    """How long a search may take; then it says how far it got."""
    slow_query: Duration = Field(1.0, ge=0)
    """A question to the store that takes longer is told as an event, `logboom.service.console.slow`; 0: none is."""
    query_threads: int = Field(0, ge=0, le=_MOST_THREADS)
    """Questions to the store at once; half of them for one domain, two at least. 0: one for each two cores, for who searches is not to slow those who send, and two at least,
    so that a slow search does not hold up what else a page asks."""
    loki: bool = False
    """Answer Loki's read API below `/loki/api/v1`, for Grafana and logcli."""
    mcp: bool = True
    """Answer agents at `/mcp` (Model Context Protocol, streamable HTTP), who may look. Takes the extra `mcp`."""
    mcp_decisions: bool = False
    """Let agents resolve, archive, acknowledge and assign issues, too, where who asks may."""

    @property
    def redacts(self) -> bool:
        """Whether anything is masked."""
        return self.login is not None if self.redact.enabled is None else self.redact.enabled

    def questions_at_once(self) -> int:
        """`query_threads`, on this machine."""
        return self.query_threads or min(_MOST_THREADS, max(2, (os.cpu_count() or 1) // 2))

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, value: str) -> str:
        Endpoint.parse(value, "tcp")
        return value

    @field_validator("login", mode="before")
    @classmethod
    def _written(cls, value: object) -> object:
        """`login:` with nothing behind it asks, too."""
        return {} if value is None else value

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError("public_url must be a URL such as https://logs.example.com")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.public_url and urlsplit(self.public_url).path != self.base_path:
            raise ValueError("public_url must end with base_path, and with no other path")
        return self

    @property
    def over_tls(self) -> bool:
        """Browsers reach it over TLS."""
        return self.tls is not None or self.public_url.startswith("https://")

    @property
    def names(self) -> frozenset[str]:
        """By which it is asked for, beside those of loopback; none: by any, where other machines reach it."""
        return frozenset(name.lower() for name in (*self.hosts, urlsplit(self.public_url).hostname or "") if name)

    @property
    def is_local(self) -> bool:
        """Only this machine reaches it."""
        return Endpoint.parse(self.endpoint, "tcp").is_local

    def shown_to_anybody(self) -> Mapping[str, str]:
        """Without a login, whoever reaches it."""
        return {} if self.is_local or self.login is not None else {"endpoint": self.endpoint}

    def cautions(self) -> Mapping[str, str]:
        """What goes over the network as it is."""
        if self.login is None or self.is_local or self.over_tls:
            return {}
        said = (
            f"passwords, keys and sessions come to {self.endpoint} in clear text: add tls (cert_file, key_file), or public_url: "
            "https://… where a proxy in front ends TLS"
        )
        return {"endpoint": said}

    def reads_store(self) -> str:
        """Whose store is shown."""
        return self.store

    def reads_archive(self) -> str:
        """Whose archive is searched."""
        return self.archive

    def listens_on(self) -> list[str]:
        """For whoever looks beforehand whether it is free."""
        return [self.endpoint]
