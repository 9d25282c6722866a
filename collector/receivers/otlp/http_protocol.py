"""uvicorn's httptools protocol with the bounds that it lacks: size of headers, and how long a request may arrive.

Times are looked at by a sweep once a second, not by a timer a request. A sender that is too slow is cut off without
an answer, which OTLP clients take as "try again".

An offer to upgrade (Java's HTTP client sends `Upgrade: h2c` with its first request) is ignored, as RFC 9110 allows.
httptools takes such a request as one without a body, whatever its headers say: a log request would become an empty one
and be answered with success. So its head is parsed again without the offer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_WHOLE_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Seconds 0 = no limit."""

    max_header_size: int
    read_header_timeout_secs: float
    read_timeout_secs: float
    max_body_size: int


class _Phase(Enum):
    HEADERS = auto()  # waiting for the first request, or in the middle of its headers
    BODY = auto()
    IDLE = auto()  # the request is here; its answer, or the next request, is awaited


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection. uvicorn itself closes it when it is idle after an answer."""

    def __init__(self, limits: RequestLimits, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._limits = limits
        self._whole_bytes = min(_WHOLE_BYTES, limits.max_body_size)
        self._phase = _Phase.HEADERS
        self._since = self.loop.time()
        self._received = 0
        self._too_large = False

    def data_received(self, data: bytes) -> None:
        if self._phase is _Phase.IDLE:
            self._enter(_Phase.HEADERS)
            self._received = 0
        self._received += len(data)
        self._unset_keepalive_if_required()
        self._feed(data)
        if self._phase is _Phase.HEADERS and self._received > self._limits.max_header_size:
            self._refuse_headers()

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                if self.parser.get_method() == b"CONNECT":  # an offer that can't be taken back
                    self.send_400_response("This is not a proxy.")
                    return
                data = self._head_without_offer() + data[offer.args[0] :]
            except httptools.HttpParserError:
                self.send_400_response("Invalid HTTP request received.")
                return

    def _head_without_offer(self) -> bytes:
        """The head of this request without the upgrade, for a new parser."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s\r\n" % (method, self.url, version)]
        lines += [b"%s: %s\r\n" % header for header in self.headers if header[0] not in (b"upgrade", b"connection")]
        self.parser = httptools.HttpRequestParser(self)
        return b"".join([*lines, b"\r\n"])

    def on_headers_complete(self) -> None:
        if self._received > self._limits.max_header_size:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self._limits.max_header_size:
                self._too_large = True
                raise ValueError("headers too large")  # ends the parser; answered in send_400_response
        if self.parser.should_upgrade():
            return  # comes again without the offer
        self._enter(_Phase.BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """uvicorn wakes its reader for every piece, and stops reading at 64 KiB; most bodies are better taken whole."""
        if self.parser.should_upgrade() or self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) > self._whole_bytes:
            self.flow.pause_reading()
            self.cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._phase = _Phase.IDLE
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what is not HTTP, or ours to too much of it."""
        if self._too_large:
            self._refuse_headers()
        elif not self.transport.is_closing():
            super().send_400_response(msg)

    def expire(self, now: float) -> None:
        """Cut the connection off if its request takes too long to arrive."""
        allowed = {
            _Phase.HEADERS: self._limits.read_header_timeout_secs,
            _Phase.BODY: self._limits.read_timeout_secs,
        }.get(self._phase, 0.0)
        if allowed and now - self._since > allowed:
            self.transport.abort()

    def _enter(self, phase: _Phase) -> None:
        self._phase = phase
        self._since = self.loop.time()

    def _refuse_headers(self) -> None:
        if self.transport.is_closing():
            return
        text = b"431 request header fields too large"
        self.transport.write(
            STATUS_LINE[431]
            + b"content-type: text/plain\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
            + text
        )
        self.transport.close()
