"""OTLP over HTTP: one POST for each request, protobuf or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.facts import normalised
from collector.origin import made_header
from collector.outcomes import Verdicts
from collector.transport.auth import client_authenticator
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.otlp_http import JSON, PROTOBUF, verdict_of
from exporters.otlp_http.config import OtlpHttpConfig
from otlp_wire import decode_payloads, encode, encode_json


class Made(NamedTuple):
    """A body of records that components made so many times over."""

    body: bytes
    generation: int


class OtlpHttpExporter:
    """Translates between batches and HTTP requests; also forwards payloads untouched (as JSON: transcoded)."""

    def __init__(self, config: OtlpHttpConfig, context: Context) -> None:
        self._url = config.url
        self._json = config.encoding == "json"
        self._headers = {"Content-Type": JSON if self._json else PROTOBUF}
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> bytes:
        """The batch as one compressed ExportLogsServiceRequest."""
        batch = normalised(batch)
        return self._client.compressed(encode_json(batch) if self._json else encode(batch))

    def encode_made(self, batch: LogBatch, generation: int) -> Made:
        """The same of records that components made: the next logboom is told by a header."""
        return Made(self.encode(batch), generation)

    def encode_payloads(self, payloads: Sequence[bytes]) -> bytes:
        """Whole payloads as one: joined, which is one protobuf message; decoded only for JSON."""
        body = encode_json(normalised(decode_payloads(payloads))) if self._json else b"".join(payloads)
        return self._client.compressed(body)

    async def send(self, request: bytes | Made) -> HttpAnswer:
        """One POST."""
        if isinstance(request, Made):
            headers = {**self._headers, **made_header(request.generation)}
            return await self._client.post(self._url, request.body, headers)
        return await self._client.post(self._url, request, self._headers)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table; a success may be partial."""
        return [verdict_of(answer)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()
