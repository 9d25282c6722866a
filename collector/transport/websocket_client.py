"""A WebSocket to a server, with the options of an HTTP client: TLS, headers, proxy, authenticator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from collector.component import Outgoing
from collector.outcomes import Blocked
from collector.transport.environment_proxy import environment_proxy
from collector.transport.headers import with_credentials
from collector.transport.http_answers import NotSent
from collector.transport.http_client import HttpClient

_PING_SECS = 30.0
_CLOSING_SECS = 2.0


class WebSocketClient(HttpClient):
    """As an HTTP client; beside its requests it opens WebSockets."""

    @asynccontextmanager
    async def websocket(
        self, url: str, headers: Mapping[str, str], max_message_bytes: int
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """An open one at an `http://` or `https://` URL, without compression, closed behind it. It breaks when nobody answers its pings, and over
        a message that is too large.

        Raises what `request` raises; `aiohttp.WSServerHandshakeError` for a refusal, and `NotSent` for a redirect: our credentials go nowhere else.
        """
        assert self._tls is not None, "not started"
        sent = await with_credentials(headers, self._authenticator)
        if self._signer is not None:
            sent |= await self._signer.signature(Outgoing("GET", url, {**self._headers, **sent}, b""))
        traced = aiohttp.TraceConfig()
        traced.on_request_redirect.append(_stay)
        timeout = aiohttp.ClientWSTimeout(ws_close=_CLOSING_SECS)
        async with (
            aiohttp.ClientSession(
                connector=self.connector(), headers=self._headers, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[traced]
            ) as session,
            session.ws_connect(
                url, headers=sent, timeout=timeout, heartbeat=_PING_SECS, max_msg_size=max_message_bytes, ssl=self._tls.current(),
                proxy=self._config.proxy_url or environment_proxy(url),
                server_hostname=self._config.tls.server_name_override or None,
            ) as socket,
        ):  # fmt: skip
            yield socket


async def _stay(*_: Any) -> None:
    raise NotSent(Blocked("the server redirects, and redirects are not followed"))
