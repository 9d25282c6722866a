"""A connection in virtual time: what is counted while a request arrives, and when a slow one is cut off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
import uvicorn
from uvicorn.server import ServerState

from collector.transport.budget import Budget
from collector.transport.serving.http_protocol import BoundedHttpProtocol, RequestLimits

LIMITS = RequestLimits(
    max_header_size=1024, read_header_timeout_secs=20, read_timeout_secs=60, max_body_size=100_000, min_receive_rate=1000
)  # fmt: skip
HEAD = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time moves only when a test moves it."""

    now = 0.0

    def time(self) -> float:
        return self.now


class Wire(asyncio.Transport):
    """The other end: what was written, and how the connection ended."""

    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 1), "sockname": ("127.0.0.1", 4318)})
        self.written, self.ended, self.reading = b"", "", True

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    @property
    def status(self) -> bytes:
        """Of the last answer."""
        return self.written.rpartition(b"HTTP/1.1 ")[2][:3]


class Bench:
    """Connections of one listener, whose application takes bodies and answers when it is told."""

    def __init__(self, places: int, pending: int, limits: RequestLimits) -> None:
        self.loop = VirtualLoop()
        self.answers: list[asyncio.Event] = []
        self.places = Budget("connections", places, BoundedHttpProtocol.make_room)
        self.pending = Budget("bytes", pending, BoundedHttpProtocol.push_out)
        self._limits = limits
        self._config = uvicorn.Config(
            self._app, interface="asgi3", loop="none", lifespan="off", log_config=None, proxy_headers=False
        )

    async def _app(self, scope, receive, send) -> None:
        while (await receive()).get("more_body"):
            pass
        self.answers.append(asyncio.Event())
        await self.answers[-1].wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def connect(self, peer: str = "192.0.2.1") -> tuple[BoundedHttpProtocol, Wire]:
        wire = Wire(peer)
        protocol = BoundedHttpProtocol(
            self._limits, self.places, self.pending,
            config=self._config, server_state=ServerState(), app_state={}, _loop=self.loop,
        )  # fmt: skip
        protocol.connection_made(wire)
        return protocol, wire

    def settle(self) -> None:
        """Let the application do what it can."""
        for _ in range(5):
            self.loop.run_until_complete(asyncio.sleep(0))


@contextlib.contextmanager
def bench(places: int = 10, pending: int = 50_000, limits: RequestLimits = LIMITS) -> Iterator[Bench]:
    made = Bench(places, pending, limits)
    try:
        yield made
    finally:
        for task in asyncio.all_tasks(made.loop):
            task.cancel()
        made.settle()
        made.loop.close()


