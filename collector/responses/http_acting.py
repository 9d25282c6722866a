"""Exporters that act over HTTP: calls with a time limit each, and what an answer means for something that is to be done once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import aiohttp
import orjson

from collector.component import Context
from collector.responses.acting import Acts
from collector.responses.outcome import Again, NotDone
from collector.transport.auth import client_authenticator
from collector.transport.http_answers import described, retry_after_secs
from collector.transport.http_client import HttpAnswer, HttpClient, describe, needs_people
from collector.transport.http_client_config import HttpClientConfig

JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_NEVER_ARRIVED = (aiohttp.ClientConnectorError,)


class HttpActs(Acts):
    """Base of such exporters.

    Args:
        timeout_secs: of one call; 0 = no limit.
    """

    who: str = "the server"

    def __init__(self, config: HttpClientConfig, context: Context, timeout_secs: float) -> None:
        super().__init__(context)
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))
        self._timeout = timeout_secs or None

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def call(
        self,
        method: Literal["GET", "POST", "PATCH"],
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = JSON,
        *,
        asks: bool = False,
    ) -> HttpAnswer:
        """A call that was taken.

        Args:
            asks: it changes nothing.

        Raises:
            Again: it was not, and may be made again.
            NotDone: it was refused; or nobody knows, and it must not be made twice.
        """
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.request(method, url, body, headers, plain=True)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unanswered(error, asks=asks) from error
        if answer.status in (429, 503):
            raise Again(described(answer.status, ""), retry_after_secs(answer))
        if answer.status >= 500 and (asks or self.repeatable):
            raise Again(described(answer.status, ""))
        if not 200 <= answer.status < 300:
            raise NotDone(f"{self.who} answered {described(answer.status, self.said(answer))}")
        return answer

    async def post(self, url: str, said: Any, headers: Mapping[str, str] = JSON) -> HttpAnswer:
        """A call with a JSON body."""
        return await self.call("POST", url, orjson.dumps(said), headers)

    def said(self, answer: HttpAnswer) -> str:
        """The destination's own words in a refusal, where they are known to hold nothing secret."""
        del answer
        return ""

    def _unanswered(self, error: Exception, *, asks: bool) -> Exception:
        sentence = describe(error)
        if needs_people(error):
            return NotDone(sentence)
        if asks or self.repeatable or isinstance(error, _NEVER_ARRIVED):
            return Again(sentence)
        return NotDone(f"{sentence}: whether it was done is not known")
