"""The TCP connections that this process has accepted on a port, as the kernel knows them (Linux).

For servers that do not show their connections, such as grpc's core.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

Peer = tuple[str, int]
"""Address and port of the other side; an IPv4 address is written as one, also on a socket for both families."""

HANDSHAKE_SECS = 10.0
_INFO_BYTES = 136
_LAST_DATA_RECEIVED = struct.Struct("=I")  # struct tcp_info: tcpi_last_data_recv, milliseconds
_LAST_DATA_RECEIVED_AT = 52
_BYTES_RECEIVED = struct.Struct("=Q")  # tcpi_bytes_received
_BYTES_RECEIVED_AT = 128


@dataclass(frozen=True, slots=True)
class Accepted:
    """One connection: bytes received so far, and seconds since the last of them (or since it was made)."""

    descriptor: int
    received: int
    silent_secs: float


def open_descriptors() -> list[str]:
    """The numbers of all descriptors of this process, in no order; costs a look at a directory."""
    return os.listdir("/proc/self/fd")  # noqa: PTH208 - names, thousands of them


def count_descriptors(process: int | str = "self") -> int:
    """How many descriptors a process uses. Raises OSError: it is gone, or not ours to see."""
    folder = f"/proc/{process}/fd"
    return os.stat(folder).st_size or len(os.listdir(folder))  # noqa: PTH116, PTH208 - asked each second; before Linux 6.2 the size is 0


def accepted(port: int) -> dict[Peer, Accepted]:
    """All connections whose own port is `port`."""
    found: dict[Peer, Accepted] = {}
    for name in open_descriptors():
        with contextlib.suppress(OSError), _borrowed(int(name)) as connection:
            peer = _peer(connection, port)
            if peer is not None:
                info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
                (silent_ms,) = _LAST_DATA_RECEIVED.unpack_from(info, _LAST_DATA_RECEIVED_AT)
                (received,) = _BYTES_RECEIVED.unpack_from(info, _BYTES_RECEIVED_AT)
                found[peer] = Accepted(int(name), received, silent_ms / 1000)
    return found


def hang_up(descriptor: int, peer: Peer, port: int) -> None:
    """End the connection, if the descriptor still is that one; its owner sees the other side leave."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
        if _peer(connection, port) == peer:
            connection.shutdown(socket.SHUT_RDWR)


def hang_up_strangers(port: int, known: Collection[Peer], most: int) -> int:
    """End connections that are not `known` to their server yet, for they are in the middle of a TLS handshake.

    Those that have been silent for `HANDSHAKE_SECS`, and beyond `most` connections in all the most silent ones. How many.
    """
    seen = accepted(port)
    strangers = sorted(seen.keys() - known, key=lambda peer: -seen[peer].silent_secs)
    too_many = max(0, len(seen) - most)
    ended = [peer for n, peer in enumerate(strangers) if n < too_many or seen[peer].silent_secs > HANDSHAKE_SECS]
    for peer in ended:
        hang_up(seen[peer].descriptor, peer, port)
    return len(ended)


def normal_peer(address: str, port: int) -> Peer:
    """As in the keys of `accepted`."""
    address = address.partition("%")[0]
    if address.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
        address = str(mapped) if mapped else address
    return address, port


def _peer(connection: socket.socket, port: int) -> Peer | None:
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.getsockname()[1] != port:
        return None
    return normal_peer(*connection.getpeername()[:2])  # OSError for the listener itself


@contextlib.contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Somebody else's descriptor as a socket; it is not closed."""
    borrowed = socket.socket(fileno=descriptor)
    try:
        yield borrowed
    finally:
        borrowed.detach()
