"""Batches to Azure Monitor's Logs Ingestion API: one POST of a JSON array for each request."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import json_array
from collector.outcomes import Split, Verdicts
from collector.transport.access_token import BearerClient, Granted, ask
from collector.transport.http_answers import NotSent, verdict_of
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.sentinel.columns import objects
from exporters.sentinel.config import SentinelConfig


@dataclass(frozen=True, slots=True)
class Body:
    """A compressed JSON array and its size before that; the API limits both."""

    content: bytes
    size_bytes: int


class SentinelExporter:
    """Translates between batches and calls. There is no key that a resend could be recognised by."""

    def __init__(self, config: SentinelConfig, context: Context) -> None:
        del context
        self._config = config
        self._client = BearerClient(config, self._sign_in)

    async def start(self) -> None:
        """Make the connection pools; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> Body:
        """The batch as one compressed array."""
        config = self._config
        array = json_array(objects(batch, config.columns, config.max_field_bytes))
        return Body(self._client.compressed(array), len(array))

    async def send(self, request: Body) -> HttpAnswer:
        """One call. Raises NotSent when the body is too large (the API would say 404 or 413 as it likes), or when there
        is no token."""
        most = self._config.max_call_bytes
        if max(request.size_bytes, len(request.content)) > most:
            raise NotSent(Split(f"{request.size_bytes} bytes: a call takes {most}", too_large=True))
        return await self._client.post_json(self._config.url, request.content)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table, with what Azure says about it."""
        return [verdict_of(answer, _said)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _sign_in(self, client: HttpClient) -> Granted:
        """The client credentials grant (RFC 6749, section 4.4)."""
        config = self._config
        form = {
            "grant_type": "client_credentials",
            "client_id": config.client_id,
            "client_secret": config.client_secret.get_secret_value(),
            "scope": config.scope,
        }
        return await ask(client, config.token_url, form)


def _said(body: bytes) -> str:
    """`{"error":{"code":"InvalidStream","message":"…"}}`: both, shortened."""
    try:
        error = orjson.loads(body)["error"]
        return f"{error['code']}: {error['message']}"[:300]
    except (ValueError, KeyError, TypeError):
        return ""
