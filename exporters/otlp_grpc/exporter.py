"""OTLP over gRPC: one unary `LogsService/Export` call for each request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.facts import normalised
from collector.origin import made_header
from collector.outcomes import Verdicts
from collector.transport.auth import metadata_authenticator
from collector.transport.grpc_client import GrpcAnswer, GrpcClient
from collector.transport.otlp_grpc import EXPORT_LOGS, verdict_of
from exporters.otlp_grpc.config import OtlpConfig
from otlp_wire import encode


class Made(NamedTuple):
    """A message of records that components made so many times over."""

    message: bytes
    generation: int


class OtlpExporter:
    """Translates between batches and gRPC calls; also forwards payloads untouched (one message is their concatenation)."""

    def __init__(self, config: OtlpConfig, context: Context) -> None:
        self._client = GrpcClient(config, EXPORT_LOGS, config.timeout, metadata_authenticator(config.auth, context))

    async def start(self) -> None:
        """Make the channel; it connects with the first request."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> bytes:
        """The batch as one compressed ExportLogsServiceRequest."""
        return self._client.compressed(encode(normalised(batch)))

    def encode_made(self, batch: LogBatch, generation: int) -> Made:
        """The same of records that components made: the next logboom is told by a header."""
        return Made(self.encode(batch), generation)

    def encode_payloads(self, payloads: Sequence[bytes]) -> bytes:
        """Whole payloads, joined and compressed."""
        return self._client.compressed(b"".join(payloads))

    async def send(self, request: bytes | Made) -> GrpcAnswer:
        """One call."""
        if isinstance(request, Made):
            return await self._client.send(request.message, made_header(request.generation))
        return await self._client.send(request)

    def classify(self, answer: GrpcAnswer | Exception) -> Verdicts:
        """By OTLP's table of status codes."""
        return [verdict_of(answer)]

    async def shutdown(self) -> None:
        """Close the channel."""
        await self._client.close()
