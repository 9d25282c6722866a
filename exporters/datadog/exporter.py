"""Batches to Datadog: one POST of a JSON array for each request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import time_ns

import orjson

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import json_array
from collector.outcomes import Split, Verdicts
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.auth import client_authenticator
from collector.transport.http_answers import NotSent, verdict_of
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.datadog.config import ENTRIES, DatadogConfig
from exporters.datadog.entries import ENTRY_BYTES, Writer

_MOST_BYTES = 5_000_000
TAKEN = Acceptance("Datadog", frozenset({200, 202}), says_so=json_without_error)
"""202 `{}`; what speaks its protocol also answers 200, or without a body."""


@dataclass(frozen=True, slots=True)
class Body:
    """A compressed array; how many entries and bytes it has, and its longest entry, which the intake limits. It is made
    anew from `batch` when it is sent after `fresh_until`."""

    content: bytes
    batch: LogBatch
    size_bytes: int
    longest: int
    fresh_until: float


class DatadogExporter:
    """Translates between batches and calls. There is no key that a resend could be recognised by."""

    def __init__(self, config: DatadogConfig, context: Context) -> None:
        self._url = config.url
        self._headers = {"DD-API-KEY": config.api.key.get_secret_value(), "Content-Type": "application/json"}
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))
        self._writer = Writer(config)

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> Body:
        """The batch as one compressed array."""
        now = time_ns()
        entries = self._writer.entries(batch, now)
        array = json_array(entries)
        longest = int(entries.str.len_bytes().max() or 0)  # type: ignore[arg-type]  # UInt32
        fresh_until = self._writer.fresh_until(batch, now)
        return Body(self._client.compressed(array), batch, len(array), longest, fresh_until)

    async def send(self, request: Body) -> HttpAnswer:
        """One call. Raises NotSent when it is too large."""
        if time_ns() > request.fresh_until:  # it waited, perhaps for hours: Datadog would drop it silently
            request = await asyncio.to_thread(self.encode, request.batch)
        entries, size = len(request.batch), request.size_bytes
        if size > _MOST_BYTES or entries > ENTRIES:
            what = f"{entries} entries, {size} bytes: a call takes {ENTRIES} and {_MOST_BYTES}"
            raise NotSent(Split(what, too_large=size > _MOST_BYTES))
        if request.longest > ENTRY_BYTES:
            raise NotSent(Split(f"an entry of {request.longest} bytes: Datadog takes {ENTRY_BYTES}"))
        return await self._client.post(self._url, request.content, self._headers)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table, with what Datadog says about it."""
        return [verdict_of(answer, _said, TAKEN)]

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
