"""Datagrams to one place. Nothing tells whether they arrive; what the network does say is not ignored."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence

_TURN = 64
"""Datagrams before other work of the event loop gets its turn."""


class DatagramClient:
    """A connected UDP socket: a port that nobody listens on is an error, sooner or later. Belongs to one event loop."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None
        self._failures = 0

    async def send(self, body: bytes, ends: Sequence[int]) -> None:
        """Send `body[:ends[0]]`, `body[ends[0]:ends[1]]`, … each as one datagram.

        Raises OSError: ECONNREFUSED when nobody listened (for one of the datagrams, or for some before), EMSGSIZE for
        one that is too long for the network.
        """
        sock = self._socket or await self._connect()
        try:
            await _send_all(sock, memoryview(body), ends)
            if failed := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(failed, os.strerror(failed))
        except BaseException:
            self._failures += 1
            self.close()  # the name is looked up again
            raise

    def close(self) -> None:
        """Safe twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _connect(self) -> socket.socket:
        """After a failure the host's next address has its turn: `localhost` has two, and a server often one of them."""
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = addresses[self._failures % len(addresses)]
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            sock.connect(address)
        except OSError:
            self._failures += 1
            sock.close()
            raise
        self._socket = sock
        return sock


async def _send_all(sock: socket.socket, body: memoryview, ends: Sequence[int]) -> None:
    loop = asyncio.get_running_loop()
    start = 0
    for number, end in enumerate(ends):
        try:
            sock.send(body[start:end])
        except BlockingIOError:
            await loop.sock_sendall(sock, body[start:end])
        start = end
        if number % _TURN == _TURN - 1:
            await asyncio.sleep(0)
