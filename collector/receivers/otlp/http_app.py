"""OTLP/HTTP, with the order of checks of otelcol's receiver:

preflight ► who sends ► encoding known, stream's first bytes ► path ► method ► content type ► body ► admission ► answer
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from collector.admission.entrance import Entrance
from collector.errors import InvalidPayload, Refusal
from collector.ingress.direct import DirectPlan
from collector.ingress.http_app import Headers, HttpApp
from collector.ingress.http_request import HttpRequest
from collector.ingress.http_response import METHOD_NOT_ALLOWED, NOT_FOUND, Response, fields_of
from collector.ingress.refusals import not_carried
from collector.receivers.otlp.config import OtlpHttpConfig
from collector.receivers.otlp.http_answers import (
    JSON,
    PROTOBUF,
    SUCCESS,
    UNSUPPORTED_MEDIA_TYPE,
    UNWRITABLE,
    Media,
    answered,
    is_text,
    media_type,
    refused,
)
from collector.transport.serving.http_body import Receive, read_body
from collector.transport.serving.http_exchange import Usual
from collector.transport.serving.http_head import Head
from collector.transport.serving.turns import Turns
from otlp_wire import receive_json, receive_protobuf
from otlp_wire.signals import json_reader, protobuf_reader

_INLINE_JSON_BYTES = 8 << 10
_INLINE_ENCODED_BYTES = 64 << 10
_INLINE_CHECK_BYTES = 256 << 10
_READ = {JSON: receive_json, PROTOBUF: receive_protobuf}
_CARRY = {JSON: json_reader, PROTOBUF: protobuf_reader}


class OtlpHttpApp(HttpApp):
    """The ASGI callable of one `http:` block."""

    def __init__(self, config: OtlpHttpConfig, entrance: Entrance, turns: Turns) -> None:
        super().__init__(config, entrance, turns)
        self._signals = {
            "/v1development/profiles": "profiles",
            config.metrics_url_path: "metrics",
            config.traces_url_path: "traces",
            config.logs_url_path: "logs",
        }
        logs = config.logs_url_path if "logs" in entrance.signals and "%" not in config.logs_url_path else ""
        self._logs_url = logs.encode()  # as it stands in a plain request

    def plan(self, head: Head, headers: Headers) -> DirectPlan | None:
        """Of a POST of protobuf or JSON to the path for logs."""
        media, encoding = media_type(headers.get(b"content-type", b"")), self.known_encoding(headers)
        if head.url != self._logs_url or head.method != b"POST" or media is None or encoding is None:
            return None
        success = SUCCESS[media]
        return DirectPlan(
            _READ[media], encoding, _inline_bytes(media, ""), _inline_bytes(media, encoding), _ANSWERED[media],
            Usual(success.status, fields_of(success, self.extra), success.body),
        )  # fmt: skip

    async def respond(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """One request."""
        request = HttpRequest(scope, headers)
        credential = self.credential(scope, headers, request)
        limit = self.limit_of(credential)
        media = media_type(headers.get(b"content-type", b""))
        if (
            media is None
            and credential is not None
            and credential.public
            and is_text(headers.get(b"content-type", b""))
        ):
            media = JSON  # sendBeacon: a web page must not name JSON without a preflight
        encoding, body = "", None
        if b"content-encoding" in headers or "" not in self.encodings:
            try:
                encoding = self.encoding(headers, request.peer())
                if encoding:
                    body = await self.encoded_body(encoding, headers, receive, limit)
            except InvalidPayload as error:
                return self._bad_encoding(error, media, headers)
        if response := self._misdirected(scope["path"], scope["method"], request):
            return response
        if media is None:
            return UNSUPPORTED_MEDIA_TYPE
        if body is None:
            body = await read_body(receive, headers.get(b"content-length"), limit)
        signal = self._signals[scope["path"]]
        read = _READ[media] if signal == "logs" else _CARRY[media](signal)
        submit = partial(self.entrance.signals[signal].submit, request, credential=credential, read=read)
        outcome = await self.admitted(scope["sender"], submit, encoding, body, _INLINE[media], limit)
        return answered(outcome, media)

    def refused(self, refusal: Refusal, headers: Headers) -> Response:
        """A `google.rpc.Status` in the encoding of the request."""
        return refused(refusal, media_type(headers.get(b"content-type", b"")) or JSON)

    def _misdirected(self, path: str, method: str, request: HttpRequest) -> Response | None:
        """The answer to what is no POST of a signal. Raises a `Refusal` for one that no pipeline carries."""
        signal = self._signals.get(path)
        if signal is None:
            return NOT_FOUND
        if signal not in self.entrance.signals:
            refusal = not_carried(signal, self.entrance.signals)
            self.entrance.remark(request.peer(), refusal.reason)
            raise refusal
        return METHOD_NOT_ALLOWED if method != "POST" else None

    def _bad_encoding(self, refusal: InvalidPayload, media: Media | None, headers: Mapping[bytes, bytes]) -> Response:
        self.entrance.refuse(refusal)
        if media is None and headers.get(b"content-type"):
            return UNWRITABLE
        return refused(refusal, media or JSON)


def _inline_bytes(media: Media, encoding: str) -> int:
    if media == JSON:
        return _INLINE_JSON_BYTES
    return _INLINE_ENCODED_BYTES if encoding else _INLINE_CHECK_BYTES


_INLINE = {media: partial(_inline_bytes, media) for media in _READ}
_ANSWERED = {media: partial(answered, media=media) for media in _READ}
