"""Calls to one HTTP Event Collector: events, acknowledgements, health."""

from __future__ import annotations

import asyncio
from typing import Literal
from urllib.parse import urlencode

from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.splunk_hec.acknowledgement import Ask, Channel
from exporters.splunk_hec.answers import WELL, Reply, read
from exporters.splunk_hec.channels import Channels
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.parts import Part

CHANNEL = "X-Splunk-Request-Channel"
_JSON, _TEXT = "application/json", "text/plain; charset=utf-8"
_LIBRARY = "X-Splunk-Instrumentation-Library"
_PROFILING = "otel.profiling"


class Unwell(Exception):
    """The health API says no; `reply` is what it says."""

    def __init__(self, answer: HttpAnswer, reply: Reply) -> None:
        super().__init__(f"health check: {reply.objection or reply.reason}")
        self.answer = answer
        self.reply = reply


class Endpoint:
    """Speaks to the server; each call has the option `timeout`. `start` and `close` on the event loop."""

    def __init__(self, config: SplunkHecConfig) -> None:
        self._config = config
        self._client = HttpClient(config.client, f"{config.splunk_app_name}/{config.splunk_app_version}")
        self._headers = {
            "Content-Type": _TEXT if config.export_raw else _JSON,
            "__splunk_app_name": config.splunk_app_name,
            "__splunk_app_version": config.splunk_app_version,
        }
        self._url = config.url
        self._channels = Channels(lambda token: Channel(config.acknowledgement, self._asks_with(token)))
        self._healthy = not config.health_check_enabled
        self._slots = asyncio.Semaphore(config.sending_queue.consumers)

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    async def close(self) -> None:
        """Stop asking for acknowledgements, and close the connections."""
        await self._channels.close()
        await self._client.close()

    async def channel(self, token: str) -> Channel:
        """The channel that calls with this token use."""
        return await self._channels.of(token)

    async def check_health(self) -> None:
        """Once, until it is well. Raises `Unwell`, or what a call raises."""
        if self._healthy:
            return
        answer = await self._timed("GET", self._config.at(self._config.health_path), None, self._credential(""))
        reply = read(answer, WELL)
        if not reply.succeeded:
            raise Unwell(answer, reply)
        self._healthy = True

    async def post(self, part: Part, channel: str = "") -> HttpAnswer:
        """Send the part's body."""
        headers = {**self._headers, **self._credential(part.token)}
        if channel:
            headers[CHANNEL] = channel
        if part.profiling:
            headers[_LIBRARY] = _PROFILING
        query = urlencode(part.query)
        url = f"{self._url}{'&' if '?' in self._url else '?'}{query}" if query else self._url
        async with self._slots:
            return await self._timed("POST", url, part.body, headers)

    def compressed(self, body: bytes) -> bytes:
        """The body as `post` takes it; may be called on any thread."""
        return self._client.compressed(body)

    def _asks_with(self, token: str) -> Ask:
        url = self._config.at(self._config.acknowledgement.path)

        async def ask(channel: str, body: bytes) -> HttpAnswer:
            headers = {"Content-Type": _JSON, CHANNEL: channel, **self._credential(token)}
            return await self._timed("POST", f"{url}?{urlencode({'channel': channel})}", body, headers, plain=True)

        return ask

    def _credential(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Splunk {token or self._config.token.get_secret_value()}"}

    async def _timed(
        self,
        method: Literal["GET", "POST"],
        url: str,
        body: bytes | None,
        headers: dict[str, str],
        *,
        plain: bool = False,
    ) -> HttpAnswer:
        async with asyncio.timeout(self._config.timeout or None):
            return await self._client.request(method, url, body, headers, plain=plain)
