"""A real Chromium, from Debian's packages, without a window: it opens a page, which tells when it is done."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from counterparts.debian_packages import environment, unpacked

_PACKAGES = ("chromium-headless-shell", "chromium-common")
_SECS = 100.0


def chromium() -> Path:
    """The root of a tree with the browser; fetched once. Raises `Unavailable`."""
    return unpacked("chromium", *_PACKAGES)


class Pages:
    """Serves one page with its script, on every name of this machine; `done` holds what pages posted when they were."""

    def __init__(self, script: bytes) -> None:
        self.done: list[str] = []
        self._heard = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(script, self._took))
        self.port = int(self._server.server_address[1])

    @contextlib.contextmanager
    def serving(self) -> Iterator[Pages]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    @contextlib.contextmanager
    def shown(self, origin: str, profile: Path, **asked: str) -> Iterator[str]:
        """Show the page under an origin, with parameters; entered when it says that it is done, with what it said. What it
        sends on its way out, a beacon, needs a browser that still runs."""
        self._heard.clear()
        root = chromium()
        command = [
            str(root / "usr/lib/chromium/chromium-headless-shell"), "--no-sandbox", "--disable-gpu", "--no-first-run",
            f"--user-data-dir={profile}", f"{origin}/?{urlencode(asked)}",
        ]  # fmt: skip
        process = subprocess.Popen(
            command,
            env=dict(environment(root)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert self._heard.wait(_SECS), "the page did not come to its end"
            yield self.done[-1]
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _took(self, text: str) -> None:
        self.done.append(text)
        self._heard.set()


def _handler(script: bytes, took: object) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/page.js":
                self._answer(script, "text/javascript")
            elif self.path.startswith("/?"):
                self._answer(b'<!doctype html><script type="module" src="/page.js"></script>', "text/html")
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(b"", "text/plain")
            took(text)  # type: ignore[operator]

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
