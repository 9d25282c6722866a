"""A metadata service on loopback: answers by (method, path), remembers what it was asked."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class StandIn:
    """Its address is `url`; `asked` holds (method, path, headers)."""

    def __init__(self, answers: Mapping[str, Any], demands: Mapping[str, str]) -> None:
        self.answers, self.demands = dict(answers), {name.lower(): value for name, value in demands.items()}
        self.asked: list[tuple[str, str]] = []

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Status and body: 404 for what it does not know, 401 without the headers that it demands."""
        self.asked.append((method, path))
        key = path if method == "GET" else f"{method} {path}"
        if key not in self.answers:
            return 404, ""
        if method == "GET" and any(headers.get(name) != value for name, value in self.demands.items()):
            return 401, ""
        said = self.answers[key]
        if isinstance(said, int):
            return said, ""
        return 200, said if isinstance(said, str) else json.dumps(said)


@contextmanager
def serving(
    answers: Mapping[str, Any],
    demands: Mapping[str, str] | None = None,
    path: str = "",
    headers: Mapping[str, str] | None = None,
) -> Iterator[tuple[StandIn, str]]:
    """The stand-in and its `host:port`; over a unix socket at `path` where one is given. `headers`: of each answer."""
    stand_in = StandIn(answers, demands or {})

    class Handler(http.server.BaseHTTPRequestHandler):
        def _respond(self) -> None:
            status, body = stand_in.answer(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json" if body.startswith("{") else "application/text")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_PUT = _respond

        def address_string(self) -> str:
            return "stand-in"

        def log_message(self, *_: object) -> None:
            pass

    server: Any = (
        socketserver.ThreadingUnixStreamServer(path, Handler)
        if path
        else http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    )
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stand_in, "" if path else f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
