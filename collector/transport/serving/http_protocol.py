"""uvicorn's httptools protocol with the bounds that it lacks: what is not body, what is not here yet, and for how long. Requests
that the application takes without a coroutine are served here (`http_exchange.py`), and where their head is known (`http_head.py`) without
the parser, which sees nothing of them: it stands between two requests all the while.

Times, also of what is idle, are looked at by a sweep once a second, not by a timer a request. A sender that is too slow is cut off, or told to
come again; OTLP clients do so in both cases.

Every byte of a request is body or it is not. What is not (head, chunk lines and their extensions, trailers) is counted
with each read, so that a bound holds in every state of the parser. Trailers are dropped (RFC 9110, 6.5.1).

An offer to upgrade (Java's HTTP client sends `Upgrade: h2c` with its first request) is ignored, as RFC 9110 allows, but for WebSockets where the
listener has them.
httptools takes such a request as one without a body, whatever its headers say: a log request would become an empty one
and be answered with success. So its head is parsed again without the offer.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from collector.transport.budget import Budget
from collector.transport.client_certificate import ClientCertificate
from collector.transport.serving.http_exchange import Dated, Direct, Exchange, Outcomes
from collector.transport.serving.http_head import Head, Heads, Latest, Plain, plain
from collector.transport.serving.http_host import BadHost, Headers, decided_host

_WHOLE_BYTES = 256 << 10
_MOST_SHARED = 16
_RATE_SECS = 5.0  # the least rate is asked for in each span of this length


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Seconds 0 = no limit."""

    max_header_size: int
    read_header_timeout_secs: float
    read_timeout_secs: float
    max_body_size: int
    min_receive_rate: int = 0


