"""OTLP over HTTP as a client: what each answer means for delivery. By HTTP's table (`http_answers`); 200 must hold OTLP's own answer,
and may say that the server left some records out.

Source: OTLP specification, "OTLP/HTTP Response".
"""

from __future__ import annotations

from collector.outcomes import Ok, Verdict
from collector.transport import http_answers
from collector.transport.acceptance import Acceptance, json_object, media_type, says_no
from collector.transport.http_client import HttpAnswer
from otlp_wire.answers import (
    Failure,
    PartialSuccess,
    is_response,
    read_failure,
    read_failure_json,
    read_partial_success,
    read_partial_success_json,
)

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_BINARY = frozenset({PROTOBUF, "application/protobuf", "application/octet-stream", ""})


def verdict_of(answer: HttpAnswer | Exception) -> Verdict:
    """The meaning of what a call came to; a success may be partial."""
    if isinstance(answer, Exception):
        return http_answers.unanswered(answer)
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
    read = {PROTOBUF: read_failure, JSON: read_failure_json}.get(media_type(answer))
    return read(answer.body) if read else Failure()
