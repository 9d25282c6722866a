"""Connections kept between requests: as many as there were requests at once, and none that the receiver has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from collector.transport.stream_client import StreamClient


class StreamPool:
    """Belongs to one event loop.

    Args:
        connect: makes a connection.
        idle_secs: connections unused for longer are closed before the next request, for firewalls forget them
            silently; 0 = never.
    """

    def __init__(self, connect: Callable[[], Awaitable[StreamClient]], idle_secs: float) -> None:
        self._connect = connect
        self._idle_secs = idle_secs
        self._idle: list[StreamClient] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[StreamClient]:
        """A connection for one request; kept if the request ends well. After a failure half a message may be on the
        wire, so that nothing may follow it."""
        client = await self._take()
        try:
            yield client
        except BaseException:
            client.abort()
            raise
        client.idle_since = asyncio.get_running_loop().time()
        self._idle.append(client)

    async def close(self) -> None:
        """Close what is idle, in good order."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(client.close() for client in idle))

    async def _take(self) -> StreamClient:
        """The connection used last that still stands, else a new one; those that are too old or dead are closed."""
        await self._close_old()
        while self._idle:
            client = self._idle.pop()
            try:
                client.check()
            except OSError:
                client.abort()
            else:
                return client
        return await self._connect()

    async def _close_old(self) -> None:
        oldest = asyncio.get_running_loop().time() - self._idle_secs
        old = [client for client in self._idle if client.idle_since < oldest] if self._idle_secs > 0 else []
        if old:  # out of the list first: while they are being closed others take and return connections
            self._idle = [client for client in self._idle if client not in old]
            await asyncio.gather(*(client.close() for client in old))
