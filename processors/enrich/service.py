"""Facts from a service over HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from collector.component import ClientAuthenticator
from collector.transport.http_client import HttpAnswer, HttpClient, describe
from processors.enrich.config import DOMAIN, KEY, KEYS, HttpSource
from processors.enrich.facts import Asked, Facts, Unanswered, by_key, member

log = logging.getLogger("logboom.enrich")
_MOST_BYTES = 16 << 20
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_UNKNOWN = 404
_OK = 200
_NOT_OF_KEYS = frozenset({401, 403, 407, 408, 425, 429})
"""4xx that say who may ask, or when, and nothing of what is asked for."""


class Service:
    """Asks on an event loop of its own, from the thread that asks."""

    def __init__(self, ident: str, config: HttpSource, authenticator: ClientAuthenticator | None) -> None:
        self._ident, self._config = ident, config
        self.batch = 1 if KEY in config.url and KEYS not in config.url else config.batch
        self.concurrency = config.concurrency
        self._client = HttpClient(config, authenticator=authenticator)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: set[int] = set()

    def open(self) -> None:
        """Make the pool of connections, once."""
        if self._loop is None:
            loop = asyncio.new_event_loop()
            try:
                loop.run_until_complete(self._client.start())
            except OSError as error:  # of TLS files
                loop.close()
                raise Unanswered(describe(error)) from error
            self._loop = loop

    def ask(self, asked: list[Asked]) -> Mapping[Asked, Facts]:
        """In requests of `batch` keys, `concurrency` of them at once. Raises `Unanswered`."""
        assert self._loop is not None
        return self._loop.run_until_complete(self._all(asked))

    def close(self) -> None:
        """Close the connections."""
        if self._loop is not None:
            self._loop.run_until_complete(self._client.close())
            self._loop.close()
            self._loop = None

    async def _all(self, asked: list[Asked]) -> Mapping[Asked, Facts]:
        parts = [asked[at : at + self.batch] for at in range(0, len(asked), self.batch)]
        try:
            async with asyncio.TaskGroup() as group:  # one that fails ends the others
                tasks = [group.create_task(self._part(part)) for part in parts]
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        return {one: facts for task in tasks for one, facts in task.result().items()}

    async def _part(self, asked: list[Asked]) -> dict[Asked, Facts]:
        """Of one request. One that is refused for what it asks for is made of each half: no key keeps others from their facts."""
        answer = await self._request(asked)
        if answer.status == _OK:
            return self._facts(asked, self._found(answer))
        if not 400 <= answer.status < 500 or answer.status in _NOT_OF_KEYS:
            raise Unanswered(f"it answered {answer.status}")
        self._tell(answer.status)
        half = len(asked) // 2
        return await self._part(asked[:half]) | await self._part(asked[half:]) if half else {}

    async def _request(self, asked: list[Asked]) -> HttpAnswer:
        url, body = self._config.url, None
        domain = quote(asked[0].domain, safe="")
        if KEYS in url:
            url = url.replace(KEYS, ",".join(quote(one.key, safe="") for one in asked))
        elif KEY in url:
            url = url.replace(KEY, quote(asked[0].key, safe=""))
        else:
            body = orjson.dumps({"keys": [one.key for one in asked]})
        url = url.replace(DOMAIN, domain)
        try:
            async with asyncio.timeout(self._config.timeout):
                return await self._client.request("POST" if body else "GET", url, body, _JSON, _MOST_BYTES, plain=True)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unanswered(describe(error)) from error

    def _tell(self, status: int) -> None:
        """Once of each: it may be that not the keys but the URL is wrong. Of one key 404 is an answer."""
        if status not in self._told and (status != _UNKNOWN or self.batch > 1):
            log.warning("%s: the service answers %d: keys that it refuses count as not known", self._ident, status)
        self._told.add(status)

    def _found(self, answer: HttpAnswer) -> Any:
        try:
            return member(orjson.loads(answer.body), self._config.result)
        except orjson.JSONDecodeError:
            raise Unanswered("its answer is no JSON") from None

    def _facts(self, asked: list[Asked], found: Any) -> dict[Asked, Facts]:
        if KEY in self._config.url and isinstance(found, dict):
            return {asked[0]: found}
        if found is None:
            return {}
        known = by_key(found, self._config.key_field)
        return {one: known[one.key] for one in asked if one.key in known}
