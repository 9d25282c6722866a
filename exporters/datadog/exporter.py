"""Batches to Datadog: one POST of a JSON array for each request."""

from __future__ import annotations

import time
from dataclasses import dataclass

import orjson

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import json_array
from collector.outcomes import Split, Verdicts
from collector.transport.http_answers import NotSent, verdict_of
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.datadog.config import ENTRIES, DatadogConfig
from exporters.datadog.entries import Writer

_MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Body:
    """A compressed array; how many entries and bytes it has, which the intake limits."""

    content: bytes
    entries: int
    size_bytes: int


class DatadogExporter:
    """Translates between batches and calls. There is no key that a resend could be recognised by."""

    def __init__(self, config: DatadogConfig, context: Context) -> None:
        del context
        self._url = config.url
        self._headers = {"DD-API-KEY": config.api.key.get_secret_value(), "Content-Type": "application/json"}
        self._client = HttpClient(config)
        self._writer = Writer(config)

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> Body:
        """The batch as one compressed array."""
        array = json_array(self._writer.entries(batch, time.time_ns()))
        return Body(self._client.compressed(array), len(batch), len(array))

    async def send(self, request: Body) -> HttpAnswer:
        """One call. Raises NotSent when it is too large."""
        if request.size_bytes > _MOST_BYTES or request.entries > ENTRIES:
            what = f"{request.entries} entries, {request.size_bytes} bytes: a call takes {ENTRIES} and {_MOST_BYTES}"
            raise NotSent(Split(what, too_large=request.size_bytes > _MOST_BYTES))
        return await self._client.post(self._url, request.content, self._headers)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table, with what Datadog says about it."""
        return [verdict_of(answer, _said)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()


def _said(body: bytes) -> str:
    """`{"errors":[{"detail":"…","status":"403","title":"Forbidden"}]}`: the details, shortened."""
    try:
        errors = orjson.loads(body)["errors"]
        return "; ".join(str(error["detail"] if isinstance(error, dict) else error) for error in errors)[:300]
    except (ValueError, KeyError, TypeError):
        return ""
