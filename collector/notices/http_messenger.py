"""Messages over HTTP: calls with a time limit each, and simpler words where the destination does not take the better ones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

import orjson

from collector.component import Context
from collector.notices.messenger import Messenger
from collector.notices.pace import Pace
from collector.notices.templates import templates_of
from collector.transport.auth import client_authenticator
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.http_client_config import HttpClientConfig

JSON = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_. -]{0,60}")


class HttpMessenger(Messenger):
    """Base of exporters with a destination that speaks HTTP.

    Args:
        timeout_secs: of one call; 0 = no limit.
    """

    def __init__(self, config: HttpClientConfig, context: Context, pace: Pace, timeout_secs: float) -> None:
        super().__init__(pace, templates_of(config))
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
        method: Literal["GET", "POST", "PUT", "PATCH"],
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = JSON,
    ) -> HttpAnswer:
        """One call. Raises `TimeoutError` and what the client raises."""
        sent = None if body is None else self._client.compressed(body)
        async with asyncio.timeout(self._timeout):
            return await self._client.request(method, url, sent, headers)

    async def post(self, url: str, said: Any, headers: Mapping[str, str] = JSON) -> HttpAnswer:
        """A call with a JSON body."""
        return await self.call("POST", url, orjson.dumps(said), headers)


async def simplified(
    say: Callable[[Any], Awaitable[HttpAnswer]], words: Iterable[Any], refused: Callable[[HttpAnswer], bool]
) -> HttpAnswer:
    """Say it in the first of these words, which are ever simpler, that the destination does not refuse for what they look like; gives the
    last answer. So no form costs an alert."""
    words = list(words)
    for each in words[:-1]:
        answer = await say(each)
        if not refused(answer):
            return answer
    return await say(words[-1])


def word(found: Any) -> str:
    """An error's name in an answer, if it looks like one: nothing else of an answer is repeated, for it may hold what was sent."""
    return found if isinstance(found, str) and _WORD.fullmatch(found) else ""


def fields(answer: HttpAnswer) -> dict[str, Any]:
    """The JSON object in an answer; empty when there is none."""
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
