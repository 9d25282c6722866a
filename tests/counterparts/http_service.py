"""What the doubles of vendors' HTTP services share: a free loopback port, bodies as they came."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpService:
    """`routes` names the POST requests it answers; `url` is known once it has started."""

    def __init__(self) -> None:
        self.url = ""
        self._runner: web.AppRunner | None = None

    def routes(self) -> Iterator[tuple[str, Handler]]:
        """(path, handler)."""
        raise NotImplementedError

    async def start(self) -> None:
        """Listen on a free loopback port."""
        application = web.Application(client_max_size=64 << 20)
        for path, handler in self.routes():
            application.router.add_post(path, handler)
        self._runner = web.AppRunner(application, access_log=None, auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()
