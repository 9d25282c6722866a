"""The listener of protocols that are neither HTTP nor gRPC: connections as coroutines, on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import uvloop

from collector.transport.budget import Budget
from collector.transport.client_certificate import ClientCertificate
from collector.transport.descriptors import connection_bounds
from collector.transport.endpoint import Endpoint, UnixSocketPath, check_free, listening_socket, resolved
from collector.transport.serving.handshakes import HANDSHAKE_SECS, READ_BYTES, Handshake, HandshakeServer, address_of
from collector.transport.stream_server_config import StreamBounds
from collector.transport.tls import load_server_files, server_context

logger = logging.getLogger(__name__)
_WRITING_SECS = 30.0
_BEAT_SECS = 1.0
_LEAST_BACKLOG = 128
"""Who waits to be accepted holds no descriptor; who finds no room to wait comes again after seconds."""
_LEFTOVER_SECS = 0.05
"""Who leaves still reads what was sent before the other side could know: until it is silent for so long."""
_CUT_SECS = 1.0
"""What was read of those that were cut off has so long to be taken."""
Serve = Callable[["StreamConnection"], Awaitable[None]]


class StreamConnection:
    """One connection; belongs to the listener's loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, leaving: asyncio.Event) -> None:
        self.heard = time.monotonic()
        self._reader, self._writer, self._leaving, self._left = reader, writer, leaving, False
        self.peer, self.peer_port = address_of(writer.get_extra_info("peername"))
        self.host, self.host_port = address_of(writer.get_extra_info("sockname"))
        """The addresses of both sides; empty, and 0, over a unix socket."""

    @property
    def connection(self) -> object:
        """See `Holder`."""
        return self

    async def read(self, idle_secs: float = math.inf, *, unanswered: bool = False) -> bytes:
        """What has come; empty at the end, when nothing came for so long, or when the listener leaves and nothing more comes.

        Args:
            unanswered: nothing is ever written to this sender; so it is told at once that the listener leaves, by the end of what it would
                hear, and what it sent until it heard that is read.
        """
        reading = asyncio.ensure_future(self._reader.read(READ_BYTES))
        leaving = asyncio.ensure_future(self._leaving.wait())
        try:
            timeout = None if idle_secs == math.inf else idle_secs
            await asyncio.wait({reading, leaving}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if unanswered and self._leaving.is_set():
                self._say_farewell()
            if not reading.done() and self._leaving.is_set():
                await asyncio.wait({reading}, timeout=_LEFTOVER_SECS)
            data = reading.result() if reading.done() else b""
        except (OSError, ssl.SSLError):
            data = b""
        finally:
            reading.cancel()
            leaving.cancel()
        self.heard = time.monotonic()
        return data

    def _say_farewell(self) -> None:
        if not self._left and self._writer.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                self._writer.write_eof()
        self._left = True

    async def write(self, data: bytes) -> None:
        """Send; returns when the other side keeps up, which it must within half a minute. Nothing happens when it is gone."""
        try:
            self._writer.write(data)
            async with asyncio.timeout(_WRITING_SECS):
                await self._writer.drain()
        except TimeoutError:
            self.cut()
        except (OSError, ssl.SSLError):
            return

    def certificate(self) -> ClientCertificate | None:
        """What the client showed, and TLS has checked."""
        held = self._writer.get_extra_info("ssl_object")
        shown = held.getpeercert() if held is not None else None
        return ClientCertificate.of_peer(shown) if shown else None

    def cut(self) -> bool:
        """Close at once: there must be room for others."""
        self._writer.transport.abort()
        return True

    async def close(self) -> None:
        """Send what is left, and close."""
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            self._writer.close()
            async with asyncio.timeout(HANDSHAKE_SECS):
                await self._writer.wait_closed()


class _Echo(asyncio.DatagramProtocol):
    """One byte for each datagram, so that nobody is made to send more than is sent to us."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._transport.sendto(data[:1], addr)


async def _answer_heartbeats(beside: socket.socket, share_port: bool) -> asyncio.BaseTransport:
    bound = socket.socket(beside.family, socket.SOCK_DGRAM)
    try:
        if share_port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(beside.getsockname())
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(_Echo, sock=bound)
        return transport
    except OSError:
        bound.close()
        raise


class StreamListener:
    """Serves one endpoint. `start`, `leave` and `shutdown` from the thread that owns the receiver."""

    def __init__(self, config: StreamBounds) -> None:
        self._config = config
        most, share = connection_bounds(config.max_connections, config.max_connections_per_peer)
        self._places = Budget[StreamConnection | Handshake](
            f"connections on {config.endpoint}", most, lambda held: held.cut(), share
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._path: UnixSocketPath | None = None
        self._server: asyncio.Server | HandshakeServer | None = None
        self._heartbeats: asyncio.BaseTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._beat = time.monotonic()
        self._leaving = asyncio.Event()

    def start(self, serve: Serve, share_port: bool, *, heartbeat: bool = False) -> str:
        """Bind and serve; gives the address bound. Raises OSError (address, files), ValueError (options).

        Args:
            serve: called for each connection; it is closed when that returns.
            share_port: other processes of ours listen on the same port.
            heartbeat: send the first byte of each datagram to the same port back.
        """
        context = server_context(self._config.tls) if self._config.tls else None
        endpoint = resolved(self._config.address, self._config.transport)
        if not share_port:
            check_free(endpoint)
        bound = self._bind(endpoint, share_port)
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stream", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(bound, serve, context), self._loop).result()
        if heartbeat and not endpoint.path:
            answering = _answer_heartbeats(bound, share_port)
            self._heartbeats = asyncio.run_coroutine_threadsafe(answering, self._loop).result()
        return str(endpoint) if endpoint.path else str(Endpoint(endpoint.host, bound.getsockname()[1]))

    def leave(self, patience_secs: float) -> None:
        """Stop listening, and close each connection when nothing more comes over it. Who goes on sending is cut off in the end, and what was
        read by then is still taken."""
        if self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._leave)
        self._await_empty(patience_secs)
        if self._connected():
            self._loop.call_soon_threadsafe(self._cut_off)
            self._await_empty(_CUT_SECS)

    def _await_empty(self, secs: float) -> None:
        ends = time.monotonic() + secs
        while self._connected() and time.monotonic() < ends:
            time.sleep(_LEFTOVER_SECS)

    def _connected(self) -> bool:
        """Nobody waits for handshakes: nothing was sent over them that could be lost."""
        return any(isinstance(held, StreamConnection) for held in self._places)

    def _cut_off(self) -> None:
        for connection in list(self._places):
            connection.cut()

    def shutdown(self, deadline_secs: float) -> None:
        """`leave`, then cut off who is still there."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self.leave(deadline_secs)
        asyncio.run_coroutine_threadsafe(self._end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        if self._path is not None:
            self._path.withdraw()
        self._loop = self._thread = self._server = self._path = self._heartbeats = None

    def silent_secs(self) -> float:
        """How long ago the event loop last gave a sign of life; it does each second."""
        return time.monotonic() - self._beat if self._loop is not None else 0.0

    def gauges(self) -> dict[str, int]:
        """What is in use of what is bounded; read from any thread."""
        places = self._places
        return {"connections": places.used, "max_connections": places.total, "connections_cut": places.cuts}

    def _bind(self, endpoint: Endpoint, share_port: bool) -> socket.socket:
        if not endpoint.path:
            return listening_socket(endpoint, share_port)
        self._path = UnixSocketPath(endpoint.path)
        return self._path.listening()

    async def _listen(self, bound: socket.socket, serve: Serve, context: ssl.SSLContext | None) -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = StreamConnection(reader, writer, self._leaving)
            self._places.hold(connection, 1)
            try:
                await serve(connection)
            except asyncio.CancelledError:  # at the end; whoever made this task would log it as an error
                return
            finally:
                self._places.release(connection)
                await connection.close()

        backlog = max(_LEAST_BACKLOG, min(2048, self._places.total))
        if context is None:
            self._server = await asyncio.start_server(connected, sock=bound, limit=READ_BYTES, backlog=backlog)
        else:
            self._server = HandshakeServer(
                bound, context, lambda each: self._places.hold(each, 1), self._places.release, connected, backlog
            )
        self._tasks.add(asyncio.ensure_future(self._beats()))
        if context is not None and self._config.tls is not None and self._config.tls.reload_secs:
            self._tasks.add(asyncio.ensure_future(self._reload(context)))

    async def _beats(self) -> None:
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(_BEAT_SECS)

    async def _reload(self, context: ssl.SSLContext) -> None:
        assert self._config.tls is not None
        while True:
            await asyncio.sleep(self._config.tls.reload_secs)
            try:
                load_server_files(context, self._config.tls)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                logger.warning("the old certificate stays in use: %s", error)

    def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._heartbeats is not None:
            self._heartbeats.close()
        self._leaving.set()

    async def _end(self) -> None:
        if self._heartbeats is not None:
            self._heartbeats.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        for connection in self._places:
            connection.cut()
        await asyncio.sleep(0)
