"""The listeners for health and metrics: strangers never keep a probe out."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from collector.telemetry import endpoints, small_server
from collector.telemetry.endpoints import Endpoints
from counterparts.certificates import Authority

ROUTES = {"/ready": lambda: (200, "application/json", "{}"), "/live": lambda: (503, "text/plain", "bad")}


@contextlib.asynccontextmanager
async def listening(
    monkeypatch: pytest.MonkeyPatch, most: int, tls: ssl.SSLContext | None
) -> AsyncIterator[tuple[str, int]]:
    monkeypatch.setattr(endpoints, "_MOST_CONNECTIONS", most)
    served = Endpoints()
    host, _, port = (await served.listen("127.0.0.1:0", ROUTES, tls)).rpartition(":")
    try:
        yield host, int(port)
    finally:
        await served.close()


@contextlib.asynccontextmanager
async def connected(address: tuple[str, int], sent: bytes) -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(sent)
    try:
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def asked(address: tuple[str, int], request: bytes) -> bytes:
    """Everything that is answered until the end of the connection."""
    async with connected(address, request) as reader:
        return await reader.read()


def run(
    monkeypatch: pytest.MonkeyPatch,
    test: Callable[[tuple[str, int]], Awaitable[None]],
    most: int = 5,
    tls: ssl.SSLContext | None = None,
) -> None:
    async def whole() -> None:
        async with listening(monkeypatch, most, tls) as address, asyncio.timeout(30):
            await test(address)

    asyncio.run(whole())


ANSWERS = {
    "a path": (b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", b"200", b"{}"),
    "with a query": (b"GET /ready?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", b"200", b"{}"),
    "HEAD": (b"HEAD /ready HTTP/1.1\r\nHost: x\r\n\r\n", b"200", b""),
    "the answer's own status": (b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n", b"503", b"bad"),
    "another path": (b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n", b"404", b"404: Not Found"),
    "another method": (b"POST /ready HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"405", None),
    "a body without an end": (b"GET /ready HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"200", b"{}"),
    "trailers without an end": (
        b"GET /ready HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: 1\r\n" * 5000,
        None, None,  # they may come too late to be noticed
    ),
    "too many headers": (b"GET /ready HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 5000, b"400", None),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_one_request_a_connection(monkeypatch, name):
    """Each is answered once its head is here, and then the connection ends, whatever else the sender has begun."""
    request, status, body = ANSWERS[name]

    async def test(address: tuple[str, int]) -> None:
        try:
            answer = await asked(address, request)
        except ConnectionResetError:  # it was still sending
            return
        assert status is None or answer[9:12] == status
        assert body is None or answer.partition(b"\r\n\r\n")[2] == body

    run(monkeypatch, test)


def test_an_answer_that_fails(monkeypatch, caplog):
    """It is a 500, and the operator is told; what strangers do wrong is not logged."""

    async def test(address: tuple[str, int]) -> None:
        monkeypatch.setitem(ROUTES, "/live", lambda: 1 // 0)
        assert (await asked(address, b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"))[9:12] == b"500"
        assert (await asked(address, b"nonsense\r\n\r\n"))[9:12] == b"400"

    run(monkeypatch, test)
    assert [entry.getMessage() for entry in caplog.records] == [
        "/live can't be answered: integer division or modulo by zero"
    ]


def test_strangers_keep_nobody_out(monkeypatch):
    """Four times as many idle connections as there are places: a probe is answered, and the oldest are closed."""

    async def test(address: tuple[str, int]) -> None:
        async with contextlib.AsyncExitStack() as stack:
            idle = [await stack.enter_async_context(connected(address, b"GET /re")) for _ in range(20)]
            for _ in range(3):
                assert (await asked(address, b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 200")
            with contextlib.suppress(ConnectionResetError):
                assert await idle[0].read() == b""

    run(monkeypatch, test)


def test_a_connection_without_a_request_ends(monkeypatch):
    """It is not kept for the hour that aiohttp would give it."""
    monkeypatch.setattr(small_server, "REQUEST_SECS", 0.05)

    async def test(address: tuple[str, int]) -> None:
        with contextlib.suppress(ConnectionResetError):
            assert await asked(address, b"GET /re") == b""

    run(monkeypatch, test)


@pytest.mark.slow
def test_handshakes_that_are_not_ended_make_room(monkeypatch, tmp_path):
    """With TLS, connections that never say hello are hung up beyond the bound, and a probe is answered."""
    monkeypatch.setattr(small_server, "_LOOK_SECS", 0.05)
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    trust = ssl.create_default_context(cafile=authority.ca_file)

    async def test(address: tuple[str, int]) -> None:
        async with contextlib.AsyncExitStack() as stack:
            idle = [await stack.enter_async_context(connected(address, b"")) for _ in range(20)]
            for each in idle[:10]:
                with contextlib.suppress(ConnectionResetError):
                    assert await each.read() == b""
            reader, writer = await asyncio.open_connection(*address, ssl=trust, server_hostname="localhost")
            writer.write(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            writer.close()

    run(monkeypatch, test, tls=context)
