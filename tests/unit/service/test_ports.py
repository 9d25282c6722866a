"""A port that something listens on is found before any child starts, also when that something would share it."""

from __future__ import annotations

import socket

import pytest

from collector.service.ports import busy


@pytest.fixture
def listener() -> socket.socket:
    """A listener that would let others join its port."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


def test_a_shared_port_counts_as_busy(listener: socket.socket) -> None:
    """SO_REUSEPORT on the other side must not hide it."""
    endpoint = f"127.0.0.1:{listener.getsockname()[1]}"
    with listener:
        assert busy([("receivers.otlp", endpoint)]) == [
            f"receivers.otlp: can't listen on {endpoint}: Address already in use"
        ]
    assert busy([("receivers.otlp", endpoint)]) == []


def test_port_zero_is_always_free() -> None:
    """The system chooses one."""
    assert busy([("a", "127.0.0.1:0"), ("b", "[::1]:0"), ("c", "localhost:0")]) == []


def test_an_address_that_is_not_ours_is_named() -> None:
    """Every endpoint that can't be bound is reported, not only the first."""
    found = busy([("a", "203.0.113.7:4317"), ("b", "203.0.113.8:4318")])
    assert [sentence.split(":")[0] for sentence in found] == ["a", "b"]


def test_a_port_of_datagrams_is_looked_at_as_one() -> None:
    """What somebody takes datagrams on is busy, and free for connections; the name of a unix socket may be there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        assert busy([("a", f"udp://{endpoint}"), ("b", "unix:/run/none/there")]) == [
            f"a: can't listen on udp://{endpoint}: Address already in use"
        ]
    assert busy([("a", f"udp://{endpoint}")]) == []
