"""Batches to Splunk's HTTP Event Collector."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from collector.batch import LogBatch
from collector.columns.text_buffers import text_bytes
from collector.component import Context
from collector.outcomes import Verdicts
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.endpoint import Endpoint
from exporters.splunk_hec.heartbeat import Heart
from exporters.splunk_hec.parts import Encoded, encoded
from exporters.splunk_hec.sending import Sending, Sent, failure, verdicts


@dataclass(frozen=True, slots=True)
class HecRequest:
    """A batch of so many records, as parts."""

    encoded: Encoded
    records: int


@dataclass(frozen=True, slots=True)
class HecAnswer:
    """How each part ended."""

    request: HecRequest
    sent: list[Sent]


class SplunkHecExporter:
    """`encode`: batch → bodies. `send`: bodies → how they ended, indexer's word included. At least once."""

    def __init__(self, config: SplunkHecConfig, context: Context) -> None:
        del context
        self._config = config
        self._endpoint = Endpoint(config)
        self._sending = Sending(self._endpoint, config)
        self._beating: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._endpoint.start()
        if self._config.heartbeat.interval:
            self._beating = asyncio.create_task(Heart(self._config, self._sending).beat_for_ever())

    def encode(self, batch: LogBatch) -> HecRequest:
        """The batch as compressed bodies."""
        found = encoded(batch, self._config)
        parts = [replace(part, body=self._endpoint.compressed(text_bytes(part.texts))) for part in found.parts]
        return HecRequest(replace(found, parts=parts), len(batch))

    async def send(self, request: HecRequest) -> HecAnswer:
        """All parts, `sending_queue.num_consumers` calls at once; returns when each event has an end or must wait."""
        return HecAnswer(request, await asyncio.gather(*map(self._sending.send, request.encoded.parts)))

    def classify(self, answer: HecAnswer | Exception) -> Verdicts:
        """By the table in `answers`."""
        if isinstance(answer, Exception):
            return [failure(answer)]
        found = answer.request.encoded
        return verdicts(answer.sent, found.refused, answer.request.records, found.left_out)

    async def shutdown(self) -> None:
        """Safe twice, and without `start`."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
            self._beating = None
        await self._endpoint.close()
