"""Connections over TLS have a place from when they are accepted: an event loop's own server shows them only when TLS stands."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)
HANDSHAKE_SECS = 20.0
READ_BYTES = 256 << 10
_PAUSE_SECS = 0.1
Place = Callable[["Handshake"], object]
Shaken = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def address_of(name: object) -> tuple[str, int]:
    """Host and port of a socket's name; empty, and 0, of a unix socket's."""
    return (str(name[0]).removeprefix("::ffff:"), int(name[1])) if isinstance(name, tuple) else ("", 0)


class Handshake:
    """A connection that is not over TLS yet; holds a place among those that are."""

    def __init__(self, accepted: socket.socket, peer: str) -> None:
        self.heard = time.monotonic()
        self.peer = peer
        self._accepted = accepted

    @property
    def connection(self) -> object:
        """See `Holder`."""
        return self

    def cut(self) -> bool:
        """The handshake ends as if the other side had left, which closes the connection."""
        with contextlib.suppress(OSError):  # it has left
            self._accepted.shutdown(socket.SHUT_RDWR)
        return True


class HandshakeServer:
    """Accepts, and hands over the connections whose handshake came to an end. Belongs to the running loop.

    Args:
        bound: becomes its own.
        hold: gives a handshake its place.
        release: takes it back; right behind it `shaken` is called, unless the handshake failed.
    """

    def __init__(
        self, bound: socket.socket, context: ssl.SSLContext, hold: Place, release: Place, shaken: Shaken, backlog: int
    ) -> None:
        self._context, self._hold, self._release, self._shaken = context, hold, release, shaken
        bound.setblocking(False)
        bound.listen(backlog)
        self._under_way: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.ensure_future(self._accept(bound))

    def close(self) -> None:
        """Accept no more; who is accepted stays."""
        self._accepting.cancel()

    async def _accept(self, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with bound:
            while True:
                try:
                    accepted, address = await loop.sock_accept(bound)
                except OSError as error:  # no descriptors, or the other side has left: the next may do better
                    logger.debug("a connection was not accepted: %s", error)
                    await asyncio.sleep(_PAUSE_SECS)
                    continue
                task = asyncio.ensure_future(self._serve(accepted, address))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    async def _serve(self, accepted: socket.socket, address: object) -> None:
        handshake = Handshake(accepted, address_of(address)[0])
        self._hold(handshake)
        try:
            reader, writer = await _over_tls(accepted, self._context)
        except OSError:  # of TLS, too; no error of ours
            return
        finally:
            self._release(handshake)
        await self._shaken(reader, writer)


async def _over_tls(
    accepted: socket.socket, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(READ_BYTES, loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, accepted, ssl=context, ssl_handshake_timeout=HANDSHAKE_SECS
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
