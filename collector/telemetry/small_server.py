"""A small HTTP server that strangers can't fill: aiohttp's, with an end to every connection and a bound on their number.

Each connection serves one request. One that has no request after a few seconds is closed; beyond the bound the silent
ones are, those of the peer with the most first (`collector/transport/budget.py`). Nothing of a request but its first line
and headers is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from aiohttp import web

from collector.errors import LogboomError
from collector.transport.accepted import hang_up_strangers, normal_peer
from collector.transport.budget import Budget

log = logging.getLogger("logboom.supervisor")
_QUIET = logging.getLogger(f"{__name__}.requests")  # what strangers send is not worth a line each
_QUIET.disabled = True
REQUEST_SECS = 10.0
_LOOK_SECS = 1.0
Answer = tuple[int, str, str]
"""Status, content type, body."""


class SmallServer(web.Server):
    """Answers GET and HEAD of `routes`, each by a function that runs on a thread and must not block for long."""

    def __init__(self, endpoint: str, routes: Mapping[str, Callable[[], Answer]], most: int) -> None:
        super().__init__(self._answer, access_log=None, lingering_time=0, logger=_QUIET)
        self._routes = routes
        self._places = Budget(f"connections on {endpoint}", most, _Connection.make_room)
        self._open: dict[web.RequestHandler, _Connection] = {}

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._open[handler] = connection = _Connection(handler, transport)
        self._places.hold(connection, 1)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        connection = self._open.pop(handler, None)
        if connection is not None:
            connection.timer.cancel()
            self._places.release(connection)

    async def end_handshakes(self, port: int) -> None:
        """With TLS a connection is known only after its handshake; bound what comes before, for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECS)
            hang_up_strangers(port, {each.key for each in self._open.values()}, self._places.total)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = self._open.get(request.protocol)
        if connection is not None:
            connection.serves = True
        try:
            response = await self._response(request)
        except Exception as error:
            log.error("%s can't be answered: %s", request.path, error, exc_info=not isinstance(error, LogboomError))
            response = web.Response(status=500, text="500: Internal Server Error")
        response.force_close()
        return response

    async def _response(self, request: web.BaseRequest) -> web.Response:
        answer = self._routes.get(request.path)
        if answer is None:
            return web.Response(status=404, text="404: Not Found")
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, text="405: Method Not Allowed", headers={"Allow": "GET,HEAD"})
        status, content_type, body = await asyncio.to_thread(answer)
        return web.Response(status=status, body=body.encode(), headers={"Content-Type": content_type})


class _Connection:
    """One connection that waits for its request, until it `serves` it."""

    def __init__(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        address, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self.key = normal_peer(address, port)
        self.peer = self.key[0]
        self.heard = loop.time()
        self.serves = False
        self.timer = loop.call_later(REQUEST_SECS, self.make_room)
        self._handler = handler

    @property
    def connection(self) -> object:
        return self

    def make_room(self) -> bool:
        if self.serves:
            return False
        self._handler.force_close()
        return True
