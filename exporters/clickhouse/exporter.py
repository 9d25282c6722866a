"""Batches to ClickHouse's HTTP interface: one `INSERT … FORMAT ArrowStream` each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import quote, urlencode

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry, Verdicts
from collector.transport.http_answers import NotSent
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.clickhouse.answers import insert_verdict, lacks_optional, statement_verdict
from exporters.clickhouse.config import ClickHouseConfig
from exporters.clickhouse.rows import arrow_stream
from exporters.clickhouse.schema import insert, statements


@dataclass(frozen=True, slots=True)
class Insert:
    """Compressed rows, and the token by which the server knows them again; empty = none."""

    content: bytes
    token: str


class ClickHouseExporter:
    """Translates between batches and inserts. One that is repeated has the same token: a table that deduplicates stores it once."""

    def __init__(self, config: ClickHouseConfig, context: Context) -> None:
        del context
        self._config = config
        self._client = HttpClient(config.client)
        self._url = config.address.base
        self._settings = _settings(config)
        self._who = _who(config)
        self._with_optional = True
        self._prepared = not config.create_schema
        self._preparing = asyncio.Lock()

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> Insert:
        """The batch as compressed rows."""
        return Insert(self._client.compressed(arrow_stream(batch)), _token(batch))

    async def send(self, request: Insert) -> HttpAnswer:
        """One insert; before the first one database and table are made. Raises NotSent when they cannot be."""
        await self._prepare()
        answer = await self._insert(request)
        if self._with_optional and lacks_optional(answer):
            self._with_optional = False
            answer = await self._insert(request)
        return answer

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By the exception's number, else by HTTP's table."""
        return [insert_verdict(answer)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _insert(self, request: Insert) -> HttpAnswer:
        query = insert(self._config, with_optional=self._with_optional)
        token = {"insert_deduplication_token": request.token} if request.token else {}
        params = urlencode({"query": query, **token, **self._settings}, quote_via=quote)
        return await self._client.post(f"{self._url}/?{params}", request.content, self._who)

    async def _prepare(self) -> None:
        async with self._preparing:
            if self._prepared:
                return
            for statement in statements(self._config):
                answer = await self._client.request("POST", f"{self._url}/", statement.encode(), self._who, plain=True)
                found = statement_verdict(answer)
                if not isinstance(found, Ok):
                    assert isinstance(found, Blocked | Retry), "a statement rejects no rows"
                    raise NotSent(found)
            self._prepared = True


def _settings(config: ClickHouseConfig) -> Mapping[str, str]:
    """Of each insert. What people wrote comes first, but for the columns that a stream has and a statement does not name."""
    gathered = {"async_insert": "1", "wait_for_async_insert": "1", "async_insert_deduplicate": "1"}
    return {
        **(gathered if config.async_insert else {"async_insert": "0"}),
        "insert_deduplicate": "1",
        **config.address.settings,
        "input_format_skip_unknown_fields": "1",
    }


def _who(config: ClickHouseConfig) -> Mapping[str, str]:
    named = {"X-ClickHouse-User": config.user, "X-ClickHouse-Key": config.key}
    return {name: value for name, value in named.items() if value}


def _token(batch: LogBatch) -> str:
    """By the records' ids: equal text alone must not make one of two records. None where a record has no id."""
    ids = batch.column("record_id")
    if ids.null_count():
        return ""
    return blake2b("\n".join(ids).encode(), digest_size=16).hexdigest()
