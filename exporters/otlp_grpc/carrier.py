"""OTLP over gRPC of other signals: one call for requests that pass as they are, joined."""

from __future__ import annotations

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Ok, Verdicts
from collector.transport.auth import metadata_authenticator
from collector.transport.grpc_client import GrpcAnswer, GrpcClient
from collector.transport.otlp_grpc import verdict_of
from exporters.otlp_grpc.config import OtlpConfig
from otlp_wire.signals import METHODS, joined, taken


class OtlpCarrier:
    """What one signal is sent with."""

    def __init__(self, config: OtlpConfig, context: Context) -> None:
        (self._signal,) = context.signals
        authenticator = metadata_authenticator(config.auth, context)
        self._client = GrpcClient(config, METHODS[self._signal], config.timeout, authenticator)

    async def start(self) -> None:
        """Make the channel; it connects with the first request."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> bytes:
        """All requests of the batch as one, compressed."""
        return self._client.compressed(joined(batch))

    async def send(self, request: bytes) -> GrpcAnswer:
        """One call."""
        return await self._client.send(request)

    def classify(self, answer: GrpcAnswer | Exception) -> Verdicts:
        """By OTLP's table of status codes. A server that leaves out some of what a request holds has taken it."""
        verdict = verdict_of(answer)
        return [taken(verdict, self._signal) if isinstance(verdict, Ok) else verdict]

    async def shutdown(self) -> None:
        """Close the channel."""
        await self._client.close()
