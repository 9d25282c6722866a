"""Small HTTP listeners of the supervisor: metrics for Prometheus, and health."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

Answer = tuple[int, str, str]
"""Status, content type, body."""


class Endpoints:
    """Listeners by address; each path is answered by a function that must not block for long."""

    def __init__(self) -> None:
        self._runners: list[web.AppRunner] = []

    async def listen(
        self, endpoint: str, routes: Mapping[str, Callable[[], Answer]], tls: ssl.SSLContext | None = None
    ) -> str:
        """Serve `routes` on `host:port`; returns the address bound."""
        # Loaded on a thread, so that the children, which take longer, start meanwhile.
        server = await asyncio.to_thread(import_module, "aiohttp.web")
        app: web.Application = server.Application()
        for path, answer in routes.items():
            app.router.add_get(path, _handler(answer))
        runner: web.AppRunner = server.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        host, _, port = endpoint.rpartition(":")
        site: web.TCPSite = server.TCPSite(runner, host.strip("[]") or None, int(port), ssl_context=tls)
        await site.start()
        self._runners.append(runner)
        bound = runner.addresses[0]
        return f"{bound[0]}:{bound[1]}"

    async def close(self) -> None:
        """Stop listening."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()


def _handler(answer: Callable[[], Answer]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(_request: web.Request) -> web.Response:
        from aiohttp import web

        status, content_type, body = await asyncio.to_thread(answer)
        return web.Response(status=status, body=body.encode(), headers={"Content-Type": content_type})

    return handle
