"""Batches to Google Security Operations: one call for each request."""

from __future__ import annotations

from functools import partial

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Verdicts
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.access_token import BearerClient, Granted
from collector.transport.http_answers import error_said, verdict_of
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.service_account import grant, key_text
from collector.transport.sized_body import SizedBody
from exporters.chronicle.calls import body
from exporters.chronicle.config import ChronicleConfig

TAKEN = Acceptance("Google", frozenset({200}), says_so=json_without_error)
"""`{}`, or what the reference calls an empty body."""


class ChronicleExporter:
    """Translates between batches and calls. There is no key that a resend could be recognised by."""

    def __init__(self, config: ChronicleConfig, context: Context) -> None:
        del context
        self._config = config
        self._client = BearerClient(config, self._sign_in)

    async def start(self) -> None:
        """Make the connection pools; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> SizedBody:
        """The batch as one compressed body."""
        content = body(batch, self._config)
        return SizedBody(self._client.compressed(content), len(content))

    async def send(self, request: SizedBody) -> HttpAnswer:
        """One call. Raises NotSent when the body is too large, or when there is no token."""
        request.check(self._config.most_bytes)
        return await self._client.post_json(self._config.url, request.content)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table, with what Google says about it."""
        return [verdict_of(answer, partial(error_said, code="status"), TAKEN)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _sign_in(self, client: HttpClient) -> Granted:
        config = self._config
        key = key_text(config.credentials_file, config.credentials.get_secret_value())
        return await grant(client, key, config.scope)
