"""A socket of datagrams: what waits in the kernel, read at once; and how much the kernel had no room for."""

from __future__ import annotations

import contextlib
import os
import select
import socket
from pathlib import Path

from collector.transport.endpoint import Endpoint, UnixSocketPath, check_free, datagram_socket, resolved

Sender = tuple[str, int]
"""Address and port; empty and 0 over a unix socket."""
_LARGEST = 256 << 10
_KERNEL_BYTES = 16 << 20
_AT_ONCE = 1024
_TABLES = ("/proc/net/udp", "/proc/net/udp6")


class DatagramSocket:
    """Bound when it is made. Raises OSError. Belongs to one thread, but for `dropped` and `wake`.

    Args:
        share_port: other processes of ours bind the same port.
    """

    def __init__(self, address: Endpoint, share_port: bool) -> None:
        self._path: UnixSocketPath | None = None
        if address.path:
            if not share_port:
                check_free(address, socket.SOCK_DGRAM)
            self._path = UnixSocketPath(address.path)
            self._socket = self._path.listening(socket.SOCK_DGRAM)
            self.bound = f"unix:{address.path}"
        else:
            self._socket = datagram_socket(resolved(address), share_port)
            self.bound = str(Endpoint(*self._socket.getsockname()[:2]))
        _enlarge(self._socket)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll.register(self._wake, select.POLLIN)
        self._room = memoryview(bytearray(_LARGEST))
        self._inode = os.fstat(self._socket.fileno()).st_ino

    @property
    def own(self) -> Sender:
        """Its own address."""
        name = self._socket.getsockname()
        return _sender(name)

    def wait(self, secs: float) -> bool:
        """Whether something has come within so long, or it was woken: from then on it always is."""
        return bool(self._poll.poll(int(secs * 1000)))

    def wake(self) -> None:
        """Who waits goes on."""
        with contextlib.suppress(OSError):  # it is closed already
            os.eventfd_write(self._wake, 1)

    def read(self) -> list[tuple[bytes, Sender]]:
        """What has come, 1,024 datagrams at most. Raises OSError where the socket is broken."""
        found: list[tuple[bytes, Sender]] = []
        receive, room = self._socket.recvfrom_into, self._room
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(_AT_ONCE):
                size, name = receive(room)
                found.append((room[:size].tobytes(), name))
        return found

    def dropped(self) -> int:
        """Datagrams that came when the kernel's buffer of the socket was full; 0 over a unix socket, where senders wait."""
        for table in _TABLES if self._path is None else ():
            with contextlib.suppress(OSError):
                for line in Path(table).read_text().splitlines()[1:]:
                    cells = line.split()
                    if cells[9] == str(self._inode):
                        return int(cells[-1])
        return 0

    def close(self) -> None:
        """Nothing comes any more."""
        self._socket.close()
        os.close(self._wake)
        if self._path is not None:
            self._path.withdraw()


def _sender(name: object) -> Sender:
    """Of what the socket calls it."""
    return (str(name[0]).removeprefix("::ffff:"), int(name[1])) if isinstance(name, tuple) else ("", 0)


def _enlarge(bound: socket.socket) -> None:
    """As much of the kernel's memory as it gives, or allows its administrator to take."""
    force = getattr(socket, "SO_RCVBUFFORCE", 33)
    try:
        bound.setsockopt(socket.SOL_SOCKET, force, _KERNEL_BYTES)
    except OSError:
        with contextlib.suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BYTES)
