"""An HTTP endpoint on loopback that keeps each request and answers what a test says."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from cramjam import gzip


@dataclass(frozen=True, slots=True)
class Received:
    """One request; the body is decompressed, header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class HttpRecorder:
    """Listens from `__enter__` to `__exit__`; requests are in the order of their answers.

    Args:
        answer: what each request gets.
    """

    def __init__(self, answer: Callable[[Received], Answer]) -> None:
        self._received: list[Received] = []
        self._server = _Server(("127.0.0.1", 0), _handler(answer, self._received))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def taken(self) -> list[Received]:
        """What arrived since the last call."""
        count = len(self._received)
        found, self._received[:count] = self._received[:count], []
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that resets its connection when it is done with it is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(answer: Callable[[Received], Answer], received: list[Received]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 64 << 10  # headers and body in one packet

        def _take(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            if headers.get("content-encoding") == "gzip":
                body = bytes(gzip.decompress(body))
            request = Received(self.command, self.path, headers, body)
            reply = answer(request)
            received.append(request)
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_HEAD = do_POST = do_PUT = _take

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            del format, args

    return Handler
