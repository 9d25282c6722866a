"""Small HTTP listeners of the supervisor: metrics for Prometheus, and health."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from collector.transport.descriptors import room_for_connections

if TYPE_CHECKING:
    from aiohttp import web

Answer = tuple[int, str, str]
"""Status, content type, body."""
_MOST_CONNECTIONS = 64


class Endpoints:
    """Listeners by address; each path is answered by a function that must not block for long."""

    def __init__(self) -> None:
        self._runners: list[web.ServerRunner] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def listen(
        self, endpoint: str, routes: Mapping[str, Callable[[], Answer]], tls: ssl.SSLContext | None = None
    ) -> str:
        """Serve `routes` on `host:port`; returns the address bound."""
        # Loaded on a thread, so that the children, which take longer, start meanwhile.
        small = await asyncio.to_thread(import_module, "collector.telemetry.small_server")
        most = min(_MOST_CONNECTIONS, room_for_connections())
        server = small.SmallServer(endpoint, routes, most)
        runner: web.ServerRunner = small.web.ServerRunner(server, handle_signals=False)
        await runner.setup()
        host, _, port = endpoint.rpartition(":")
        site: web.TCPSite = small.web.TCPSite(
            runner, host.strip("[]") or None, int(port), ssl_context=tls,
            backlog=most,  # asyncio accepts as many at once before it looks at the first
        )  # fmt: skip
        await site.start()
        self._runners.append(runner)
        bound = runner.addresses[0]
        if tls is not None:
            self._tasks.append(asyncio.create_task(server.end_handshakes(bound[1])))
        return f"{bound[0]}:{bound[1]}"

    async def close(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        self._tasks.clear()
