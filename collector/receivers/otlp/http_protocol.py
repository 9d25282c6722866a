"""uvicorn's httptools protocol with the bounds that it lacks: size of headers, and how long a request may arrive.

Times are looked at by a sweep once a second, not by a timer a request. A sender that is too slow is cut off without
an answer, which OTLP clients take as "try again".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Seconds 0 = no limit."""

    max_header_size: int
    read_header_timeout_secs: float
    read_timeout_secs: float


class _Phase(Enum):
    HEADERS = auto()  # waiting for the first request, or in the middle of its headers
    BODY = auto()
    IDLE = auto()  # the request is here; its answer, or the next request, is awaited


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection. uvicorn itself closes it when it is idle after an answer."""

    def __init__(self, limits: RequestLimits, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._limits = limits
        self._phase = _Phase.HEADERS
        self._since = self.loop.time()
        self._received = 0
        self._too_large = False

    def data_received(self, data: bytes) -> None:
        if self._phase is _Phase.IDLE:
            self._enter(_Phase.HEADERS)
            self._received = 0
        self._received += len(data)
        super().data_received(data)
        if self._phase is _Phase.HEADERS and self._received > self._limits.max_header_size:
            self._refuse_headers()

    def on_headers_complete(self) -> None:
        if self._received > self._limits.max_header_size:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self._limits.max_header_size:
                self._too_large = True
                raise ValueError("headers too large")  # ends the parser; answered in send_400_response
        self._enter(_Phase.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
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
