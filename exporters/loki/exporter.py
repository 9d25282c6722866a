"""Batches to Loki: one POST for each request, which are of one tenant each."""

from __future__ import annotations

from dataclasses import dataclass
from time import time_ns

import polars as pl

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Verdicts
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.auth import client_authenticator
from collector.transport.http_answers import verdict_of
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.loki.config import LokiConfig
from exporters.loki.labels import tenant
from exporters.loki.streams import push

TAKEN = Acceptance("Loki", frozenset({200, 204}), says_so=json_without_error)
"""204 without a body; what speaks its protocol answers 200 and, some of them, `{}`."""
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Body:
    """A compressed push and whose it is."""

    content: bytes
    tenant: str


class LokiExporter:
    """Translates between batches and pushes. A push that is repeated doubles nothing: Loki keeps one of the entries of a
    stream that have the same time and line."""

    def __init__(self, config: LokiConfig, context: Context) -> None:
        self._config = config
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """The tenant that a hint names."""
        return tenant(batch, self._config)

    def encode(self, batch: LogBatch) -> Body:
        """The batch, which is of one tenant, as one compressed push."""
        whose = tenant(batch.slice(0, 1), self._config)[0] if len(batch) else None
        return Body(self._client.compressed(push(batch, self._config, time_ns())), whose or "")

    async def send(self, request: Body) -> HttpAnswer:
        """One call."""
        headers = {"Content-Type": "application/json"}
        if request.tenant:
            headers["X-Scope-OrgID"] = request.tenant
        return await self._client.post(self._config.url, request.content, headers)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table, with what Loki says about it."""
        return [verdict_of(answer, _said, TAKEN)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()


def _said(body: bytes) -> str:
    """Loki's own words, which are plain text: the first line, shortened."""
    line = body.decode(errors="replace").strip().partition("\n")[0]
    return "" if line.startswith("<") else line[:_SHOWN_CHARACTERS]
