"""The HTTP listener: uvicorn (httptools, uvloop) on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import uvicorn

from collector.transport.accepted import hang_up_strangers, normal_peer
from collector.transport.budget import Budget
from collector.transport.descriptors import connection_bounds
from collector.transport.endpoint import Endpoint, UnixSocketPath, check_free, listening_socket, resolved
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.serving.http_body import max_body_size
from collector.transport.serving.http_exchange import Outcomes
from collector.transport.serving.http_head import Heads
from collector.transport.serving.http_protocol import BoundedHttpProtocol, RequestLimits
from collector.transport.serving.turns import Turns
from collector.transport.tls import TlsServerConfig, load_server_files, server_context

logger = logging.getLogger(__name__)
_LEAVING_LOOK_SECS = 0.02
_LEAVING_LOOKS = 2
_SWEEP_SECS = 1.0
_REST_SECS = 2.0  # while nobody is connected
_DATE = 0  # the tick at which uvicorn tells the date anew
_DECODING = 2  # threads
Connections = Budget[BoundedHttpProtocol]
App = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application, without its life cycle."""


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it listens and looks after slow connections and changed certificates."""

    def __init__(self, config: uvicorn.Config, tls: TlsServerConfig | None, most: int, rest_secs: float) -> None:
        super().__init__(config)
        self._most = most
        self._rest_secs = rest_secs
        self.ready = threading.Event()
        self.beat = time.monotonic()
        self._tls = tls
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Begin to shut down. From any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._ending.set)

    def leave(self) -> None:
        """Stop listening; who is connected stays. From any thread."""
        if self._loop is not None:
            for listener in self.servers:
                self._loop.call_soon_threadsafe(listener.close)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        if self._tls is not None and self._tls.reload_secs:
            self._tasks.append(asyncio.create_task(self._reload(self._tls)))
        self.ready.set()

    async def main_loop(self) -> None:
        """Each second, or two while nobody is connected, until it is told to end; uvicorn's own asks ten times a second whether it was."""
        while not await self.on_tick(_DATE):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SWEEP_SECS if self.server_state.connections else self._rest_secs):
                    await self._ending.wait()
            self._sweep(asyncio.get_running_loop().time())

    def _sweep(self, now: float) -> None:
        self.beat = time.monotonic()
        for connection in list(self.server_state.connections):
            cast("BoundedHttpProtocol", connection).expire(now)
        if self._tls is not None:
            self._end_handshakes()

    def _end_handshakes(self) -> None:
        """uvicorn makes a protocol when TLS stands; what comes before is bounded here."""
        served = cast("set[BoundedHttpProtocol]", self.server_state.connections)
        known = {normal_peer(*each.client) for each in served if each.client}
        for listener in self.servers:
            for bound in listener.sockets:
                if bound.family != socket.AF_UNIX:
                    hang_up_strangers(bound.getsockname()[1], known, self._most)

    async def _reload(self, tls: TlsServerConfig) -> None:
        context = cast("ssl.SSLContext", self.config.ssl)
        while True:
            await asyncio.sleep(tls.reload_secs)
            try:
                load_server_files(context, tls)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                logger.warning("the old certificate stays in use: %s", error)


