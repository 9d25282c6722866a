"""OTLP/HTTP as a plain ASGI callable, with the order of checks of otelcol's receiver:

preflight ► who sends ► encoding known, stream's first bytes ► path ► method ► content type ► body ► admission ► answer
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from collector.admission.admission import Answered, Notice
from collector.admission.entrance import Entrance
from collector.errors import InvalidPayload, Refusal, Unavailable
from collector.receivers.otlp.authentication import authenticated
from collector.receivers.otlp.config import OtlpHttpConfig
from collector.receivers.otlp.http_answers import (
    JSON,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    PROTOBUF,
    UNSUPPORTED_MEDIA_TYPE,
    UNWRITABLE,
    Media,
    Response,
    answered,
    media_type,
    refused,
)
from collector.receivers.otlp.http_request import Connection, HttpRequest, WithParameters
from collector.receivers.otlp.refusals import only_logs, unexpected
from collector.transport.serving.content_encoding import check_header, coding, decoded
from collector.transport.serving.cors import AccessControl
from collector.transport.serving.http_body import Receive, SenderGone, max_body_size, read_body
from collector.transport.serving.turns import Turns
from otlp_wire import receive_json, receive_protobuf

Send = Callable[[Any], Awaitable[None]]
Submit = Callable[[bytes, Answered], None]
"""Takes the body of a request to admission."""
# Larger bodies are decoded on a thread, so that the loop stays responsive.
_INLINE_JSON_BYTES = 8 << 10
_INLINE_ENCODED_BYTES = 64 << 10
_INLINE_CHECK_BYTES = 256 << 10
_READ = {JSON: receive_json, PROTOBUF: receive_protobuf}
_LATE = Unavailable("the journal did not answer in time")


class OtlpHttpApp:
    """The ASGI callable of one `http:` block."""

    def __init__(self, config: OtlpHttpConfig, entrance: Entrance, turns: Turns) -> None:
        self._entrance = entrance
        self._turns = turns
        self._limit = max_body_size(config)
        self._encodings = frozenset(config.compression_algorithms)
        self._answer_within_secs = config.write_timeout or 30.0
        self._parameters = config.auth.request_params if config.auth is not None else []
        self._logs_path = config.logs_url_path
        self._other_paths = {
            config.traces_url_path: "traces",
            config.metrics_url_path: "metrics",
            "/v1development/profiles": "profiles",
        }
        self._cors = AccessControl(config.cors) if config.cors and config.cors.allowed_origins else None
        self._headers = [(k.lower().encode(), v.encode("latin-1")) for k, v in config.response_headers.items()]
        if not config.keep_alives_enabled:
            self._headers.append((b"connection", b"close"))

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        extra = self._headers
        if self._cors is not None:
            if self._cors.is_preflight(scope["method"], headers):
                if objection := self._cors.objection(headers):
                    self._entrance.remark(HttpRequest(scope, headers).peer(), objection)
                await _send(send, Response(204, b"", b"", tuple(self._cors.preflight(headers))), extra)
                return
            extra = extra + self._cors.actual(headers)
        try:
            response = await self._guarded(scope, headers, receive)
        except SenderGone:
            return
        await _send(send, response, extra)

    async def _guarded(self, scope: Mapping[str, Any], headers: dict[bytes, bytes], receive: Receive) -> Response:
        """The one wrapper round every request: whatever happens, the sender gets an answer that keeps its data."""
        media = media_type(headers.get(b"content-type", b""))
        try:
            return await self._checked(scope, headers, receive, media)
        except Refusal as refusal:
            return refused(self._entrance.refuse(refusal), media or JSON)
        except SenderGone:
            raise
        except Exception as error:  # noqa: BLE001 - any defect of ours must become a retryable answer
            self._entrance.defect(error)
            return refused(self._entrance.refuse(unexpected()), media or JSON)

    async def _checked(
        self, scope: Mapping[str, Any], headers: dict[bytes, bytes], receive: Receive, media: Media | None
    ) -> Response:
        request = HttpRequest(scope, headers)
        asked = WithParameters(scope, headers, self._parameters) if self._parameters else request
        credential = authenticated(self._entrance, asked)
        encoding, body = "", None
        if b"content-encoding" in headers or "" not in self._encodings:
            try:
                encoding, body = await self._encoded(headers, receive, request.peer())
            except InvalidPayload as error:
                return self._bad_encoding(error, media, headers)
        path = scope["path"]
        if path in self._other_paths and path != self._logs_path:
            refusal = only_logs(self._other_paths[path])
            self._entrance.remark(request.peer(), refusal.reason)
            raise refusal
        if path != self._logs_path:
            return NOT_FOUND
        if scope["method"] != "POST":
            return METHOD_NOT_ALLOWED
        if media is None:
            return UNSUPPORTED_MEDIA_TYPE
        if body is None:
            body = await read_body(receive, headers.get(b"content-length"), self._limit)
        submit = partial(self._entrance.submit, request, credential=credential, read=_READ[media])
        return answered(await self._submit(scope["sender"], submit, encoding, body, media), media)

    async def _encoded(self, headers: dict[bytes, bytes], receive: Receive, peer: str) -> tuple[str, bytes | None]:
        """The encoding and the body as it came, after a look at its first bytes."""
        named = headers.get(b"content-encoding", b"").decode("latin-1").strip()
        encoding = coding(named)
        if encoding not in self._encodings:
            self._entrance.remark(peer, f"unsupported Content-Encoding: {named[:40]!a}")
            raise InvalidPayload(f"unsupported Content-Encoding: {named}")
        if not encoding:
            return "", None
        body = await read_body(receive, headers.get(b"content-length"), self._limit)
        check_header(encoding, body)
        return encoding, body

    def _bad_encoding(self, refusal: InvalidPayload, media: Media | None, headers: Mapping[bytes, bytes]) -> Response:
        self._entrance.refuse(refusal)
        if media is None and headers.get(b"content-type"):
            return UNWRITABLE
        return refused(refusal, media or JSON)

    async def _submit(
        self, sender: Connection, submit: Submit, encoding: str, body: bytes, media: Media
    ) -> Refusal | Notice | None:
        """Decode and submit, in turn on a thread if that takes long; then wait for the journal."""
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[Refusal | Notice | None] = loop.create_future()

        def done(outcome: Refusal | Notice | None) -> None:
            try:
                loop.call_soon_threadsafe(_settle, settled, outcome)
            except RuntimeError:  # the loop is closed: the sender was cut off at the deadline of the shutdown
                return

        if encoding and len(body) <= _inline_bytes(encoding, media):
            encoding, body = "", decoded(encoding, body, self._limit)
        pass_on = partial(self._pass_on, submit, encoding, body, done)
        if len(body) <= _inline_bytes(encoding, media):
            pass_on()
        else:
            sender.waits_for_decoding(len(body))
            if not await self._turns.run(sender.peer, lambda: not sender.gone, pass_on):
                raise SenderGone
        sender.decoded()
        timer = loop.call_later(self._answer_within_secs, _settle, settled, _LATE)
        try:
            return await settled
        finally:
            timer.cancel()

    def _pass_on(self, submit: Submit, encoding: str, body: bytes, done: Answered) -> None:
        submit(decoded(encoding, body, self._limit), done)


def _inline_bytes(encoding: str, media: Media) -> int:
    if media == JSON:
        return _INLINE_JSON_BYTES
    return _INLINE_ENCODED_BYTES if encoding else _INLINE_CHECK_BYTES


def _settle(settled: asyncio.Future[Refusal | Notice | None], outcome: Refusal | Notice | None) -> None:
    if not settled.done():
        settled.set_result(outcome)


async def _send(send: Send, response: Response, extra: list[tuple[bytes, bytes]]) -> None:
    headers = [(b"content-length", str(len(response.body)).encode()), *response.headers, *extra]
    if response.status == 204:
        headers = headers[1:]  # RFC 9110: a 204 has no content and no length
    elif response.content_type:
        headers.append((b"content-type", response.content_type))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
