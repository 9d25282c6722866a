"""Accepted connections as the kernel knows them."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest

from collector.transport import accepted as module
from collector.transport.accepted import accepted, count_descriptors, hang_up, hang_up_strangers, normal_peer


@contextlib.contextmanager
def connected(
    family: socket.AddressFamily, listen: str, connect: str
) -> Iterator[tuple[int, socket.socket, socket.socket]]:
    """A port of ours, and both ends of a connection to it."""
    with socket.create_server((listen, 0), family=family, dualstack_ipv6=family == socket.AF_INET6) as listener:
        port = int(listener.getsockname()[1])
        with socket.create_connection((connect, port), timeout=30) as client:
            ours, _ = listener.accept()
            with ours:
                yield port, ours, client


@pytest.mark.parametrize(
    ("family", "listen", "connect"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET6, "::", "127.0.0.1"),
        (socket.AF_INET6, "::", "::1"),
    ],
    ids=["IPv4", "IPv4 on a socket for both", "IPv6"],
)
def test_what_is_known(family, listen, connect):
    """Address, port and bytes received; the other end, which is ours here too, and the listener are not among them."""
    with connected(family, listen, connect) as (port, ours, client):
        client.sendall(b"x" * 1000)
        assert ours.recv(1000, socket.MSG_WAITALL) == b"x" * 1000
        found = accepted(port)
        assert list(found) == [(connect, client.getsockname()[1])]
        (one,) = found.values()
        assert (one.descriptor, one.received) == (ours.fileno(), 1000)
        assert one.silent_secs >= 0
        assert ours.getpeername()[1] == client.getsockname()[1]  # still open: the descriptor was only borrowed


def test_hang_up():
    """Ends the connection that is meant; a descriptor that has become another one stays."""
    with connected(socket.AF_INET, "127.0.0.1", "127.0.0.1") as (port, ours, client):
        peer = ("127.0.0.1", client.getsockname()[1])
        hang_up(ours.fileno(), ("127.0.0.1", 1), port)
        hang_up(ours.fileno(), peer, port + 1)
        hang_up(999_999, peer, port)
        client.sendall(b"still here")
        assert ours.recv(100) == b"still here"
        hang_up(ours.fileno(), peer, port)
        assert client.recv(1) == b""


@pytest.mark.parametrize(
    ("known", "most", "silent_secs", "ended"),
    [(False, 0, 10.0, 1), (False, 1, 10.0, 0), (False, 1, -1.0, 1), (True, 0, -1.0, 0)],
    ids=["beyond the bound", "within it", "silent for too long", "known to its server"],
)
def test_strangers(monkeypatch, known, most, silent_secs, ended):
    """Connections that a server does not know yet end when they are too many, or silent for too long."""
    monkeypatch.setattr(module, "HANDSHAKE_SECS", silent_secs)
    with connected(socket.AF_INET, "127.0.0.1", "127.0.0.1") as (port, _, client):
        peers = {("127.0.0.1", client.getsockname()[1])} if known else set()
        assert hang_up_strangers(port, peers, most) == ended


@pytest.mark.parametrize(
    ("address", "normal"),
    [("127.0.0.1", "127.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::1%eth0", "fe80::1"), ("", "")],
)
def test_normal_peer(address, normal):
    assert normal_peer(address, 7) == (normal, 7)


def test_descriptors_are_counted_whatever_the_kernel_says_of_their_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    before = count_descriptors()
    with socket.socket(), socket.socket():
        assert count_descriptors() == before + 2
    monkeypatch.setattr(module.os, "stat", lambda _: os.stat_result([0] * 10))  # before Linux 6.2
    assert count_descriptors() >= 3
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError):
        count_descriptors(2**22 + 1)  # more than there can be
