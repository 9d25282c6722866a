"""Facts from a service over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from collector.component import ClientAuthenticator
from collector.transport.http_client import HttpClient, describe
from processors.enrich.config import DOMAIN, KEY, KEYS, HttpSource
from processors.enrich.facts import Asked, Facts, Unanswered, by_key, member

_MOST_BYTES = 16 << 20
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_UNKNOWN = 404
_OK = 200


class Service:
    """Asks on an event loop of its own, from the thread that asks."""

    def __init__(self, config: HttpSource, authenticator: ClientAuthenticator | None) -> None:
        self._config = config
        self.batch = 1 if KEY in config.url and KEYS not in config.url else config.batch
        self.concurrency = config.concurrency
        self._client = HttpClient(config, authenticator=authenticator)
        self._loop: asyncio.AbstractEventLoop | None = None

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
            async with asyncio.timeout(self._config.timeout):
                answers = await asyncio.gather(*map(self._one, parts))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unanswered(describe(error)) from error
        return {one: facts for answer in answers for one, facts in answer.items()}

    async def _one(self, asked: list[Asked]) -> Mapping[Asked, Facts]:
        url, body = self._config.url, None
        domain = quote(asked[0].domain, safe="")
        if KEYS in url:
            url = url.replace(KEYS, ",".join(quote(one.key, safe="") for one in asked))
        elif KEY in url:
            url = url.replace(KEY, quote(asked[0].key, safe=""))
        else:
            body = orjson.dumps({"keys": [one.key for one in asked]})
        answer = await self._client.request(
            "POST" if body else "GET", url.replace(DOMAIN, domain), body, _JSON, _MOST_BYTES, plain=True
        )
        if answer.status == _UNKNOWN and self.batch == 1:
            return {}
        if answer.status != _OK:
            raise Unanswered(f"it answered {answer.status}")
        try:
            found = member(orjson.loads(answer.body), self._config.result)
        except orjson.JSONDecodeError:
            raise Unanswered("its answer is no JSON") from None
        return self._facts(asked, found)

    def _facts(self, asked: list[Asked], found: Any) -> Mapping[Asked, Facts]:
        if KEY in self._config.url and isinstance(found, dict):
            return {asked[0]: found}
        if found is None:
            return {}
        known = by_key(found, self._config.key_field)
        return {one: known[one.key] for one in asked if one.key in known}
