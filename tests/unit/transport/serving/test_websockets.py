"""WebSockets on a listener that offers them: they count among its connections, and only what is one is taken."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from collector.transport.http_server_config import HttpServerConfig
from collector.transport.serving.http_server import HttpListener

_SECS = 60.0
_OFFER = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Says what it hears; over HTTP, that it was asked."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"http"})
        return
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (heard := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": heard["text"]})


@pytest.fixture
def listener() -> Iterator[tuple[HttpListener, str]]:
    yield from started(websockets=True)


def started(*, websockets: bool) -> Iterator[tuple[HttpListener, str]]:
    made = HttpListener(HttpServerConfig(endpoint="127.0.0.1:0", max_connections=4))
    address = made.start(lambda _: app, share_port=False, websockets=websockets)
    try:
        yield made, address
    finally:
        made.shutdown(0.0)


def await_(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECS
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answer(address: str, request: bytes) -> bytes:
    """What is said until the connection is closed."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=_SECS) as connected:
        connected.sendall(request)
        found = b""
        while piece := connected.recv(4096):
            found += piece
        return found


def test_one_is_a_connection_until_it_is_closed(listener: tuple[HttpListener, str]) -> None:
    made, address = listener
    with connect(f"ws://{address}/") as spoken:
        spoken.send("hello")
        assert spoken.recv(timeout=_SECS) == "hello"
        assert made.gauges()["connections"] == 1
    await_(lambda: made.gauges()["connections"] == 0)


def test_idle_ones_are_not_cut_for_others(listener: tuple[HttpListener, str]) -> None:
    """Who comes beyond the bound is turned away instead."""
    made, address = listener
    host, _, port = address.rpartition(":")
    with connect(f"ws://{address}/") as spoken:
        for _ in range(12):
            socket.create_connection((host, int(port)), timeout=_SECS).close()
        others = [socket.create_connection((host, int(port)), timeout=_SECS) for _ in range(8)]
        await_(lambda: made.gauges()["connections_cut"] > 0)
        spoken.send("still here")
        assert spoken.recv(timeout=_SECS) == "still here"
        for each in others:
            each.close()


def test_the_end_of_the_listener_is_told(listener: tuple[HttpListener, str]) -> None:
    made, address = listener
    with connect(f"ws://{address}/") as spoken:
        made.shutdown(1.0)
        with pytest.raises(ConnectionClosed):
            spoken.recv(timeout=_SECS)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + _OFFER + b"\r\n", b"http"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", b"http"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + _OFFER + b"\r\n", b"exactly one Host"),
        (b"GET / HTTP/1.1\r\n" + _OFFER + b"\r\n", b"exactly one Host"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", b"Sec-WebSocket-Key"),
    ],
    ids=["by POST", "to something else", "two hosts", "no host", "no key"],
)
def test_what_is_no_offer_of_one(listener: tuple[HttpListener, str], request_: bytes, says: bytes) -> None:
    _, address = listener
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=_SECS) as connected:
        connected.sendall(request_)
        found = b""
        while says not in found:
            piece = connected.recv(4096)
            assert piece, found
            found += piece


def test_a_listener_without_them_answers_the_request() -> None:
    for _, address in started(websockets=False):
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=_SECS) as connected:
            connected.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n" + _OFFER + b"\r\n")
            assert b"200 OK" in connected.recv(4096)
