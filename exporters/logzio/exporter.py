"""Batches to Logz.io: OTLP over HTTP, by the account's token."""

from __future__ import annotations

from collections.abc import Sequence

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.facts import normalised
from collector.outcomes import Verdicts
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.otlp_http import PROTOBUF, verdict_of
from exporters.logzio.config import LogzioConfig
from otlp_wire import encode


class LogzioExporter:
    """Adds the token; the rest is OTLP over HTTP."""

    def __init__(self, config: LogzioConfig, context: Context) -> None:
        del context
        self._url = config.url
        token = config.account_token.get_secret_value()
        self._headers = {"Content-Type": PROTOBUF, "Authorization": f"Bearer {token}"}
        self._client = HttpClient(config)

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> bytes:
        """The batch as one compressed ExportLogsServiceRequest."""
        return self._client.compressed(encode(normalised(batch)))

    def encode_payloads(self, payloads: Sequence[bytes]) -> bytes:
        """Whole payloads as one: joined, which is one protobuf message."""
        return self._client.compressed(b"".join(payloads))

    async def send(self, request: bytes) -> HttpAnswer:
        """One POST."""
        return await self._client.post(self._url, request, self._headers)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table; a success may be partial."""
        return [verdict_of(answer)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()
