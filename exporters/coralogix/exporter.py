"""Batches to Coralogix: OTLP whose resources say which application and subsystem they are of."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from collector.component import Context
from collector.documents.facts import normalised
from collector.outcomes import Verdicts
from collector.transport.auth import metadata_authenticator
from collector.transport.grpc_client import GrpcAnswer, GrpcClient
from collector.transport.otlp_grpc import EXPORT_LOGS, verdict_of
from exporters.coralogix.config import CoralogixConfig
from otlp_wire import encode

APPLICATION, SUBSYSTEM = "cx.application.name", "cx.subsystem.name"


class CoralogixExporter:
    """Names applications; the rest is OTLP over gRPC."""

    def __init__(self, config: CoralogixConfig, context: Context) -> None:
        self._config = config
        client = config.client
        authenticator = metadata_authenticator(client.auth, context)
        self._client = GrpcClient(client, EXPORT_LOGS, config.timeout, authenticator)

    async def start(self) -> None:
        """Make the channel; it connects with the first request."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> bytes:
        """The batch as one compressed ExportLogsServiceRequest."""
        return self._client.compressed(encode(normalised(named(batch, self._config))))

    async def send(self, request: bytes) -> GrpcAnswer:
        """One call."""
        return await self._client.send(request)

    def classify(self, answer: GrpcAnswer | Exception) -> Verdicts:
        """By OTLP's table of status codes."""
        return [verdict_of(answer)]

    async def shutdown(self) -> None:
        """Close the channel."""
        await self._client.close()


def named(batch: LogBatch, config: CoralogixConfig) -> LogBatch:
    """The batch, each of its resources with application and subsystem."""
    return batch.with_resource_attributes(
        {
            APPLICATION: _first(batch, config.application_name_attributes, config.application_name),
            SUBSYSTEM: _first(batch, config.subsystem_name_attributes, config.subsystem_name),
        }
    )


def _first(batch: LogBatch, attributes: Sequence[str], otherwise: str) -> pl.Series:
    height = batch.resources.height
    found = [tables.aligned_text(batch.resource_attributes, key, height) for key in attributes]
    said = [pl.lit(values.set(values == "", None)) for values in found]
    last = pl.lit(pl.repeat(otherwise, height, dtype=pl.String, eager=True))
    return pl.select(pl.coalesce(*said, last)).to_series()
