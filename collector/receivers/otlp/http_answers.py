"""HTTP responses: statuses and bodies in the request's own encoding."""

from __future__ import annotations

from typing import Literal

from collector.admission.admission import Notice
from collector.errors import Refusal
from collector.ingress.http_response import Response, refusal_headers
from collector.ingress.refusals import answer
from otlp_wire.status import partial_success, partial_success_json, status, status_json

Media = Literal["application/x-protobuf", "application/json"]
PROTOBUF: Media = "application/x-protobuf"
JSON: Media = "application/json"


SUCCESS = {
    PROTOBUF: Response(200, b"application/x-protobuf", b""),
    JSON: Response(200, b"application/json", b'{"partialSuccess":{}}'),
}
UNSUPPORTED_MEDIA_TYPE = Response(
    415, b"text/plain", b"415 unsupported media type, supported: [application/json, application/x-protobuf]"
)
UNWRITABLE = Response(500, b"application/json", b'{"code": 13, "message": "failed to marshal error message"}')


def media_type(content_type: bytes) -> Media | None:
    """The encoding that a Content-Type names; parameters and case do not matter. None = neither."""
    if content_type == b"application/x-protobuf":
        return PROTOBUF
    if content_type == b"application/json":
        return JSON
    name = content_type.partition(b";")[0].strip().lower()
    return media_type(name) if name != content_type else None


def is_text(content_type: bytes) -> bool:
    """Whether a Content-Type says plain text."""
    return content_type.partition(b";")[0].strip().lower() == b"text/plain"


def answered(outcome: Refusal | Notice | None, media: Media) -> Response:
    """The response to what became of a request of logs."""
    if outcome is None:
        return SUCCESS[media]
    if isinstance(outcome, Refusal):
        return refused(outcome, media)
    write = partial_success if media == PROTOBUF else partial_success_json
    return Response(200, media.encode(), write(outcome.rejected, outcome.message))


def refused(refusal: Refusal, media: Media) -> Response:
    """A `google.rpc.Status` in the encoding of the request, with `Retry-After` where the sender should come again, and with
    `WWW-Authenticate` where another credential would do."""
    told = answer(refusal)
    write = status if media == PROTOBUF else status_json
    return Response(
        told.http_status,
        media.encode(),
        write(told.code, told.message, told.retry_after_secs),
        refusal_headers(refusal, told),
    )
