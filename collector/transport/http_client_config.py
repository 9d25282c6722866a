"""otelcol's HTTP client options (confighttp), without the client: importing this loads neither aiohttp nor a codec."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from collector.transport.auth import Auth
from collector.transport.block import Block
from collector.transport.compression import Compression, check_compression
from collector.transport.headers import Headers
from collector.transport.tls import TlsClientConfig
from collector.units import Duration

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
"""What `CHANGEME` is, and `splunk.example` or `splunk:8088` are not: there, a scheme was forgotten."""


class CompressionParams(Block):
    """`compression_params`."""

    level: int = 0
    """Effort by the algorithm's own scale; 0 = the fastest that pays."""


class Cookies(Block):
    """`cookies`."""

    enabled: bool = False
    """Keep the cookies that the destination sets."""


class HttpClientConfig(Block):
    """The options that every HTTP exporter shares; `timeout` is delivery's."""

    own_credential: ClassVar[str] = ""
    """Options by which an exporter says who it is in a way of its own, so that it takes no `auth`."""

    endpoint: str = ""
    """URL of the destination, `http://` or `https://`."""
    proxy_url: str = ""
    """Proxy for all requests; empty = `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment."""
    tls: TlsClientConfig = TlsClientConfig()
    """For `https://`; the URL decides whether TLS is spoken."""
    headers: Headers = {}
    """Sent with each request: a map, or a list of `{name, value}`. Values are secrets."""
    compression: Compression = ""
    """Of request bodies."""
    compression_params: CompressionParams = CompressionParams()
    """Effort of the compression."""
    read_buffer_size: int = 0
    """Accepted; buffers are aiohttp's."""
    write_buffer_size: int = 0
    """Accepted; buffers are aiohttp's."""
    max_idle_conns: int = 100
    """Accepted; idle connections are bounded by `max_conns_per_host`."""
    max_idle_conns_per_host: int = 0
    """Accepted; idle connections are bounded by `max_conns_per_host`."""
    max_conns_per_host: int = Field(0, ge=0)
    """Connections at once; 0 = as many as there are requests in flight."""
    idle_conn_timeout: Duration = 90.0
    """An unused connection is closed after this time."""
    disable_keep_alives: bool = False
    """A new connection for each request."""
    force_attempt_http2: bool = True
    """Accepted; HTTP/1.1 is spoken."""
    http2_read_idle_timeout: Duration = 0.0
    """Accepted; HTTP/1.1 is spoken."""
    http2_ping_timeout: Duration = 0.0
    """Accepted; HTTP/1.1 is spoken."""
    cookies: Cookies | None = None
    """Cookies are forgotten unless enabled."""
    auth: Auth | None = None
    """The extension that says who we are, with each request; its headers take the place of those of the same name."""
    middlewares: list[Any] = []
    """Client middlewares are not available; must be empty."""

    @model_validator(mode="after")
    def _check_client(self) -> Self:
        check_compression(self.compression, self.compression_params.level)
        if self.auth and self.own_credential:
            raise ValueError(f"auth: it shows a credential of its own, {self.own_credential}")
        if self.middlewares:
            raise ValueError("middlewares are not available")
        for name in ("endpoint", "proxy_url"):
            if getattr(self, name):
                check_url(name, getattr(self, name))
        self.check_credentials("endpoint", self.endpoint)
        return self

    def named_authenticators(self) -> Sequence[str]:
        """The one that says who we are, where there is one."""
        return [self.auth.authenticator] if self.auth is not None else []

    def destination(self) -> str:
        """For people: the server, without what else the URL holds."""
        return origin(self.endpoint)

    def check_credentials(self, name: str, url: str) -> None:
        """Raises ValueError when both the URL and `headers` or `auth` say who we are: the client would refuse each request."""
        if self.auth or any(header.lower() == "authorization" for header in self.headers):
            check_no_user(name, url)


class WordClientConfig(HttpClientConfig):
    """An HTTP client whose `endpoint` may be one word: the Collector starts with templates' `CHANGEME`, and delivers nothing there."""

    @field_validator("endpoint")
    @classmethod
    def _word(cls, endpoint: str) -> str:
        return f"https://{endpoint}" if _WORD.fullmatch(endpoint) else endpoint

    def cautions(self) -> Mapping[str, str]:
        """A host that looks like what a template left."""
        word = self.endpoint.removeprefix("https://")
        if not _WORD.fullmatch(word):
            return {}
        return {
            "endpoint": f"{word} is all that it says: records wait until a machine of that name answers at https://{word}; "
            "write http://host:port or https://host:port"
        }


def check_url(name: str, url: str) -> None:
    """Raises ValueError with the option's name, never with the URL (it may hold a password)."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"{name} is not a URL: write http://host:port or https://host:port")


def check_no_user(name: str, url: str) -> None:
    """For calls that carry a credential of their own: two of them are none. Raises ValueError, never with the URL."""
    if "@" in urlsplit(url).netloc:
        raise ValueError(f"{name} holds a user name or password, but another credential is sent: leave one of them out")


def is_loopback(host: str) -> bool:
    """Whether it names this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> str:
    """Scheme, host and port of a URL: what may be shown of it. Says when records leave in the clear."""
    parts = urlsplit(url)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return f"{shown} (in the clear)" if leaves_in_the_clear(url) else shown


def leaves_in_the_clear(url: str) -> bool:
    """`http://` to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
