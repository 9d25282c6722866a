"""Batches to several OTLP servers: each record to the backend of its key, one call for each backend of a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.facts import normalised
from collector.origin import made_header
from collector.outcomes import Items, Retry, Verdict, Verdicts
from collector.transport.auth import metadata_authenticator
from collector.transport.grpc_client import GrpcClient
from collector.transport.http_answers import NotSent
from collector.transport.otlp_grpc import EXPORT_LOGS, verdict_of
from exporters.load_balancing.answers import Answered, away, late, verdicts
from exporters.load_balancing.backends import Backend, Backends, View
from exporters.load_balancing.config import LoadBalancingConfig
from exporters.load_balancing.keys import keys
from exporters.load_balancing.resolvers import resolver
from otlp_wire import encode


class Share(NamedTuple):
    """What one backend gets: a message, and which records of the batch are in it."""

    backend: Backend
    message: bytes
    rows: Items


@dataclass(frozen=True, slots=True)
class Shared:
    """A batch between the backends of a moment; `batch` is kept to share it anew when those have changed."""

    batch: LogBatch
    generation: int
    view: View
    shares: Sequence[Share]


class LoadBalancingExporter:
    """Shares batches. Who answers has its records; those of others are shared again, between the backends that are there then."""

    def __init__(self, config: LoadBalancingConfig, context: Context) -> None:
        self._config = config
        template = config.protocol.otlp
        authenticator = metadata_authenticator(template.auth, context)

        def connect(endpoint: str) -> GrpcClient:
            return GrpcClient(config.client(endpoint), EXPORT_LOGS, template.timeout, authenticator)

        self._backends = Backends(resolver(config.resolver), connect, config.leave_out_for, time.monotonic)

    async def start(self) -> None:
        """Look for the backends; they are connected to with the first request."""
        await self._backends.start()

    def encode(self, batch: LogBatch) -> Shared:
        """The batch as one compressed ExportLogsServiceRequest for each backend."""
        return self._shared(batch, 0, self._backends.latest)

    def encode_made(self, batch: LogBatch, generation: int) -> Shared:
        """The same of records that components made: the next logboom is told by a header."""
        return self._shared(batch, generation, self._backends.latest)

    async def send(self, request: Shared) -> Sequence[Answered]:
        """A call for each backend, at once. Raises NotSent while there is none."""
        view = self._backends.now()
        if view is not request.view:
            request = await asyncio.to_thread(self._shared, request.batch, request.generation, view)
        if not len(view.ring):
            raise NotSent(Retry("the resolver has found no backend yet"))
        headers = made_header(request.generation) if request.generation else {}
        return await asyncio.gather(*(self._call(share, headers) for share in request.shares))

    def classify(self, answer: Sequence[Answered] | Exception) -> Verdicts:
        """By OTLP's table of status codes, for each backend's records."""
        return [verdict_of(answer)] if isinstance(answer, Exception) else verdicts(answer)

    async def shutdown(self) -> None:
        """Close the channels."""
        await self._backends.close()

    async def _call(self, share: Share, headers: dict[str, str]) -> Answered:
        backend = share.backend
        try:
            answer = await backend.send(share.message, headers)
        except Exception as error:  # noqa: BLE001  the other backends' answers count
            verdict: Verdict = verdict_of(error)
        else:
            verdict = verdict_of(answer)
            self._noted(backend, verdict, late(answer))
        return Answered(backend.endpoint, verdict, share.rows, self._backends.has_others(backend))

    def _noted(self, backend: Backend, verdict: Verdict, was_late: bool) -> None:
        if was_late:
            self._backends.timed_out(backend)
        elif away(verdict):
            self._backends.unreachable(backend)
        else:
            self._backends.answered(backend)

    def _shared(self, batch: LogBatch, generation: int, view: View) -> Shared:
        if not len(view.ring) or not len(batch):
            return Shared(batch, generation, view, ())
        key = keys(batch, self._config)
        names = key.unique()
        owner = key.replace_strict(names, pl.Series(view.ring.find(names.to_list())), return_dtype=pl.String)
        groups = (
            pl.DataFrame({"endpoint": owner}).with_row_index("row").group_by("endpoint", maintain_order=True).agg("row")
        )
        shares = [_share(batch, view.backends[name], rows, groups.height == 1) for name, rows in groups.iter_rows()]
        return Shared(batch, generation, view, shares)


def _share(batch: LogBatch, backend: Backend, rows: Sequence[int], whole: bool) -> Share:
    part = batch if whole else batch.gather(pl.Series(rows, dtype=pl.UInt32))
    return Share(backend, backend.client.compressed(encode(normalised(part))), np.array(rows, dtype=np.uint32))
