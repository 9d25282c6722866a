"""OTLP over HTTP: one POST for each request, protobuf or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from collector.batch import LogBatch
from collector.component import Context
from collector.documents.facts import normalised
from collector.origin import made_header
from collector.outcomes import Ok, Verdict, Verdicts
from collector.transport import http_answers
from collector.transport.acceptance import Acceptance, json_object, media_type, says_no
from collector.transport.auth import client_authenticator
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.otlp_http.config import OtlpHttpConfig
from otlp_wire import decode_payloads, encode, encode_json
from otlp_wire.answers import (
    Failure,
    PartialSuccess,
    is_response,
    read_failure,
    read_failure_json,
    read_partial_success,
    read_partial_success_json,
)

_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_BINARY = frozenset({_PROTOBUF, "application/protobuf", "application/octet-stream", ""})


class Made(NamedTuple):
    """A body of records that components made so many times over."""

    body: bytes
    generation: int


class OtlpHttpExporter:
    """Translates between batches and HTTP requests; also forwards payloads untouched (as JSON: transcoded)."""

    def __init__(self, config: OtlpHttpConfig, context: Context) -> None:
        self._url = config.url
        self._json = config.encoding == "json"
        self._headers = {"Content-Type": _JSON if self._json else _PROTOBUF}
        self._client = HttpClient(config, authenticator=client_authenticator(config.auth, context))

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    def encode(self, batch: LogBatch) -> bytes:
        """The batch as one compressed ExportLogsServiceRequest."""
        batch = normalised(batch)
        return self._client.compressed(encode_json(batch) if self._json else encode(batch))

    def encode_made(self, batch: LogBatch, generation: int) -> Made:
        """The same of records that components made: the next logboom is told by a header."""
        return Made(self.encode(batch), generation)

    def encode_payloads(self, payloads: Sequence[bytes]) -> bytes:
        """Whole payloads as one: joined, which is one protobuf message; decoded only for JSON."""
        body = encode_json(normalised(decode_payloads(payloads))) if self._json else b"".join(payloads)
        return self._client.compressed(body)

    async def send(self, request: bytes | Made) -> HttpAnswer:
        """One POST."""
        if isinstance(request, Made):
            headers = {**self._headers, **made_header(request.generation)}
            return await self._client.post(self._url, request.body, headers)
        return await self._client.post(self._url, request, self._headers)

    def classify(self, answer: HttpAnswer | Exception) -> Verdicts:
        """By HTTP's table; a success may be partial."""
        if isinstance(answer, Exception):
            return [http_answers.unanswered(answer)]
        return [_verdict(answer)]

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()


def _verdict(answer: HttpAnswer) -> Verdict:
    verdict = http_answers.verdict(answer, _failure(answer).message, TAKEN)
    if isinstance(verdict, Ok):
        partial = _partial_success(answer)
        return Ok(partial.rejected, partial.message)
    return verdict


def _says_so(answer: HttpAnswer) -> bool:
    """`ExportLogsServiceResponse` in either encoding: servers answer in the other one, too. Members of JSON that we do not
    know are ignored, as OTLP asks, unless they are about a failure (`google.rpc.Status`)."""
    told = json_object(answer)
    if told is not None:
        return not (says_no(told) or told.get("code"))
    return media_type(answer) in _BINARY and is_response(answer.body)


TAKEN = Acceptance("an OTLP server", says_so=_says_so)


def _partial_success(answer: HttpAnswer) -> PartialSuccess:
    read = read_partial_success if json_object(answer) is None else read_partial_success_json
    return read(answer.body)


def _failure(answer: HttpAnswer) -> Failure:
    """`google.rpc.Status` of the body, or nothing: the text of other media types is not shown, it may be anything."""
    read = {_PROTOBUF: read_failure, _JSON: read_failure_json}.get(media_type(answer))
    return read(answer.body) if read else Failure()