# (start of the request, a piece that comes again and again); every one is refused, however it is cut into reads
ENDLESS = {
    "trailer lines": (CHUNKED + b"0\r\n", b"X: 1\r\n"),
    "a trailer's name": (CHUNKED + b"0\r\n", b"a" * 100),
    "a trailer's value": (CHUNKED + b"0\r\nX: ", b"a" * 100),
    "a chunk's extension": (CHUNKED + b"1;", b"a" * 100),
    "one-byte chunks": (CHUNKED, b"1\r\na\r\n"),
    "header lines": (HEAD, b"X: 1\r\n"),
    "a header's name": (HEAD, b"a" * 100),
    "a header's value": (HEAD + b"X: ", b"a" * 100),
    "a target": (b"POST /", b"a" * 100),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_is_not_body_is_bounded_in_every_state(name):
    """Over `max_header_size` the answer is 431 and nothing of it is kept."""
    start, piece = ENDLESS[name]
    with bench() as running:
        protocol, wire = running.connect()
        protocol.data_received(start)
        sent = len(start)
        while not wire.ended:
            protocol.data_received(piece)
            sent += len(piece)
            assert sent < 3 * LIMITS.max_header_size
        assert (wire.status, wire.ended) == (b"431", "closed")


FRAMED = {
    "one chunk": [b"5000\r\n" + b"x" * 0x5000 + b"\r\n0\r\n\r\n"],
    "small chunks": [b"10\r\n" + b"x" * 16 + b"\r\n"] * 1000 + [b"0\r\n\r\n"],
    "trailers": [b"10\r\n" + b"x" * 16 + b"\r\n0\r\n", b"X: 1\r\n" * 20, b"\r\n"],
    "extensions": [b"10;a=b\r\n" + b"x" * 16 + b"\r\n"] * 100 + [b"0;c\r\n\r\n"],
}


@pytest.mark.parametrize("name", FRAMED)
def test_ordinary_chunks_and_trailers_are_served(name):
    """What frames a body may be as much as the body; trailers are read and dropped."""
    with bench() as running:
        protocol, wire = running.connect()
        for part in [CHUNKED, *FRAMED[name]]:
            protocol.data_received(part)
            running.settle()
        running.answers[0].set()
        running.settle()
        assert (wire.status, wire.ended) == (b"200", "")
        assert [name for name, _ in protocol.scope["headers"]] == [b"host", b"transfer-encoding"]
        assert running.pending.used == 0


def test_bytes_count_when_they_arrive():
    """A length that is announced takes nothing; what came is given back with the end of the body or of the connection."""
    with bench() as running:
        hundred = [running.connect() for _ in range(10)]
        for protocol, _ in hundred:
            protocol.data_received(HEAD + b"Content-Length: 40000\r\n\r\nx")
        assert running.pending.used == 10
        first = hundred[0][0]
        first.data_received(b"x" * 9999)
        assert running.pending.used == 10_009
        first.data_received(b"x" * 30_000)
        running.settle()
        first.decoded()
        assert running.pending.used == 9
        for protocol, _ in hundred:
            protocol.connection_lost(None)
        assert (running.pending.used, running.places.used) == (0, 0)


def test_beyond_the_bound_the_silent_one_of_the_peer_that_holds_the_most_comes_again():
    """Not the one that comes; it is told so with a hint, and nothing is kept of it."""
    with bench(pending=50_000) as running:
        slow = [running.connect("192.0.2.66") for _ in range(2)]
        for number, (protocol, _) in enumerate(slow):
            running.loop.now = float(number)
            protocol.data_received(HEAD + b"Content-Length: 40000\r\n\r\n" + b"x" * 20_000)
        good, wire = running.connect("192.0.2.1")
        good.data_received(HEAD + b"Content-Length: 30000\r\n\r\n" + b"x" * 15_000)
        assert [ended.status for _, ended in slow] == [b"503", b""]
        assert b"retry-after: 1\r\n" in slow[0][1].written
        good.data_received(b"x" * 15_000)
        running.settle()
        running.answers[-1].set()
        running.settle()
        assert wire.status == b"200"


# seconds at which a look is taken, with the bytes that came since the last one; then whether it is cut off at the end
RATES = {
    "nothing after the head": ([(1, 0), (5, 0), (5.5, 0)], True),
    "a trickle": ([(1, 900), (3, 900), (5.5, 900)], True),
    "just enough": ([(5.5, 5000), (11, 5000), (16.5, 5000)], False),
    "fast, then nothing": ([(5.5, 30_000), (11, 0)], True),
    "a pause within one span": ([(4, 0), (5.5, 6000), (9, 0), (11, 6000)], False),
}


@pytest.mark.parametrize("name", RATES)
def test_the_least_rate(name):
    """1,000 bytes a second in each five seconds; a slower body is told to come again."""
    steps, cut = RATES[name]
    with bench() as running:
        protocol, wire = running.connect()
        protocol.data_received(HEAD + b"Content-Length: 90000\r\n\r\n")
        for now, size in steps:
            running.loop.now = now
            if size:
                protocol.data_received(b"x" * size)
            protocol.expire(now)
        assert (wire.status, wire.ended) == ((b"503", "closed") if cut else (b"", ""))


def test_what_we_do_not_read_is_not_slow():
    """A large body that waits because the answer before it does is not its sender's fault."""
    with bench(pending=500_000) as running:
        protocol, wire = running.connect()
        protocol.data_received(HEAD + b"Content-Length: 1\r\n\r\nx")
        running.settle()
        protocol.data_received(HEAD + b"Content-Length: 200000\r\n\r\n" + b"x" * 120_000)
        assert not wire.reading
        for running.loop.now in range(0, 300, 10):
            protocol.expire(running.loop.now)
        assert wire.ended == ""


def test_idle_connections_make_room():
    """At the bound those are closed that are silent for the longest time; a request whose answer is due is not."""
    with bench(places=3) as running:
        busy, busy_wire = running.connect()
        busy.data_received(HEAD + b"Content-Length: 1\r\n\r\nx")
        running.settle()
        running.loop.now = 1.0
        idle = [running.connect() for _ in range(2)]
        running.loop.now = 2.0
        _, wire = running.connect()
        assert [busy_wire.ended, *(ended.ended for _, ended in idle), wire.ended] == ["", "closed", "", ""]
        running.answers[0].set()
        running.settle()
        assert busy_wire.status == b"200"


def test_a_refusal_is_never_taken_for_an_earlier_answer():
    """When an earlier request waits for its answer, one that is refused ends the connection in silence."""
    with bench() as running:
        protocol, wire = running.connect()
        protocol.data_received(HEAD + b"Content-Length: 1\r\n\r\nx")
        running.settle()
        protocol.data_received(HEAD + b"X: " + b"a" * 5000)
        assert (wire.written, wire.ended) == (b"", "closed")
