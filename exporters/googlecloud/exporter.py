"""Batches to Google Cloud Logging: one `entries:write` for each request, which are of one project each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import json_array
from collector.outcomes import Blocked, Verdicts
from collector.transport.access_token import BearerClient
from collector.transport.auth import client_authenticator
from collector.transport.google_credentials import Actor, GoogleCredentials
from collector.transport.http_answers import NotSent
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.sized_body import SizedBody
from exporters.googlecloud.answers import Owners, verdicts
from exporters.googlecloud.config import GoogleCloudConfig
from exporters.googlecloud.entries import entries, project_of

_SCOPE = "https://www.googleapis.com/auth/logging.write"
_MOST_BYTES = 10_000_000
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Call:
    """A body, whose quota it counts for, and which records its entries are of."""

    body: SizedBody
    project: str
    owners: Owners


class Answered(NamedTuple):
    """What a call came to."""

    answer: HttpAnswer
    owners: Owners


class GoogleCloudExporter:
    """Translates between batches and calls. What is sent again is shown once: entries have the record's id as `insertId`."""

    def __init__(self, config: GoogleCloudConfig, context: Context) -> None:
        self._config = config
        self._credentials: GoogleCredentials | None = None
        if config.log.open or config.auth:
            authenticator = client_authenticator(config.client.auth, context)
            self._client: HttpClient | BearerClient = HttpClient(config.client, config.agent, authenticator)
        else:
            given = config.impersonate
            actor = Actor(given.target_principal, given.delegates, given.subject) if given.target_principal else None
            credentials = self._credentials = GoogleCredentials(_SCOPE, actor)
            self._client = BearerClient(config.client, lambda _: credentials.grant(), config.agent)

    async def start(self) -> None:
        """Make the connection pools; nothing is connected yet. Raises LogboomError without the extra."""
        if self._credentials is not None:
            self._credentials.check()
        await self._client.start()

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """The project, whose quota and permissions decide."""
        return project_of(batch, self._config, "")

    def encode(self, batch: LogBatch) -> Call | LogBatch:
        """The batch as one call; as it is while nobody knows the project yet."""
        project = self._config.project or (self._credentials.project if self._credentials else "")
        return self._call(batch, project) if project else batch

    async def send(self, request: Call | LogBatch) -> Answered:
        """One call. Raises NotSent when the body is too large, or when there is no token."""
        call = request if isinstance(request, Call) else await self._late(request)
        call.body.check(_MOST_BYTES)
        quota = {"X-Goog-User-Project": call.project} if self._config.destination_project_quota else {}
        content = call.body.content
        if isinstance(self._client, BearerClient):
            return Answered(await self._client.post_json(self._config.url, content, quota), call.owners)
        return Answered(await self._client.post(self._config.url, content, {**_JSON, **quota}), call.owners)

    def classify(self, answer: Answered | Exception) -> Verdicts:
        """By what Google says about each entry, else by HTTP's table."""
        return verdicts(answer, None) if isinstance(answer, Exception) else verdicts(*answer)

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _call(self, batch: LogBatch, project: str) -> Call:
        made = entries(batch, self._config, project)
        content = b'{"entries":%b,"partialSuccess":true}' % json_array(made.texts)
        whose = project_of(batch.slice(0, 1), self._config, project)[0] if len(batch) else project
        return Call(SizedBody(self._client.compressed(content), len(content)), whose, made.owners)

    async def _late(self, batch: LogBatch) -> Call:
        """The first requests of a process whose project comes with its credentials."""
        assert self._credentials is not None, "else the options name a project"
        assert isinstance(self._client, BearerClient)
        await self._client.signed_in()
        if not self._credentials.project:
            raise NotSent(Blocked("Google's credentials name no project: write the option `project`"))
        return await asyncio.to_thread(self._call, batch, self._credentials.project)
