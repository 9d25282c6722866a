"""Batches to any HTTP endpoint: one request of lines, or of one JSON array; a notice as one of Alertmanager's calls."""

from __future__ import annotations

import time

import polars as pl
import xxhash

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.framing import json_array, lines
from collector.documents.models import texts
from collector.notices import Tells, newest
from collector.outcomes import Blocked, Ok, Verdict, Verdicts
from collector.responses.response import STARTED, Response, responses_of
from collector.transport.acceptance import SUCCESS, Acceptance, anything, json_without_error
from collector.transport.auth import client_authenticator
from collector.transport.http_answers import described, verdict_of
from collector.transport.http_client import HttpAnswer, HttpClient
from collector.transport.sized_body import SizedBody
from exporters.webhook.acting import Calls, each_response, each_target
from exporters.webhook.alertmanager import body_of
from exporters.webhook.call import JSON, Call
from exporters.webhook.config import HttpConfig
from exporters.webhook.signature import key_of, signed


class HttpExporter(Tells):
    """Translates between batches and requests. There is no key that a resend could be recognised by, but for notices and responses."""

    takes_events = (*Tells.takes_events, STARTED)

    def __init__(self, config: HttpConfig, context: Context) -> None:
        self._config = config
        self._frame = json_array if config.framing == "array" else lines
        self._keys = [key_of(secret.get_secret_value()) for secret in config.signing_secrets]
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))
        self._taken = _acceptance(config)
        self._calls = Calls(context, self._called, self._verdict)

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """A group of notices, or a response."""
        return each_response(batch, super().one_request_per(batch))

    def order_by(self, batch: LogBatch) -> pl.Series:
        """By group, or by what is acted on."""
        return each_target(batch, super().order_by(batch))

    def encode(self, batch: LogBatch) -> Call | Response:
        """The batch as one compressed body; one that is too large to be sent is not compressed."""
        for response in responses_of(batch):
            return response
        notice = newest(batch)
        if notice is not None:
            body = body_of(notice)  # as it is: what takes Alertmanager's calls knows no compression
            return Call(SizedBody(body, len(body)), notice.id, JSON, plain=True)
        body = self._frame(texts(batch, self._config.format, self._config))
        return Call(self._sized(body), xxhash.xxh3_128_hexdigest(body) if self._keys else "", self._config.media_type)

    def _sized(self, body: bytes) -> SizedBody:
        fits = len(body) <= self._config.max_body_bytes
        return SizedBody(self._client.compressed(body) if fits else b"", len(body))

    async def send(self, request: Call | Response) -> HttpAnswer | Verdict:
        """One call. Raises NotSent when the body is too large."""
        return await (self._calls.send(request) if isinstance(request, Response) else self._called(request))

    async def _called(self, request: Call) -> HttpAnswer:
        request.body.check(self._config.max_body_bytes)
        headers = {"Content-Type": request.media_type}
        if self._keys:
            headers |= signed(self._keys, request.id, int(time.time()), request.body.content)
        return await self._client.request(
            self._config.method, self._config.address, request.body.content, headers, plain=request.plain
        )

    def classify(self, answer: HttpAnswer | Verdict | Exception) -> Verdicts:
        """By HTTP's table. The text of an answer is not repeated: it may be anything, even the secret in the URL."""
        return [self._verdict(answer) if isinstance(answer, HttpAnswer | Exception) else answer]

    def _verdict(self, answer: HttpAnswer | Exception) -> Verdict:
        if isinstance(answer, HttpAnswer) and answer.status in self._taken.statuses:
            objection = self._taken.objection(answer)
            return Blocked(objection) if objection else Ok()
        if isinstance(answer, HttpAnswer) and answer.status in SUCCESS:
            return Blocked(f"{described(answer.status, '')} is not one of success_statuses")
        return verdict_of(answer)

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()


def _acceptance(config: HttpConfig) -> Acceptance:
    return Acceptance(
        "the intake",
        frozenset(config.success_statuses) or SUCCESS,
        says_so=json_without_error if config.success_body == "json" else anything,
        pages=config.success_body == "any",
    )