class HttpListener:
    """Serves one `http:` block."""

    def __init__(self, config: HttpServerConfig) -> None:
        self._config = config
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._path: UnixSocketPath | None = None
        self._places, self._pending = _budgets(config)
        self._leaving = threading.Event()

    def start(self, make_app: Callable[[Turns], App], share_port: bool, websockets: bool = False) -> str:
        """Bind and serve; gives the address bound. Raises OSError (address, files), ValueError (options).

        Args:
            make_app: gets the threads on which the application does what would hold up the loop.
            share_port: other processes of ours listen on the same port.
            websockets: offers of them are taken; else they are ignored.
        """
        config = self._config
        context = server_context(config.tls) if config.tls else None
        endpoint = resolved(Endpoint.parse(config.endpoint, config.transport), config.transport)
        bound = self._bind(endpoint, share_port)
        self._threads = ThreadPoolExecutor(_DECODING, thread_name_prefix="http-decode")
        app = make_app(Turns(self._threads, _DECODING))
        uvicorn_config = _uvicorn_config(config, app, self._places, self._pending, self._leaving, websockets)
        self._server = _Server(uvicorn_config, config.tls, self._places.total, _rest_secs(config))
        self._server.config.load()
        self._server.config.ssl = context
        self._thread = threading.Thread(target=self._server.run, args=([bound],), name="http", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(timeout=10.0):
            raise OSError("the HTTP server did not start")
        return str(endpoint) if endpoint.path else str(Endpoint(endpoint.host, bound.getsockname()[1]))

    def leave(self, patience_secs: float) -> None:
        """Stop listening, and close each connection behind its next answer: its sender goes to who listens on the port now. Those who
        send nothing for so long are left to `shutdown`."""
        if self._server is None:
            return
        self._leaving.set()
        self._server.leave()
        ends, alone = time.monotonic() + patience_secs, 0
        while alone < _LEAVING_LOOKS and time.monotonic() < ends:
            time.sleep(_LEAVING_LOOK_SECS)  # who came just before the listener closed is accepted meanwhile
            alone = 0 if self._server.server_state.connections else alone + 1

    def shutdown(self, deadline_secs: float) -> None:
        """Stop listening, let requests finish until the deadline, then cut them off."""
        if self._server is not None and self._thread is not None:
            self._server.config.timeout_graceful_shutdown = max(1, round(deadline_secs))
            self._server.end()
            self._thread.join(deadline_secs + 5.0)
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
        if self._path is not None:
            self._path.withdraw()
        self._server = self._thread = self._threads = self._path = None

    def silent_secs(self) -> float:
        """How long ago the event loop last gave a sign of life; it does each second."""
        return time.monotonic() - self._server.beat if self._server is not None else 0.0

    def gauges(self) -> dict[str, int]:
        """What is in use of what is bounded; read from any thread."""
        return {
            "connections": self._places.used, "max_connections": self._places.total,
            "connections_cut": self._places.cuts, "pending_bytes": self._pending.used,
            "max_pending_bytes": self._pending.total, "bodies_cut": self._pending.cuts,
        }  # fmt: skip

    def _bind(self, endpoint: Endpoint, share_port: bool) -> socket.socket:
        if not share_port:
            check_free(endpoint)
        if not endpoint.path:
            return listening_socket(endpoint, share_port)
        self._path = UnixSocketPath(endpoint.path)
        return self._path.listening()


def _rest_secs(config: HttpServerConfig) -> float:
    """How long a listener without connections sleeps: who comes meanwhile is looked at before any of its bounds can be over; a handshake
    of TLS has no connection yet."""
    bounds = [secs for secs in (config.read_header_timeout, config.read_timeout, config.idle_timeout) if secs]
    return _REST_SECS if config.tls is None and all(secs > _REST_SECS for secs in bounds) else _SWEEP_SECS


def _budgets(config: HttpServerConfig) -> tuple[Connections, Connections]:
    """The listener's connections, and its bytes that are not decoded yet."""
    most, share = connection_bounds(config.max_connections, config.max_connections_per_peer)
    places = Connections(f"connections on {config.endpoint}", most, BoundedHttpProtocol.make_room, share)
    size = max(config.max_pending_size or 32 << 20, max_body_size(config))
    pending = Connections(f"bytes of requests that arrive on {config.endpoint}", size, BoundedHttpProtocol.push_out)
    return places, pending


def _uvicorn_config(
    config: HttpServerConfig,
    app: App,
    places: Connections,
    pending: Connections,
    leaving: threading.Event,
    websockets: bool,
) -> uvicorn.Config:
    sockets: dict[str, Any] = {"ws": "none"}
    if websockets:
        from collector.transport.serving.websocket_protocol import options  # of a library that few listeners need

        sockets = options()
    limits = RequestLimits(
        config.max_header_size, config.read_header_timeout, config.read_timeout, max_body_size(config),
        config.min_receive_rate,
    )  # fmt: skip
    return uvicorn.Config(
        app,
        http=functools.partial(BoundedHttpProtocol, limits, places, pending, Outcomes(), leaving, Heads()),  # type: ignore[arg-type]  # called, never subclassed
        loop="uvloop",
        lifespan="off",
        **sockets,
        interface="asgi3",
        log_config=None,
        log_level=logging.CRITICAL,  # bad requests are counted, not logged
        access_log=False,
        proxy_headers=False,  # X-Forwarded-* is the resolver's business
        server_header=False,
        timeout_keep_alive=max(1, round(config.idle_timeout or 60.0)),
        backlog=min(2048, places.total),  # a burst is accepted whole before the first of it is looked at
    )
