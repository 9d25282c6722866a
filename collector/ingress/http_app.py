"""An HTTP request on its way to admission, as a plain ASGI callable, or without a coroutine where it needs none (`takes`):

    preflight ► what the receiver does with it (`respond`) ► answer

Receivers derive from `HttpApp`, and find there who sends (`credential`), the body and its encoding, and the wait for the
journal (`admitted`). Whatever happens in between, the sender gets an answer that keeps its data.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from collector.admission.admission import Answered, Notice
from collector.admission.entrance import Entrance
from collector.admission.steps import Read
from collector.domains.credential import WRITE, Credential
from collector.errors import InvalidPayload, Refusal
from collector.ingress.authentication import authenticated
from collector.ingress.direct import LATE, DirectPlan, DirectRequest
from collector.ingress.http_request import Connection, HttpRequest, WithParameters
from collector.ingress.http_response import Response, Send, fields_of, write
from collector.ingress.refusals import unexpected
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.serving.content_encoding import check_header, coding, decoded, too_large
from collector.transport.serving.cors import AccessControl
from collector.transport.serving.http_body import Receive, SenderGone, max_body_size, read_body
from collector.transport.serving.http_exchange import Exchange
from collector.transport.serving.http_head import Head
from collector.transport.serving.turns import Turns

Submit = Callable[[bytes, Answered], None]
"""Takes the body of a request to admission."""
Inline = Callable[[str], int]
"""From the encoding of a body, to how many bytes of it are read on the loop; larger ones on a thread, so that the loop stays
responsive."""
Headers = dict[bytes, bytes]
_INLINE_BYTES = 8 << 10


class UnsupportedEncoding(InvalidPayload):
    """A content encoding that is not taken."""


class HttpApp:
    """What the applications of receivers share; `config` is the block of their listener."""

    def __init__(self, config: HttpServerConfig, entrance: Entrance, turns: Turns) -> None:
        self.entrance = entrance
        self.limit = max_body_size(config)
        self.encodings = frozenset(config.compression_algorithms)
        self.turns = turns
        self.tasks: set[asyncio.Task[None]] = set()  # of direct requests
        self.answer_within_secs = config.write_timeout or 30.0
        self._parameters = config.auth.request_params if config.auth is not None else []
        self._cors = (
            AccessControl(config.cors, config.auth is not None) if config.cors and config.cors.allowed_origins else None
        )
        self.extra = tuple((k.lower().encode(), v.encode("latin-1")) for k, v in config.response_headers.items())
        if not config.keep_alives_enabled:
            self.extra = (*self.extra, (b"connection", b"close"))
        self._keeps_alive = config.keep_alives_enabled

    async def respond(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """The receiver's part. A `Refusal` that it raises is counted and answered by `refused`."""
        raise NotImplementedError

    def refused(self, refusal: Refusal, headers: Headers) -> Response:
        """The answer to a refusal, in the words of the receiver's protocol."""
        raise NotImplementedError

    def plan(self, head: Head, headers: Headers) -> DirectPlan | None:  # noqa: ARG002 - for receivers
        """What the receiver does with plain requests of a head (`takes`); None: they are for `respond`, like all where this is not overridden."""
        return None

    def takes(self, exchange: Exchange) -> bool:
        """Whether the request needs no coroutine: it says how long it is, in a coding that is known, and nobody asks for more."""
        head, length = exchange.head, exchange.length
        if head.plan is None:
            head.plan = self._planned(head) or False
        if not head.plan or length is None or length > self.limit:
            return False
        try:
            exchange.taker = self._taken(exchange, head.plan, length)
        except Refusal as refusal:
            self._turn_away(exchange, refusal)
        except Exception as error:  # noqa: BLE001 - any defect of ours must become a retryable answer
            self.entrance.defect(error)
            self._turn_away(exchange, unexpected())
        return exchange.taker is not None or exchange.response_complete

    def _planned(self, head: Head) -> DirectPlan | None:
        headers: Headers = dict(head.fields)
        plain = self._keeps_alive and not self._parameters and (self._cors is None or b"origin" not in headers)
        return self.plan(head, headers) if plain else None

    def _taken(self, exchange: Exchange, plan: DirectPlan, length: int) -> DirectRequest:
        request = DirectRequest(self, exchange, plan)
        if self.entrance.asks:
            request.credential = authenticated(self.entrance, request)
            request.limit = self.limit_of(request.credential)
            if length > request.limit:
                raise too_large(request.limit)
        return request

    def _turn_away(self, exchange: Exchange, refusal: Refusal) -> None:
        response = self.refused(self.entrance.refuse(refusal), dict(exchange.head.fields))
        exchange.answer(response.status, fields_of(response, self.extra), response.body)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        extra = self.extra
        if self._cors is not None:
            if self._cors.is_preflight(scope["method"], headers):
                if objection := self._cors.objection(headers):
                    self.entrance.remark(HttpRequest(scope, headers).peer(), objection)
                await write(send, Response(204, b"", b"", tuple(self._cors.preflight(headers))), extra)
                return
            extra = (*extra, *self._cors.actual(headers))
        try:
            response = await self._guarded(scope, headers, receive)
        except SenderGone:
            return
        await write(send, response, extra)

    async def _guarded(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """The one wrapper round every request: whatever happens, the sender gets an answer that keeps its data."""
        try:
            return await self.respond(scope, headers, receive)
        except Refusal as refusal:
            return self.refused(self.entrance.refuse(refusal), headers)
        except SenderGone:
            raise
        except Exception as error:  # noqa: BLE001 - any defect of ours must become a retryable answer
            self.entrance.defect(error)
            return self.refused(self.entrance.refuse(unexpected()), headers)

    def credential(
        self, scope: Mapping[str, Any], headers: Headers, request: HttpRequest, wants: str = WRITE
    ) -> Credential | None:
        """Who sends, and may do what it `wants` (a scope of credentials); None where nobody is asked. Raises a `Refusal`."""
        asked = WithParameters(scope, headers, self._parameters) if self._parameters else request
        return authenticated(self.entrance, asked, wants)

    def limit_of(self, credential: Credential | None, limit: int = 0) -> int:
        """The largest body that its sender may send, of at most `limit` (0: the listener's)."""
        own, limit = credential.max_body_bytes if credential is not None else 0, limit or self.limit
        return min(own, limit) if own else limit

    def known_encoding(self, headers: Headers) -> str | None:
        """The content encoding of a request, empty for none; None for one that is not taken."""
        encoding = coding(headers.get(b"content-encoding", b"").decode("latin-1").strip())
        return encoding if encoding in self.encodings else None

    def encoding(self, headers: Headers, peer: str) -> str:
        """The content encoding of a request, empty for none. Raises `UnsupportedEncoding`."""
        named = headers.get(b"content-encoding", b"").decode("latin-1").strip()
        encoding = coding(named)
        if encoding not in self.encodings:
            self.entrance.remark(peer, f"unsupported Content-Encoding: {named[:40]!a}")
            raise UnsupportedEncoding(f"unsupported Content-Encoding: {named}")
        return encoding

    async def encoded_body(self, encoding: str, headers: Headers, receive: Receive, limit: int = 0) -> bytes:
        """The body as it came, of at most `limit` bytes (0: the listener's), after a look at its first ones."""
        body = await read_body(receive, headers.get(b"content-length"), limit or self.limit)
        if encoding:
            check_header(encoding, body)
        return body

    async def kept(
        self, scope: Mapping[str, Any], request: HttpRequest, credential: Credential | None, headers: Headers, receive: Receive,
        read: Callable[[str, int], Read], variant: str = "", limit: int = 0, unpacks: bool = False,
    ) -> Refusal | Notice | None:  # fmt: skip
        """A body, from the connection to the journal, for receivers that make objects of it: more than a little on a thread.

        Args:
            read: from the encoding of the body and its most bytes, to what makes records of it.
            limit: the most bytes of a body, on the wire and decoded; 0: as many as its sender may send.
            unpacks: it is read as it came, with its encoding.
        """
        limit = limit or self.limit_of(credential)
        encoding = self.encoding(headers, request.peer())
        body = await read_body(receive, headers.get(b"content-length"), limit)
        submit = partial(
            self.entrance.submit, request, credential=credential, read=read(encoding, limit), variant=variant
        )
        return await self.admitted(scope["sender"], submit, "" if unpacks else encoding, body, _inline, limit)

    async def admitted(
        self, sender: Connection, submit: Submit, encoding: str, body: bytes, inline: Inline, limit: int = 0
    ) -> Refusal | Notice | None:
        """Decode and submit, in turn on a thread if that takes long; then wait for the journal."""
        loop = asyncio.get_running_loop()
        settled: asyncio.Future[Refusal | Notice | None] = loop.create_future()
        limit = limit or self.limit

        def done(outcome: Refusal | Notice | None) -> None:
            try:
                loop.call_soon_threadsafe(_settle, settled, outcome)
            except RuntimeError:  # the loop is closed: the sender was cut off at the deadline of the shutdown
                return

        if encoding and len(body) <= inline(encoding):
            encoding, body = "", decoded(encoding, body, limit)
        pass_on = partial(_pass_on, submit, encoding, body, done, limit)
        if len(body) <= inline(encoding):
            pass_on()
        else:
            sender.waits_for_decoding(len(body))
            if not await self.turns.run(sender.peer, lambda: not sender.gone, pass_on):
                raise SenderGone
        sender.decoded()
        timer = loop.call_later(self.answer_within_secs, _settle, settled, LATE)
        try:
            return await settled
        finally:
            timer.cancel()


def _inline(_encoding: str) -> int:
    return _INLINE_BYTES


def _pass_on(submit: Submit, encoding: str, body: bytes, done: Answered, limit: int) -> None:
    submit(decoded(encoding, body, limit), done)


def _settle(settled: asyncio.Future[Refusal | Notice | None], outcome: Refusal | Notice | None) -> None:
    if not settled.done():
        settled.set_result(outcome)
