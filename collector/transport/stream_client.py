"""A connection that only sends: TCP, TLS over TCP, or a unix stream socket.

Protocols without acknowledgements (syslog) can still know more than "written": how far the bytes came.

    write      our kernel has them
    received   the receiver's kernel has them: nothing is left unacknowledged (Linux: SIOCOUTQ; of a unix socket even
               nothing unread)
    finish     the receiver's process has read them: we end our side, and it ends its own without a reset, which a kernel
               sends when a process goes with unread bytes

Sockets are driven directly and TLS runs in memory: asyncio's streams hide the socket's queue, half-close no TLS and keep
an alert that came behind the handshake to themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import ssl
import struct
import termios
from dataclasses import dataclass
from typing import Self

from aiohappyeyeballs import start_connection

_CHUNK = 256 << 10
_READ = 64 << 10
_CLOSE_SECS = 2.0
_SIGN_SECS = 1.0
_NEXT_ADDRESS_SECS = 0.25
_POLL_SECS = (0.0, 0.0, 0.0005, 0.001, 0.002, 0.005, 0.01)


class ClosedByPeer(ConnectionError):
    """The receiver ended the connection in good order, when we did not expect it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: `host` and `port`, or the `path` of a unix socket; `tls` and the name expected in the certificate."""

    host: str = ""
    port: int = 0
    path: str = ""
    tls: ssl.SSLContext | None = None
    server_name: str = ""


class StreamClient:
    """One connection. Every method but `abort` may raise OSError (ssl.SSLError is one); then `abort` it."""

    def __init__(self, sock: socket.socket, tls: Tls | None) -> None:
        self._socket = sock
        self._tls = tls
        self.idle_since = 0.0

    @classmethod
    async def open(cls, target: Target) -> Self:
        """Connect and, with TLS, shake hands. Raises OSError; cancelling leaves no socket behind."""
        sock = await _connected(target)
        try:
            if target.tls is None:
                return cls(sock, None)
            tls = Tls(sock, target.tls, target.server_name or target.host)
            await tls.handshake()
            return cls(sock, tls)
        except BaseException:
            sock.close()
            raise

    async def accepted(self) -> None:
        """Wait until the server has judged our certificate, or our having none.

        A client is done before the server looks at it, always in TLS 1.3 and with some servers in 1.2, so that what is
        sent at once may go to a server that is about to turn us away. Some say something when they accept (session
        tickets); one that stays silent, and does not hang up, is trusted after a second.
        """
        if self._tls is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SIGN_SECS):
                    await self._tls.read()

    async def kept(self, secs: float) -> None:
        """Wait whether a server without TLS hangs up on the first bytes, as one does that expected TLS: its kernel had them,
        nobody will read them. One that stays for so long is trusted."""
        if self._tls is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(secs, 0.0)):
                    while await asyncio.get_running_loop().sock_recv(self._socket, _READ):
                        pass  # what it says is thrown away
                    raise ClosedByPeer("the receiver closed the connection")

    async def write(self, data: bytes) -> None:
        """Until our kernel has all of it."""
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK):
            chunk = view[start : start + _CHUNK]
            await self._send(chunk if self._tls is None else self._tls.encrypted(chunk))

    async def received(self) -> None:
        """Until the receiver's kernel has all that was written, and the connection still stands."""
        polls = iter(_POLL_SECS)
        while unacknowledged(self._socket):
            self.check()
            await asyncio.sleep(next(polls, _POLL_SECS[-1]))
        self.check()

    def check(self) -> None:
        """Raise if the receiver ended or broke the connection; never waits. What it says is thrown away."""
        while True:
            try:
                data = self._socket.recv(_READ)
            except (BlockingIOError, InterruptedError):
                return
            if not data:
                raise ClosedByPeer("the receiver closed the connection")
            if self._tls is not None and self._tls.ended_by(data):
                raise ClosedByPeer("the receiver closed the connection")

    async def finish(self) -> None:
        """End our side and wait until the receiver, having read everything, ends its own; then the socket is closed."""
        loop = asyncio.get_running_loop()
        if self._tls is not None:
            await self._send(self._tls.goodbye())
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.check()  # a reset, where the socket only says that it is not connected
            raise
        while data := await loop.sock_recv(self._socket, _READ):
            if self._tls is not None:
                self._tls.ended_by(data)
        self.abort()

    async def close(self) -> None:
        """As `finish`, but not for long and without complaint."""
        try:
            async with asyncio.timeout(_CLOSE_SECS):
                await self.finish()
        except (OSError, TimeoutError):
            return
        finally:
            self.abort()

    def abort(self) -> None:
        """Close the socket at once; safe twice."""
        self._socket.close()

    async def _send(self, data: bytes | memoryview) -> None:
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except ConnectionError:
            self.check()  # an alert may wait that tells more than "broken pipe"
            raise


class Tls:
    """The client's side of TLS over a non-blocking socket."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, server_name: str) -> None:
        self._socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    async def handshake(self) -> None:
        """Raises ssl.SSLError, ssl.SSLCertVerificationError."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                self._session.do_handshake()
                break
            except ssl.SSLWantReadError:
                await loop.sock_sendall(self._socket, self._outgoing.read())
                data = await loop.sock_recv(self._socket, _READ)
                if not data:
                    raise ClosedByPeer("the receiver closed the connection during the TLS handshake") from None
                self._incoming.write(data)
            except ssl.SSLError:
                with contextlib.suppress(OSError):  # the alert that tells the server why
                    self._socket.send(self._outgoing.read())
                raise
        await loop.sock_sendall(self._socket, self._outgoing.read())

    def encrypted(self, data: memoryview) -> bytes:
        """Records for the wire."""
        self._session.write(data)
        return self._outgoing.read()

    async def read(self) -> None:
        """Wait for anything from the server. Raises what an alert means, ClosedByPeer at its end."""
        data = await asyncio.get_running_loop().sock_recv(self._socket, _READ)
        if not data or self.ended_by(data):
            raise ClosedByPeer("the receiver hung up after the TLS handshake: it may not accept our certificate")

    def ended_by(self, data: bytes) -> bool:
        """Take in what the server sent; true when it said goodbye. Raises ssl.SSLError for an alert."""
        self._incoming.write(data)
        try:
            while self._session.read(_READ):
                pass
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLZeroReturnError:
            return True
        return True

    def goodbye(self) -> bytes:
        """close_notify: without it a receiver must take the end for an attack that cuts messages off."""
        with contextlib.suppress(ssl.SSLError):  # it wants the other side's as well
            self._session.unwrap()
        return self._outgoing.read()


def unacknowledged(sock: socket.socket) -> int:
    """Bytes written that the receiver's kernel has not acknowledged (of a unix socket: that are not read yet)."""
    try:
        found = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:  # systems that cannot tell: written is all there is to know
        return 0
    (size,) = struct.unpack("i", found)
    return int(size)


async def _connected(target: Target) -> socket.socket:
    """To the first of the host's addresses that answers; one that stays silent holds nobody up (RFC 8305)."""
    loop = asyncio.get_running_loop()
    if target.path:
        return await _connected_unix(target.path)
    addresses = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return _tuned(await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_SECS))


async def _connected_unix(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, path)
    except BaseException:
        sock.close()
        raise
    return sock


def _tuned(sock: socket.socket) -> socket.socket:
    """The last segment leaves at once, and a receiver that vanished is noticed within a minute of silence."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return sock