class _Phase(Enum):
    HEADERS = auto()  # waiting for the first request, or in the middle of its headers
    BODY = auto()
    IDLE = auto()  # the request is here; its answer, or the next request, is awaited


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        connections: the listener's connections; this one counts 1.
        pending: the listener's bytes that are not decoded yet.
        outcomes: the listener's, of exchanges.
        heads: those that the listener knows; None: every request is parsed.
    """

    cycle: Any  # uvicorn's, or an `Exchange`

    def __init__(
        self,
        limits: RequestLimits,
        connections: Budget[BoundedHttpProtocol],
        pending: Budget[BoundedHttpProtocol],
        outcomes: Outcomes,
        leaving: threading.Event,
        heads: Heads | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self._leaving = leaving
        self.peer = self.address = ""
        self.heard = self.loop.time()
        self.gone = False
        self._certificate: ClientCertificate | Literal[False] | None = None
        self._places = connections
        self._pending = pending
        self._outcomes = outcomes
        self._direct = self.app if isinstance(self.app, Direct) else None
        self._heads = heads if self._direct is not None else None
        self._arriving: Exchange | None = None
        self._left = 0  # of the body of what arrives without the parser
        self._between = True  # the parser has seen nothing since the end of a request
        self._new: Plain | None = None  # the head that it sees now, if it may be known from then on
        self._latest: Latest | None = None
        self._shared: dict[Head, dict[Any, Any]] = {}
        self._holds = False  # bytes that are not decoded yet
        self._limits = limits
        self._whole_bytes = min(_WHOLE_BYTES, limits.max_body_size)
        self._phase = _Phase.HEADERS
        self._since = self._span_since = self.heard
        self._not_body = 0  # bytes of this request
        self._body = 0
        self._body_at_span = 0
        self._refusal = (0, "")
        self._upgraded = False

    @property
    def connection(self) -> object:
        return self

    def certificate(self) -> ClientCertificate | None:
        """What the client showed, looked up once a connection."""
        if self._certificate is None:
            secured = self.transport.get_extra_info("ssl_object")
            found = secured.getpeercert() if secured is not None else None
            self._certificate = ClientCertificate.of_peer(found) if found else False
        return self._certificate or None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        local = (
            self.server is not None and self.server[1] is None
        )  # one who is gone already has no address; it is no unix socket
        self.address = self.peer or ("" if local else "unknown")
        self._places.hold(self, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self._places.release(self)
        self._pending.release(self)
        if type(self.cycle) is Exchange:
            self.cycle = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.heard = self.loop.time()
        while data:
            data = self._more_of_body(data) if self._left else self._received(data)

    def _received(self, data: bytes) -> bytes:
        """What follows a request whose head is known; all else is the parser's."""
        if self._phase is _Phase.IDLE:
            self._phase = _Phase.HEADERS
            self._since = self._span_since = self.heard
            self._not_body = self._body = 0
        if self._heads is not None and self._between and not self._not_body and self._may_begin():
            known = self._known(self._heads, data)
            if known is not None and self._begins(*known):
                return self._more_of_body(data, known[2])
        self._not_body += len(data)
        self._feed(data)
        self._new = None
        if self._phase is _Phase.BODY and not self.cycle.response_complete:
            self._hold(self._body)
        if self._phase is not _Phase.IDLE and self._not_body > self._limits.max_header_size + self._body:
            self.refuse(431, "request header fields too large")
        return b""

    def _known(self, heads: Heads, data: bytes) -> tuple[Head, int, int] | None:
        """The head that `data` begins with, the length of the body, and where that begins; None where it is not known."""
        known = self._latest.begins(data) if self._latest is not None else None
        if known is not None:
            return known
        found = plain(data)
        head = heads.get(found[0]) if found is not None else None
        if found is None or head is None:
            self._new = found
            return None
        self._latest = Latest(head, data, found[2])
        return head, found[1], found[2]

    def _may_begin(self) -> bool:
        """No earlier request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def _begins(self, head: Head, length: int, body_at: int) -> bool:
        """Whether the application takes a request with a head that is known, and a body that begins there."""
        if body_at > self._limits.max_header_size:
            return False
        self._enter_body(self.heard)
        if not self._offer(head, length):
            self._phase = _Phase.HEADERS
            return False
        self._not_body = body_at
        self._left = length
        return True

    def _more_of_body(self, data: bytes, at: int = 0) -> bytes:
        """Of a request whose head was known; gives what follows it."""
        exchange, end = self._arriving, at + self._left
        assert exchange is not None
        part = data[at:end]
        self._left -= len(part)
        self._body += len(part)
        if not exchange.response_complete:
            exchange.parts.append(part)
            if self._left:
                self._hold(self._body)
        if not self._left:
            self._ends(exchange)
        return data[end:]

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                if self.parser.get_method() == b"CONNECT":  # an offer that can't be taken back
                    self.send_400_response("This is not a proxy.")
                    return
                if self.parser.get_method() == b"GET" and self._should_upgrade():
                    self._upgrade(data[offer.args[0] :])
                    return
                data = self._head_without_offer() + data[offer.args[0] :]
            except httptools.HttpParserError:
                self.send_400_response("Invalid HTTP request received.")
                return

    def _head_without_offer(self) -> bytes:
        """The head of this request without the upgrade, for a new parser."""
        head = self._head([header for header in self.headers if header[0] not in (b"upgrade", b"connection")])
        self.parser = httptools.HttpRequestParser(self)
        return head

    def _head(self, headers: Headers) -> bytes:
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s\r\n" % (method, self.url, version)]
        return b"".join([*lines, *(b"%s: %s\r\n" % header for header in headers), b"\r\n"])

    def _upgrade(self, more: bytes) -> None:
        """Hand the connection over; its place stays held. Not while an earlier request waits for its answer."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.send_400_response("Invalid HTTP request received.")
            return
        try:
            decided_host(self.url, self.headers, self.parser.get_http_version())
        except BadHost as error:
            self._refusal = (400, str(error))
            self.send_400_response(str(error))
            return
        assert self.ws_protocol_class is not None
        protocol = self.ws_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.app_state
        )
        protocol.lost = functools.partial(self._places.release, self)  # type: ignore[attr-defined]
        self._upgraded = True
        self.connections.discard(self)
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.data_received(self._head(self.headers) + more)

    def on_message_begin(self) -> None:
        self._between = False
        if self._phase is _Phase.IDLE:  # in the read that ended the one before
            self._enter(_Phase.HEADERS)
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._phase is not _Phase.BODY:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        new, self._new = self._new, None
        if self._not_body > self._limits.max_header_size:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self._limits.max_header_size:
                self._give_up(431, "request header fields too large")
        if self.parser.should_upgrade():
            return  # comes again without the offer
        try:
            decided_host(self.url, self.headers, self.parser.get_http_version())
        except BadHost as error:
            self._give_up(400, str(error))
        self._enter_body(self.loop.time())
        if not self._exchanged(new):
            self._make_scope()
            super().on_headers_complete()
            if self._leaving.is_set() and self.cycle is not None:
                self.cycle.keep_alive = False

    def _exchanged(self, new: Plain | None) -> bool:
        """Whether the application takes the request without a coroutine; not while an earlier one is under way. `new`: its head, where it
        may be known from now on."""
        if self._direct is None or self.expect_100_continue or not self._may_begin():
            return False
        parser = self.parser
        persistent = parser.get_http_version() != "1.0" and parser.should_keep_alive()
        head = Head(parser.get_method(), self.url, self.headers, persistent)
        if not self._offer(head, head.length):
            return False
        if new is not None and self._heads is not None and self.cycle.taker is not None:
            self._heads.learn(new, head)
        return True

    def _offer(self, head: Head, length: int | None) -> bool:
        """Whether the application takes it as an exchange, which arrives from then on."""
        shared = self._shared.get(head)
        if shared is None:
            shared = self._sharing(head)
        keep_alive = head.persistent and not self._leaving.is_set()
        exchange = Exchange(self, self._outcomes, head, length, keep_alive, shared)
        earlier, self.cycle = self.cycle, exchange
        assert self._direct is not None
        if not self._direct.takes(exchange):
            self.cycle = earlier
            return False
        self._arriving = exchange
        return True

    def _sharing(self, head: Head) -> dict[Any, Any]:
        """For requests with the same head on this connection."""
        shared: dict[Any, Any] = {}
        if head.known:
            if len(self._shared) >= _MOST_SHARED:
                self._shared.clear()
            self._shared[head] = shared
        return shared

    def _make_scope(self) -> None:
        """For the application's coroutine; uvicorn does it before anything of the request is known."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        self.scope["sender"] = self  # type: ignore[typeddict-unknown-key]

    def on_body(self, body: bytes) -> None:
        """uvicorn wakes its reader for every piece, and stops reading at 64 KiB; most bodies are better taken whole."""
        self._body += len(body)
        self._not_body -= len(body)
        if self.parser.should_upgrade() or self.cycle.response_complete:
            return
        if self._arriving is not None:
            self._arriving.parts.append(body)
            return
        self.cycle.body += body
        if len(self.cycle.body) > self._whole_bytes:
            self.flow.pause_reading()
            self.cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._between = True
        if self._arriving is not None:
            self._ends(self._arriving)
            return
        self._phase = _Phase.IDLE
        self._not_body = 0  # what follows in the same read belongs to the next request
        super().on_message_complete()

    def _ends(self, exchange: Exchange) -> None:
        """The body is whole."""
        self._phase = _Phase.IDLE
        self._not_body = 0
        self._arriving = None
        if exchange.taker is not None and not exchange.response_complete:
            parts, exchange.parts = exchange.parts, []
            exchange.overdue_at = self.heard + self._direct.answer_within_secs if self._direct else 0.0
            exchange.taker.whole(parts[0] if len(parts) == 1 else b"".join(parts))

    def dated(self) -> Dated:
        """What all responses carry; another object each time that uvicorn tells the date anew."""
        return self.server_state.default_headers

    def answered(self, exchange: Exchange, response: bytes) -> None:
        """Send the response to an exchange, unless nobody waits for it."""
        if self.gone or self.transport.is_closing():
            return
        self.transport.write(response)
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """As in uvicorn, but for its timer: the sweep finds who is idle."""
        if self._holds:
            self.decoded()
        self._since = self.loop.time()
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def waits_for_decoding(self, size: int) -> None:
        """The body is here and waits for a thread: it goes on counting until `decoded`."""
        self._hold(size)

    def decoded(self) -> None:
        """The body is decoded, or thrown away: what is kept from here on is admission's to count."""
        if self._holds:
            self._holds = False
            self._pending.release(self)

    def _hold(self, size: int) -> None:
        self._holds = True
        self._pending.hold(self, size)

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what is not HTTP, or ours to what is too much or ambiguous."""
        status, reason = self._refusal
        if status:
            self.refuse(status, reason)
        elif not self.transport.is_closing():
            super().send_400_response(msg)

    def expire(self, now: float) -> None:
        """Cut the connection off if its request takes too long to arrive."""
        if self.flow is not None and self.flow.read_paused:  # it is we who do not read
            self._enter(self._phase)
            return
        if self._phase is _Phase.IDLE:
            self._expire_idle(now)
            return
        headers = self._phase is _Phase.HEADERS
        allowed = self._limits.read_header_timeout_secs if headers else self._limits.read_timeout_secs
        if allowed and now - self._since > allowed:
            self.transport.abort()
        elif self._phase is _Phase.BODY and now - self._span_since > _RATE_SECS:
            if self._body - self._body_at_span < self._limits.min_receive_rate * _RATE_SECS:
                self.refuse(503, "the body arrives too slowly: send it again")
            self._span_since, self._body_at_span = now, self._body

    def _expire_idle(self, now: float) -> None:
        if self.cycle.response_complete:
            if now - self._since > self.timeout_keep_alive:
                self.transport.close()
        elif type(self.cycle) is Exchange:
            self.cycle.expire(now)

    def _enter(self, phase: _Phase) -> None:
        self._phase = phase
        self._since = self._span_since = self.loop.time()

    def _enter_body(self, now: float) -> None:
        self._phase = _Phase.BODY
        self._since = self._span_since = now
        self._body = self._body_at_span = 0

    def _give_up(self, status: int, reason: str) -> None:
        """From a callback of the parser: ends it; answered in `send_400_response`."""
        self._refusal = (status, reason)
        raise ValueError(reason)

    def make_room(self) -> bool:
        """Close the connection unless an answer is due."""
        whole = self._phase is _Phase.IDLE and not self.cycle.response_complete
        if self._upgraded or whole or self._earlier_due():
            return False
        self.transport.close()
        return True

    def push_out(self) -> bool:
        """Tell the sender of what is not decoded yet to come again."""
        self.refuse(503, "too many requests arrive")
        return True

    def refuse(self, status: int, reason: str) -> None:
        """Answer the latest request, and close; without an answer where it would be taken for an earlier one's."""
        if self.transport.is_closing():
            return
        begun = self._phase is not _Phase.HEADERS and self.cycle.response_started
        if not begun and not self._earlier_due():
            text = f"{status} {reason}".encode()
            hint = b"retry-after: 1\r\n" if status == HTTPStatus.SERVICE_UNAVAILABLE else b""
            head = b"content-type: text/plain\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
            self.transport.write(STATUS_LINE[status] + hint + head + text)
        self.transport.close()

    def _earlier_due(self) -> bool:
        """A request before the latest one waits for its answer; `cycle` belongs to the last whose head is here."""
        if self._phase is _Phase.HEADERS:
            return self.cycle is not None and not self.cycle.response_complete
        return bool(self.pipeline)
