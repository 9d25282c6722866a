"""The HTTP client of all exporters that speak HTTP: otelcol's client options (confighttp) over aiohttp.

Secrets (`headers`, user names in URLs) never reach a log or an error: failures are described from the error's type and
the host alone.
"""

from __future__ import annotations

import asyncio
import io
import math
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp

from collector.component import ClientAuthenticator, Outgoing, SignsRequests
from collector.transport.compression import compressor, content_encoding
from collector.transport.environment_proxy import environment_proxy
from collector.transport.headers import revealed, with_credentials, without_credentials
from collector.transport.http_client_config import HttpClientConfig
from collector.transport.tls import Renewed, certificate_refused, client_context
from collector.transport.user_agent import USER_AGENT

MAX_ANSWER_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back. `body` is decompressed and cut at the limit, in a refusal without our credentials; header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """A pool of connections. `start` and `close` on the event loop; `compressed` on any thread."""

    def __init__(
        self,
        config: HttpClientConfig,
        user_agent: str = USER_AGENT,
        authenticator: ClientAuthenticator | None = None,
    ) -> None:
        self._config = config
        self._authenticator = authenticator
        self._signer = authenticator if isinstance(authenticator, SignsRequests) else None
        self._compress = compressor(config.compression, config.compression_params.level)
        self._encoding = content_encoding(config.compression)
        self._headers = {"User-Agent": user_agent, **revealed(config.headers)}
        self._session: aiohttp.ClientSession | None = None
        self._tls: Renewed[ssl.SSLContext] | None = None

    async def start(self) -> None:
        """Make the pool; nothing is connected yet. Raises OSError or ssl.SSLError for TLS files that can't be used."""
        config = self._config
        reload_secs = config.tls.reload_interval or math.inf
        self._tls = Renewed(config.tls, lambda: client_context(config.tls), reload_secs)
        connector = self.connector()
        keep_cookies = config.cookies is not None and config.cookies.enabled
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.CookieJar(unsafe=True) if keep_cookies else aiohttp.DummyCookieJar(),
            headers=self._headers,
            skip_auto_headers=("Content-Type", "Accept"),
            timeout=aiohttp.ClientTimeout(),  # delivery times each attempt
        )

    def connector(self) -> aiohttp.BaseConnector:
        """How it connects: over TCP."""
        config = self._config
        options: dict[str, Any] = {"limit": 0, "limit_per_host": config.max_conns_per_host}
        if config.disable_keep_alives:
            options["force_close"] = True
        elif config.idle_conn_timeout:
            options["keepalive_timeout"] = config.idle_conn_timeout
        return aiohttp.TCPConnector(**options)

    def compressed(self, body: bytes) -> bytes:
        """The body as `post` sends it."""
        return self._compress(body)

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> HttpAnswer:
        """Send a body that `compressed` made. Raises aiohttp's and the socket's errors; redirects are answers."""
        return await self.request("POST", url, body, headers, max_answer_bytes)

    async def request(
        self,
        method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        *,
        plain: bool = False,
    ) -> HttpAnswer:
        """As `post`, with any method. `plain`: the body was not compressed."""
        assert self._session is not None, "not started"
        assert self._tls is not None
        sent = await with_credentials(headers or {}, self._authenticator)
        if body is not None and self._encoding and not plain:
            sent["Content-Encoding"] = self._encoding
        if self._signer is not None:
            sent |= await self._signer.signature(Outgoing(method, url, {**self._headers, **sent}, body or b""))
        async with self._session.request(
            method,
            url,
            data=None if body is None else io.BytesIO(body),  # in pieces: aiohttp writes bytes at once, however many
            headers=sent,
            allow_redirects=False,
            ssl=self._tls.current(),
            proxy=self._config.proxy_url or environment_proxy(url),
            server_hostname=self._config.tls.server_name_override or None,
        ) as response:
            answer = await _read(response, max_answer_bytes)
        if response.status >= 300:
            answer = without_credentials(answer, [*revealed(self._config.headers).items(), *sent.items()])
        return HttpAnswer(response.status, response.headers, answer)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """At most `limit` bytes; a longer answer costs the connection, not memory."""
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk[: limit - size])
        size += len(chunk)
        if size >= limit:
            if not response.content.at_eof():
                response.close()
            break
    return b"".join(chunks)


def describe(error: Exception) -> str:
    """A sentence about a failed request: what and which host, nothing that was configured as a secret."""
    if isinstance(error, asyncio.TimeoutError):
        return "no answer within the timeout"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return _tls_reason(error, f"{error.host}:{error.port}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port}: {_network_reason(error.os_error)}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer broke off"
    if isinstance(error, aiohttp.ClientOSError):
        return f"the connection broke: {error.strerror or type(error).__name__}"
    return type(error).__name__


def needs_people(error: Exception) -> bool:
    """Whether nothing but a change of the configuration, or of the server's, makes the next call better."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return True
    return isinstance(error, aiohttp.ClientConnectorSSLError) and _speaks_no_tls(error)


def _tls_reason(error: aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError, where: str) -> str:
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error.os_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return certificate_refused(where, cause)
    if isinstance(error, aiohttp.ClientConnectorSSLError) and _speaks_no_tls(error):
        return f"{where} does not speak TLS: is its URL http://?"
    return f"TLS with {where} failed: {getattr(cause, 'reason', None) or type(cause).__name__}"


def _speaks_no_tls(error: aiohttp.ClientConnectorSSLError) -> bool:
    return getattr(error.os_error, "reason", None) in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")


def _network_reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "the name cannot be resolved"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    return error.strerror or type(error).__name__
