"""Batches to Azure Monitor's Logs Ingestion API: one POST of a JSON array for each request."""

from __future__ import annotations

from functools import partial

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import json_array
from collector.outcomes import Verdicts
from collector.transport.acceptance import Acceptance
from collector.transport.access_token import BearerClient, Granted, ask
from collector.transport.http_answers import error_said, verdict_of
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.sized_body import SizedBody
from exporters.sentinel.columns import objects
from exporters.sentinel.config import SentinelConfig

TAKEN = Acceptance("Azure Monitor", frozenset({204}))


class SentinelExporter:
    """Translates between batches and calls. There is no key that a resend could be recognised by."""

    def __init__(self, config: SentinelConfig, context: Context) -> None:
        del context
        self._config = config
        self._client = BearerClient(config, self._sign_in)

    async def start(self) -> None:
        """Make the connection pools; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> SizedBody:
        """The batch as one compressed array."""
        config = self._config
        array = json_array(objects(batch, config.columns, config.max_field_bytes))
        return SizedBody(self._client.compressed(array), len(array))

    async def send(self, request: SizedBody) -> HttpAnswer:
        """One call. Raises NotSent when the body is too large (the API would say 404 or 413 as it likes), or when there
        is no token."""
        request.check(self._config.max_call_bytes)
        return await self._client.post_json(self._config.url, request.content)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table, with what Azure says about it."""
        return [verdict_of(answer, partial(error_said, code="code"), TAKEN)]

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
