"""OTLP over HTTP of other signals: one POST for requests that pass as they are, joined."""

from __future__ import annotations

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Ok, Verdicts
from collector.transport.auth import client_authenticator
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.otlp_http import PROTOBUF, verdict_of
from exporters.otlp_http.config import OtlpHttpConfig
from otlp_wire.signals import joined, taken


class OtlpHttpCarrier:
    """What one signal is sent with."""

    def __init__(self, config: OtlpHttpConfig, context: Context) -> None:
        (self._signal,) = context.signals
        self._url = config.url_for(self._signal)
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> bytes:
        """All requests of the batch as one, compressed."""
        return self._client.compressed(joined(batch))

    async def send(self, request: bytes) -> HttpAnswer:
        """One POST."""
        return await self._client.post(self._url, request, {"Content-Type": PROTOBUF})

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table. A server that leaves out some of what a request holds has taken it."""
        verdict = verdict_of(answer)
        return [taken(verdict, self._signal) if isinstance(verdict, Ok) else verdict]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()
