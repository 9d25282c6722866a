"""Batches to the bulk API of Elasticsearch and OpenSearch."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Context, ErasedSlice, Erasure, FoundSlice
from collector.outcomes import Blocked, Items, Ok, Reject, Retry, Split, Verdicts
from collector.transport.auth import client_authenticator
from collector.transport.http_answers import unanswered
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.elasticsearch import answers
from exporters.elasticsearch.addresses import Nodes
from exporters.elasticsearch.bulk import body
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.documents import Mask, documents
from exporters.elasticsearch.erasing import DocumentsErasing
from exporters.elasticsearch.installation import Installation, Method, NotInstalled
from exporters.elasticsearch.routing import Router

_TYPE = "application/x-ndjson"
_ANSWER_BYTES = 64 << 10
_ANSWER_BYTES_EACH = 4 << 10
_ELSEWHERE = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """A compressed body, its size before that, the records it carries, those that have no document, and which of the
    carried ones go to an index that they named themselves."""

    body: bytes
    size_bytes: int
    items: Items
    refused: list[tuple[Items, str]]
    chosen: Mask


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """What came back for a request; None when nothing was sent: it is empty, or too large."""

    request: BulkRequest
    http: HttpAnswer | None


class ElasticsearchExporter:
    """Translates between batches and bulk requests. Keyed by record id: what is sent again is found there."""

    takes_events = ALL_EVENTS
    erasure_promise = (
        "documents are deleted by query and their segments expunged; snapshots keep them until those are given up; indices that records"
        " named themselves (`elasticsearch.index`) are looked at only where `setup.index_patterns` names them"
    )

    def __init__(self, config: ElasticsearchConfig, context: Context) -> None:
        self._config = config
        self._router = Router(config.logs_index, config.logstash_format, config.routing_attributes)
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))
        self._nodes = Nodes(config.addresses)
        self._headers = _credential(config)
        self._path = f"/_bulk?{urlencode(_parameters(config), safe=',*.')}"
        self._max_bytes = config.max_bulk_bytes
        self._erasing = DocumentsErasing(self._ask, _indices(config), config.select.domains)
        self._installation = Installation(config.setup, config.mapping) if config.setup.enabled else None

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> BulkRequest:
        """The batch as one compressed body."""
        found = documents(batch, self._config.mapping, self._router)
        lines = body(batch, found, self._config)
        return BulkRequest(self._client.compressed(lines), len(lines), found.items, found.refused, found.chosen)

    async def send(self, request: BulkRequest) -> BulkAnswer:
        """One POST, to the next node that takes it; the answer of the last one tried, or its error."""
        if not len(request.items) or (request.size_bytes > self._max_bytes and len(request.items) > 1):
            return BulkAnswer(request, None)
        if self._installation is not None:
            await self._installation.ensure(self._administer)
        limit = _ANSWER_BYTES + _ANSWER_BYTES_EACH * len(request.items)
        answer = await self._call("POST", self._path, request.body, _TYPE, limit)
        if answer.status == 413 and len(request.items) > 1:
            self._max_bytes = min(self._max_bytes, request.size_bytes - 1)  # what is larger need not be tried again
        return BulkAnswer(request, answer)

    async def erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        """See `ErasesSubjects`."""
        return await self._erasing.erase(erasure, after)

    async def find_subject(self, erasure: Erasure, after: str) -> FoundSlice:
        """See `ErasesSubjects`."""
        return await self._erasing.find(erasure, after)

    async def _ask(self, method: Method, path: str, document: bytes, most: int) -> HttpAnswer:
        sent = self._client.compressed(document) if document else None
        return await self._call(method, path, sent, "application/json", most)

    async def _administer(self, method: Method, path: str, document: bytes | None) -> HttpAnswer:
        return await self._call(method, path, document and self._client.compressed(document), "application/json")

    async def _call(
        self, method: Method, path: str, sent: bytes | None, content_type: str, max_answer_bytes: int = _ANSWER_BYTES
    ) -> HttpAnswer:
        headers = {**self._headers, "Content-Type": content_type}
        order = self._nodes.order(time.monotonic())
        for url in order:
            try:
                answer = await self._client.request(method, url + path, sent, headers, max_answer_bytes)
            except (aiohttp.ClientError, OSError, asyncio.CancelledError) as error:
                self._nodes.failed(url, time.monotonic())
                if isinstance(error, asyncio.CancelledError) or url == order[-1]:
                    raise
                continue
            if answer.status not in _ELSEWHERE:
                self._nodes.worked(url)
                return answer
            self._nodes.failed(url, time.monotonic())
            if url == order[-1]:
                return answer
        raise AssertionError("no node")

    def classify(self, answer: BulkAnswer | Exception) -> Verdicts:
        """By the table in `answers`."""
        if isinstance(answer, NotInstalled):
            return [Retry(str(answer)) if answer.may_pass else Blocked(str(answer))]
        if isinstance(answer, Exception):
            return [unanswered(answer, at_most=self._config.retry.at_most)]
        request = answer.request
        if answer.http is not None:
            found = list(answers.verdicts(answer.http, request.items, self._config.retry, request.chosen))
        elif len(request.items):
            found = [Split(f"a bulk body of {request.size_bytes} bytes")]
        else:
            found = [Ok()]
        return [*found, *(Reject(reason, items) for items, reason in request.refused)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()


def _indices(config: ElasticsearchConfig) -> list[str]:
    """Where documents may stand."""
    if not config.logs_index:
        return list(config.setup.index_patterns)
    return [f"{config.logs_index}*" if config.logstash_format.enabled else config.logs_index]


def _credential(config: ElasticsearchConfig) -> dict[str, str]:
    if key := config.api_key.get_secret_value():
        return {"Authorization": f"ApiKey {key}"}
    if config.user:
        pair = f"{config.user}:{config.password.get_secret_value()}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    return {}


def _parameters(config: ElasticsearchConfig) -> dict[str, str]:
    parameters = {"filter_path": answers.FILTER}
    if config.pipeline:
        parameters["pipeline"] = config.pipeline
    if config.require_data_stream:
        parameters["require_data_stream"] = "true"
    if config.include_source_on_error is not None:
        parameters["include_source_on_error"] = str(config.include_source_on_error).lower()
    return parameters
