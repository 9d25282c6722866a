"""A connection in virtual time: what is counted while a request arrives, and when a slow one is cut off."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import uvicorn
from uvicorn.server import ServerState

from collector.transport.budget import Budget
from collector.transport.serving.http_exchange import Exchange, Outcomes
from collector.transport.serving.http_head import Heads
from collector.transport.serving.http_protocol import BoundedHttpProtocol, RequestLimits
from counterparts.http_connection import VirtualLoop, Wire

LIMITS = RequestLimits(
    max_header_size=1024, read_header_timeout_secs=20, read_timeout_secs=60, max_body_size=100_000, min_receive_rate=1000
)  # fmt: skip
HEAD = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class Coroutine:
    """An application that takes bodies and answers when it is told."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Event] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        self.answers.append(asyncio.Event())
        await self.answers[-1].wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


class Immediate(Coroutine):
    """The same, which needs no coroutine for a request that says how long it is."""

    answer_within_secs = 30.0

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def takes(self, exchange: Exchange) -> bool:
        if exchange.length is None:
            return False
        self.taken += 1
        exchange.taker = Taken(self, exchange)
        return True


class Taken:
    """One request of an `Immediate`."""

    def __init__(self, app: Immediate, exchange: Exchange) -> None:
        self._app, self._exchange = app, exchange

    def whole(self, body: bytes) -> None:
        self._app.bodies.append(body)
        self._app.answers.append(self)

    def set(self) -> None:
        """Answer, from whatever thread."""
        self._exchange.settle(200)

    def settled(self, outcome: int) -> None:
        self._exchange.answer(outcome, ((b"content-length", b"0"),), b"")

    def overdue(self) -> None:
        self.settled(503)


class Familiar(Immediate):
    """The same, at a listener that knows the heads of these tests."""


APPS = {"coroutine": Coroutine, "immediate": Immediate, "familiar": Familiar}


class Bench:
    """Connections of one listener, and its application."""

    def __init__(self, places: int, pending: int, limits: RequestLimits, app: Coroutine) -> None:
        self.loop = VirtualLoop()
        self.app, self.answers = app, app.answers
        self.places = Budget("connections", places, BoundedHttpProtocol.make_room)
        self.pending = Budget("bytes", pending, BoundedHttpProtocol.push_out)
        self.outcomes = Outcomes()
        self.leaving = threading.Event()
        self.heads = Heads()
        self._limits = limits
        self._config = uvicorn.Config(
            app, interface="asgi3", loop="none", lifespan="off", log_config=None, proxy_headers=False
        )

    def connect(self, peer: str = "192.0.2.1") -> tuple[BoundedHttpProtocol, Wire]:
        wire = Wire(peer)
        protocol = BoundedHttpProtocol(
            self._limits, self.places, self.pending, self.outcomes, self.leaving, self.heads,
            config=self._config, server_state=ServerState(), app_state={}, _loop=self.loop,
        )  # fmt: skip
        wire.set_protocol(protocol)
        protocol.connection_made(wire)
        return protocol, wire

    def get_known(self) -> None:
        """Their heads are looked up from now on."""
        for _ in range(2):
            protocol, _ = self.connect()
            protocol.data_received(HEAD + b"Content-Length: 1\r\n\r\nx")
            self.answers.pop().set()
            self.settle()
            protocol.connection_lost(None)
        assert len(self.heads) == 1
        self.app.bodies.clear()
        self.app.taken = 0

    def settle(self) -> None:
        """Let the application do what it can."""
        for _ in range(5):
            self.loop.run_until_complete(asyncio.sleep(0))


@contextlib.contextmanager
def serving(app: Coroutine, places: int = 10, pending: int = 50_000, limits: RequestLimits = LIMITS) -> Iterator[Bench]:
    made = Bench(places, pending, limits, app)
    if isinstance(app, Familiar):
        made.get_known()
    try:
        yield made
    finally:
        for task in asyncio.all_tasks(made.loop):
            task.cancel()
        made.settle()
        made.loop.close()


@pytest.fixture(params=APPS)
def bench(request) -> Callable[..., contextlib.AbstractContextManager[Bench]]:
    """Every bound holds, whichever way a request is served."""
    return partial(serving, APPS[request.param]())


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
def test_what_is_not_body_is_bounded_in_every_state(bench, name):
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
def test_ordinary_chunks_and_trailers_are_served(bench, name):
    """What frames a body may be as much as the body; trailers are read and dropped."""
    with bench() as running:
        protocol, wire = running.connect()
        for part in [CHUNKED, *FRAMED[name]]:
            protocol.data_received(part)
            running.settle()
        running.answers[0].set()
        running.settle()
        assert (wire.status, wire.ended) == (b"200", "")
        assert [name for name, _ in protocol.headers] == [b"host", b"transfer-encoding"]
        assert running.pending.used == 0


def test_bytes_count_when_they_arrive(bench):
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


def test_beyond_the_bound_the_silent_one_of_the_peer_that_holds_the_most_comes_again(bench):
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
def test_the_least_rate(bench, name):
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


def test_what_we_do_not_read_is_not_slow(bench):
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


def test_idle_connections_make_room(bench):
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


