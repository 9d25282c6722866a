"""A TCP proxy: a network that breaks when a test says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from counterparts.on_thread import on_thread


class TcpProxy:
    """What comes to `port` goes to `upstream` (a port of loopback), unless the network is cut.

    Args:
        port: to listen on; 0 = a free one.
    """

    def __init__(self, upstream: int, port: int = 0) -> None:
        self.port = port
        self.connections = 0
        self._upstream = upstream
        self._open: set[asyncio.StreamWriter] = set()
        self._whole: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cut = False

    async def start(self) -> None:
        """Listen."""
        self._loop, self._whole = asyncio.get_running_loop(), asyncio.Event()
        self._whole.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and all that goes through it."""
        self._server.close()
        self._break()
        await asyncio.sleep(0)

    def cut(self, *, silently: bool) -> None:
        """Nothing passes from now on. Silently: connections stay, and nobody hears anything; else they break, as each new one does."""
        self._told(True, silently)

    def mend(self) -> None:
        """What comes now passes."""
        self._told(False, True)

    def _told(self, cut: bool, silently: bool) -> None:
        assert self._loop is not None
        assert self._whole is not None
        self._cut = cut and not silently
        self._loop.call_soon_threadsafe(self._whole.clear if cut else self._whole.set)
        if not silently:
            self._loop.call_soon_threadsafe(self._break)

    def _break(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        self.connections += 1
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, back}
        self._open |= ends
        try:
            with contextlib.suppress(asyncio.CancelledError):  # the proxy ends
                await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        assert self._whole is not None
        with contextlib.suppress(ConnectionError, OSError):
            while data := await source.read(64 << 10):
                await self._whole.wait()
                sink.write(data)
                await sink.drain()
        sink.transport.abort()


@contextmanager
def tcp_proxy(upstream: int, port: int = 0) -> Iterator[TcpProxy]:
    """A proxy for tests that are not async."""
    with on_thread(TcpProxy(upstream, port)) as proxy:
        yield proxy
