"""What senders are told, in the texts and codes of the HTTP Event Collector.

Sources: Splunk's documentation, "Troubleshoot HTTP Event Collector" (codes); the Collector's receiver for what has no code.
"""

from __future__ import annotations

from enum import Enum

import orjson

from collector.errors import Exhausted, InvalidPayload, PermissionDenied, Refusal, TooLarge, Unauthenticated
from collector.ingress.http_app import UnsupportedEncoding
from collector.ingress.http_response import Response, refusal_headers
from collector.ingress.refusals import answer

_JSON = b"application/json"
_TEXT = b"text/plain; charset=utf-8"


class Code(Enum):
    """Number, status and text."""

    SUCCESS = (0, 200, "Success")
    TOKEN_REQUIRED = (2, 401, "Token is required")
    INVALID_AUTHORIZATION = (3, 401, "Invalid authorization")
    INVALID_TOKEN = (4, 403, "Invalid token")
    NO_DATA = (5, 400, "No data")
    INVALID_DATA_FORMAT = (6, 400, "Invalid data format")
    SERVER_BUSY = (9, 503, "Server is busy")
    CHANNEL_MISSING = (10, 400, "Data channel is missing")
    INVALID_CHANNEL = (11, 400, "Invalid data channel")
    EVENT_REQUIRED = (12, 400, "Event field is required")
    EVENT_BLANK = (13, 400, "Event field cannot be blank")
    ACK_DISABLED = (14, 400, "ACK is disabled")
    INDEXED_FIELDS = (15, 400, "Error in handling indexed fields")
    HEALTHY = (17, 200, "HEC is healthy")


class HecRefusal(InvalidPayload):
    """A request that can't be taken, by its code; `event` is the number of the event that is wrong, from 0, where that is told."""

    def __init__(self, code: Code, event: int | None = None) -> None:
        self.code, self.event = code, event
        super().__init__(code.value[2] + (f" (event {event})" if event is not None else ""))


class MetricEvent(InvalidPayload):
    """An event that is a metric: logboom takes logs."""

    def __init__(self) -> None:
        super().__init__("Unsupported metric event")


def told(code: Code, **more: int) -> Response:
    """An answer with a code."""
    number, status, text = code.value
    return Response(status, _JSON, orjson.dumps({"text": text, "code": number, **more}))


def acknowledged(found: dict[int, bool]) -> Response:
    """Which of the numbers that were asked for stand for requests on disk."""
    return Response(200, _JSON, orjson.dumps({"acks": found}, option=orjson.OPT_NON_STR_KEYS))


def said(status: int, text: str) -> Response:
    """What has no code: a text, as JSON."""
    return Response(status, _JSON, orjson.dumps(text))


def refused(refusal: Refusal) -> Response:
    """Nothing was kept."""
    response = _refused(refusal)
    headers = refusal_headers(refusal, answer(refusal))
    return Response(response.status, response.content_type, response.body, headers) if headers else response


def _refused(refusal: Refusal) -> Response:
    if isinstance(refusal, HecRefusal):
        return told(refusal.code, **({"invalid-event-number": refusal.event} if refusal.event is not None else {}))
    if isinstance(refusal, MetricEvent):
        return said(400, refusal.reason)
    if isinstance(refusal, UnsupportedEncoding):
        return said(415, refusal.reason)
    if isinstance(refusal, TooLarge):
        return Response(413, _TEXT, f"{refusal.reason}\n".encode())
    if isinstance(refusal, InvalidPayload):
        return told(Code.INVALID_DATA_FORMAT)
    if isinstance(refusal, Unauthenticated):
        return told(_OF_CREDENTIALS.get(refusal.cause, Code.INVALID_TOKEN))
    if isinstance(refusal, PermissionDenied):
        return told(Code.INVALID_TOKEN)
    busy = told(Code.SERVER_BUSY)
    return Response(429, busy.content_type, busy.body) if isinstance(refusal, Exhausted) else busy


_OF_CREDENTIALS = {"missing": Code.TOKEN_REQUIRED, "malformed": Code.INVALID_AUTHORIZATION}
