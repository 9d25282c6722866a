"""Connections to a TLS listener that do not end their handshake: they take places, and give them to others."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator

import pytest

from collector.transport.accepted import accepted
from collector.transport.serving.stream_server import StreamConnection, StreamListener
from collector.transport.stream_server_config import StreamServerConfig
from counterparts.certificates import Authority

PLACES = 10


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


async def echo(connection: StreamConnection) -> None:
    while data := await connection.read():
        await connection.write(data)


@contextlib.contextmanager
def listening(authority: Authority, **bounds: int) -> Iterator[tuple[StreamListener, int]]:
    pair = authority.issue("localhost")
    tls = {"cert_file": str(pair.cert), "key_file": str(pair.key)}
    config = StreamServerConfig.model_validate(
        {"endpoint": "127.0.0.1:0", "tls": tls, "max_connections": PLACES, "max_connections_per_peer": PLACES} | bounds
    )
    listener = StreamListener(config)
    port = int(listener.start(echo, share_port=False).rpartition(":")[2])
    try:
        yield listener, port
    finally:
        listener.shutdown(30)


@contextlib.contextmanager
def strangers(port: int, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(count)]


def until(reached: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.01)


def client(authority: Authority, port: int) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=30), server_hostname="localhost")


def echoed(connection: ssl.SSLSocket) -> bool:
    connection.sendall(b"hello")
    return connection.recv(5) == b"hello"


@pytest.mark.parametrize("share", [PLACES, 4])
def test_handshakes_take_places(authority, share):
    """Fifty silent connections hold no more descriptors than there are places; who says hello gets in, and stays while it speaks."""
    with (
        listening(authority, max_connections_per_peer=share) as (listener, port),
        strangers(port, 50) as silent,
    ):
        assert all(each.recv(1) == b"" for each in silent[: 50 - share])  # the oldest are hung up on
        until(lambda: len(accepted(port)) <= share)
        assert listener.gauges()["connections"] == share
        with client(authority, port) as honest:
            assert echoed(honest)
            until(lambda: len(accepted(port)) <= share)
            assert listener.gauges()["connections"] == share
            assert echoed(honest)


def test_places_come_back(authority):
    """Of handshakes that fail, and of connections that end."""
    with listening(authority) as (listener, port):
        with strangers(port, 3) as silent:
            until(lambda: listener.gauges()["connections"] == 3)
            silent[0].sendall(b"GET / HTTP/1.1\r\n\r\n")
            until(lambda: listener.gauges()["connections"] == 2)
        with client(authority, port) as honest:
            assert echoed(honest)
            until(lambda: listener.gauges()["connections"] == 1)
        until(lambda: listener.gauges()["connections"] == 0 and not accepted(port))
        assert listener.gauges()["connections_cut"] == 0


def test_nothing_is_left_over(authority):
    """At the end nobody waits for a handshake, and no descriptor stays open."""
    with listening(authority) as (listener, port), strangers(port, 5) as silent:
        until(lambda: listener.gauges()["connections"] == 5)
        began = time.monotonic()
        listener.shutdown(600)
        assert time.monotonic() - began < 300
        assert not accepted(port)
        assert all(each.recv(1) == b"" for each in silent)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=30)
