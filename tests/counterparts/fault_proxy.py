"""An HTTP proxy in front of a real server that spoils chosen calls: what a bad day on the network looks like.

    async with FaultProxy("http://127.0.0.1:8080") as proxy:
        proxy.faults += [lost_answer, status(429, {"Retry-After": "1"}), cut_request]
        …                                                   # talk to proxy.url; each call takes the next fault

A fault is `async fault(call) -> response`; it may use `call.forward()` before, or not at all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from counterparts.on_thread import on_thread


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its body read."""

    request: web.Request
    body: bytes
    proxy: FaultProxy

    async def forward(self) -> web.Response:
        """Let the real server answer."""
        return await self.proxy.forward(self)

    async def hang_up(self) -> web.Response:
        """Close the connection instead of answering."""
        assert self.request.transport is not None
        self.request.transport.abort()
        raise asyncio.CancelledError


_OWN = frozenset({"Host", "Connection", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Accept-Encoding"})
"""Headers of one connection, or of the body as it came; the body is passed on plain."""

_TOLD = frozenset({"etag", "last-modified", "content-range"})
"""Headers of answers that are passed on, beside those that begin with `x-`."""

Fault = Callable[[Call], Awaitable[web.Response]]


class FaultProxy:
    """`faults` are taken one a call, in order; without one a call passes. `calls` counts all, `paths` names them."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.keeps_host = False
        """Pass on the `Host` that the client named: it is signed."""
        self.faults: deque[Fault] = deque()
        self.paths: list[str] = []
        self.url = ""

    async def __aenter__(self) -> FaultProxy:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen on a free loopback port."""
        self._session = aiohttp.ClientSession()
        application = web.Application(client_max_size=1 << 30)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close the port."""
        await self._runner.cleanup()
        await self._session.close()

    async def forward(self, call: Call) -> web.Response:
        """The real server's answer."""
        headers = {name: value for name, value in call.request.headers.items() if name not in _OWN}
        if self.keeps_host:
            headers["Host"] = call.request.headers["Host"]
        async with self._session.request(
            call.request.method, self.upstream + call.request.path_qs, data=call.body, headers=headers
        ) as answer:
            own = {name: value for name, value in answer.headers.items() if _passed(name)}
            content_type = {"Content-Type": answer.headers.get("Content-Type", "application/json")}
            return web.Response(status=answer.status, body=await answer.read(), headers=content_type | own)

    async def _answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        call = Call(request, await request.read(), self)
        return await self.faults.popleft()(call) if self.faults else await call.forward()


def _passed(name: str) -> bool:
    return name.lower().startswith("x-") or name.lower() in _TOLD


async def lost_answer(call: Call) -> web.Response:
    """The server did it; nobody hears of it."""
    await call.forward()
    return await call.hang_up()


async def cut_request(call: Call) -> web.Response:
    """The connection breaks before the server heard anything."""
    return await call.hang_up()


async def gateway_page(call: Call) -> web.Response:
    """The server did it; the gateway gave up waiting and answers in HTML."""
    await call.forward()
    return web.Response(status=504, text="<!DOCTYPE html><h1>Gateway Time-out</h1>", content_type="text/html")


def status(code: int, headers: Mapping[str, str] | None = None, message: str = "not now") -> Fault:
    """An error of the API, nothing done."""

    async def fault(_: Call) -> web.Response:
        body = {"success": False, "errors": [{"code": 10000, "message": message}], "messages": [], "result": None}
        return web.json_response(body, status=code, headers=headers)

    return fault


def slow(secs: float) -> Fault:
    """The answer comes late."""

    async def fault(call: Call) -> web.Response:
        answer = await call.forward()
        await asyncio.sleep(secs)
        return answer

    return fault


@contextmanager
def proxied(upstream: str) -> Iterator[FaultProxy]:
    """A proxy for tests that are not async. `faults` may be set from any thread."""
    with on_thread(FaultProxy(upstream)) as proxy:
        yield proxy