def test_who_leaves_closes_behind_an_answer_that_is_no_refusal(bench):
    with bench() as running:
        protocol, wire = running.connect()
        running.leaving.set()
        protocol.data_received(HEAD + b"Content-Length: 1\r\n\r\nx")
        running.settle()
        assert wire.ended == ""
        running.answers[0].set()
        running.settle()
        assert (wire.status, wire.ended) == (b"200", "closed")
        assert b"connection: close" in wire.written.lower()


def test_a_refusal_is_never_taken_for_an_earlier_answer(bench):
    """When an earlier request waits for its answer, one that is refused ends the connection in silence."""
    with bench() as running:
        protocol, wire = running.connect()
        protocol.data_received(HEAD + b"Content-Length: 1\r\n\r\nx")
        running.settle()
        protocol.data_received(HEAD + b"X: " + b"a" * 5000)
        assert (wire.written, wire.ended) == (b"", "closed")


def test_pipelined_requests_are_answered_in_their_order(bench):
    """Whichever way each is served: a request waits until those before it have their answers."""
    with bench() as running:
        _, wire = running.connect()
        protocol = wire.get_protocol()
        protocol.data_received(HEAD + b"Content-Length: 1\r\n\r\na" + CHUNKED + b"1\r\nb\r\n0\r\n\r\n")
        running.settle()
        assert running.app.bodies == [b"a"]
        running.answers[0].set()
        running.settle()
        assert (running.app.bodies, wire.written.count(b"200 OK")) == ([b"a", b"b"], 1)
        running.answers[1].set()
        running.settle()
        assert (wire.written.count(b"200 OK"), wire.ended) == (2, "")


def test_an_idle_connection_ends(bench):
    """So long after its last answer as it may be idle, and not while an answer is due."""
    with bench() as running:
        protocol, wire = running.connect()
        protocol.data_received(HEAD + b"Content-Length: 1\r\n\r\na")
        running.settle()
        running.loop.now = 20.0
        protocol.expire(20.0)
        running.answers[0].set()
        running.settle()
        for now, ended in ((24.0, ""), (26.0, "closed")):  # uvicorn's 5 s
            running.loop.now = now
            protocol.expire(now)
            assert wire.ended == ended


def test_connection_close_ends_it_behind_the_answer(bench):
    """The sender asked for it."""
    with bench() as running:
        protocol, wire = running.connect()
        protocol.data_received(HEAD + b"Connection: close\r\nContent-Length: 1\r\n\r\na")
        running.settle()
        running.answers[0].set()
        running.settle()
        assert (wire.status, wire.ended) == (b"200", "closed")
        assert b"connection: close" in wire.written


@pytest.fixture(params=["immediate", "familiar"])
def asked(request) -> Iterator[tuple[Bench, BoundedHttpProtocol, Wire]]:
    """A request that needs no coroutine; one of its two bytes is to come."""
    with serving(APPS[request.param]()) as running:
        protocol, wire = running.connect()
        protocol.data_received(HEAD + b"Content-Length: 2\r\n\r\nx")
        yield running, protocol, wire


def test_an_exchange_needs_no_task(asked):
    """That is what it is for."""
    running, protocol, wire = asked
    protocol.data_received(b"y")
    assert (running.app.taken, running.app.bodies, asyncio.all_tasks(running.loop)) == (1, [b"xy"], set())
    running.answers[0].set()
    running.settle()
    assert wire.status == b"200"


def test_an_exchange_that_waits_for_too_long_is_told(asked):
    """Once; what becomes of it later is nobody's any more, and the connection goes on."""
    running, protocol, wire = asked
    protocol.data_received(b"y")
    protocol.expire(29.0)
    assert wire.written == b""
    protocol.expire(31.0)
    running.answers[0].set()
    running.settle()
    assert (wire.status, wire.written.count(b"HTTP/1.1"), wire.ended) == (b"503", 1, "")


def test_nobody_is_answered_who_left(asked):
    """What became of the request is known only then."""
    running, protocol, wire = asked
    protocol.data_received(b"y")
    protocol.connection_lost(None)
    running.answers[0].set()
    running.settle()
    assert (wire.written, running.places.used, running.pending.used) == (b"", 0, 0)


def test_who_leaves_before_the_body_is_whole_leaves_nothing(asked):
    """Nothing of it comes to the application."""
    running, protocol, _ = asked
    assert running.pending.used == 1
    protocol.connection_lost(None)
    assert (running.app.bodies, running.places.used, running.pending.used) == ([], 0, 0)


def test_many_outcomes_wake_the_loop_once():
    """A commit of the journal answers a hundred requests."""
    with serving(Immediate(), places=100) as running:
        woken = []
        wires = [running.connect()[1] for _ in range(50)]
        call = running.loop.call_soon_threadsafe
        running.loop.call_soon_threadsafe = lambda *given: (woken.append(1), call(*given))[1]
        for wire in wires:
            wire.get_protocol().data_received(HEAD + b"Content-Length: 1\r\n\r\nx")
        for answer in running.answers:
            answer.set()
        assert len(woken) == 1
        running.settle()
        assert [wire.status for wire in wires] == [b"200"] * 50
