"""The event-driven gRPC server: what it uses of grpc's core, and calls that end in unusual ways."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import grpc
import pytest

from collector.transport.serving import grpc_calls, grpc_connections
from collector.transport.serving.grpc_calls import UnaryCall, UnaryServer

METHOD = "/test.Service/Call"


class Calls:
    """Keeps calls unanswered, until told."""

    def __init__(self) -> None:
        self.came: list[UnaryCall] = []
        self.arrived = threading.Semaphore(0)

    def keep(self, call: UnaryCall, body: bytes | None) -> None:
        self.came.append(call)
        self.arrived.release()

    def echo(self, call: UnaryCall, body: bytes | None) -> None:
        call.answer(0, body=b"none" if body is None else body)

    def late(self, call: UnaryCall) -> None:
        call.answer(14, "late")


@contextlib.contextmanager
def serving(
    calls: Calls, handler, answer_within_secs: float = 60.0, **bounds: int
) -> Iterator[tuple[UnaryServer, grpc.Channel]]:
    server = UnaryServer(handler, calls.late, answer_within_secs, [("grpc.so_reuseport", 0)], **bounds)
    port = server.add_port("127.0.0.1:0", None)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield server, channel
    server.stop(5.0)


def test_facts_and_answer():
    """Method, authority, metadata and peer of a call are known; body, status and trailers reach the client."""
    facts = []

    def handle(call: UnaryCall, body: bytes | None) -> None:
        facts.append((call.method, call.host, dict(call.metadata)["key"], call.peer, body))
        call.answer(8, "slowly", [("hint-bin", b"\x00\x01")])

    calls = Calls()
    with serving(calls, handle) as (_, channel), pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(METHOD)(b"body", metadata=(("key", "value"),), timeout=30)
    (method, host, value, peer, body) = facts[0]
    assert (method, value, peer, body) == (METHOD, "value", "127.0.0.1", b"body")
    assert host.startswith("127.0.0.1:")
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "slowly")
    assert ("hint-bin", b"\x00\x01") in [tuple(pair) for pair in caught.value.trailing_metadata()]


def test_a_call_without_a_message():
    """The handler is told that there is none."""
    calls = Calls()
    with serving(calls, calls.echo) as (_, channel):
        assert channel.stream_unary(METHOD)(iter([]), timeout=30) == b"none"
        assert channel.unary_unary(METHOD)(b"", timeout=30) == b""


def test_many_calls_wait_at_once():
    """Calls that wait for their answer hold no thread: hundreds may, on a few connections."""
    calls = Calls()
    with serving(calls, calls.keep) as (_, channel):
        futures = [channel.unary_unary(METHOD).future(b"x", timeout=60) for _ in range(300)]
        for _ in futures:
            assert calls.arrived.acquire(timeout=30)
        for number, call in enumerate(calls.came):
            call.answer(0, body=b"%d" % number)
        assert sorted(int(future.result()) for future in futures) == list(range(300))


def test_a_call_whose_message_is_here_never_waits_for_those_that_send_none():
    """All places are taken by calls without a message: the next one is served, the oldest of the others make room."""
    calls, end = Calls(), threading.Event()

    def silent() -> Iterator[bytes]:
        end.wait(30)
        yield b"late"

    with serving(calls, calls.echo, max_receiving=2) as (server, channel):
        streams = []  # a call that nobody holds is cancelled
        for number in range(1, 3):
            streams.append(channel.stream_unary(METHOD).future(silent(), timeout=30))
            eventually(lambda wanted=number: server.gauges()["calls_receiving"] == wanted)
        for _ in range(5):
            assert channel.unary_unary(METHOD)(b"x", timeout=30) == b"x"
        assert streams[0].code() is grpc.StatusCode.UNAVAILABLE
        assert server.gauges()["calls_receiving"] <= 2
        end.set()


def test_idle_connections_are_closed_before_the_core_refuses():
    """Strangers take three quarters of the places; the connection with a call under way stays, and new senders come in."""
    calls = Calls()
    server = UnaryServer(calls.keep, calls.late, 60.0, [("grpc.max_allowed_incoming_connections", 40)])
    port = server.add_port("127.0.0.1:0", None)
    server.watch_connections(port, 40, 40)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, contextlib.ExitStack() as stack:
        busy = channel.unary_unary(METHOD).future(b"x", timeout=60)
        assert calls.arrived.acquire(timeout=30)
        strangers = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(35)]
        eventually(lambda: server.gauges()["connections_cut"] >= 6)
        eventually(
            lambda: sum(map(ended, strangers)) >= 6
        )  # any of them: the kernel counts their silence in milliseconds
        other = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)])
        second = stack.enter_context(other).unary_unary(METHOD).future(b"y", timeout=60)
        assert calls.arrived.acquire(timeout=30)
        for call in calls.came:
            call.answer(0, body=b"served")
        assert [busy.result(), second.result()] == [b"served", b"served"]
    server.stop(5.0)


def test_calls_on_a_silent_connection_end(monkeypatch):
    """A message that does not go on is not waited for until the answer is overdue."""
    monkeypatch.setattr(grpc_connections, "SPAN_SECS", 0.01)
    monkeypatch.setattr(grpc_calls, "SPAN_SECS", 0.01)
    monkeypatch.setattr(grpc_calls, "_ROUND_SECS", 0.01)
    calls, end = Calls(), threading.Event()

    def silent() -> Iterator[bytes]:
        end.wait(30)
        yield b"late"

    server = UnaryServer(calls.echo, calls.late, 60.0, [], min_receive_rate=1000)
    port = server.add_port("127.0.0.1:0", None)
    server.watch_connections(port, 10, 10)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        waiting = channel.stream_unary(METHOD).future(silent(), timeout=30)
        assert waiting.code() is grpc.StatusCode.UNAVAILABLE
        assert waiting.details() == "late"
        end.set()
    server.stop(5.0)


def ended(connection: socket.socket) -> bool:
    """Whether the server has closed it, after what it said first."""
    connection.setblocking(False)
    try:
        while connection.recv(1 << 16):
            pass
    except BlockingIOError:
        return False
    return True


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for a condition; the test's timeout ends it."""
    while not condition():
        time.sleep(0.001)


def test_only_the_first_answer_counts():
    """A second answer, even from another thread, changes nothing."""
    calls = Calls()
    with serving(calls, calls.keep) as (_, channel):
        future = channel.unary_unary(METHOD).future(b"x", timeout=30)
        assert calls.arrived.acquire(timeout=30)
        calls.came[0].answer(0, body=b"first")
        calls.came[0].answer(14, "second")
        assert future.result() == b"first"


def test_an_answer_to_a_client_that_is_gone():
    """Answering a cancelled call does no harm, and the next call is served."""
    calls = Calls()
    with serving(calls, calls.keep) as (_, channel):
        future = channel.unary_unary(METHOD).future(b"x", timeout=30)
        assert calls.arrived.acquire(timeout=30)
        future.cancel()
        calls.came[0].answer(0, body=b"")
        following = channel.unary_unary(METHOD).future(b"y", timeout=30)
        assert calls.arrived.acquire(timeout=30)
        calls.came[1].answer(0, body=b"fine")
        assert following.result() == b"fine"


def test_a_call_that_waits_too_long_is_answered():
    """A handler that never answers does not hold the client for ever."""
    calls = Calls()
    with serving(calls, calls.keep, answer_within_secs=0.01) as (_, channel), pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(METHOD)(b"x", timeout=30)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNAVAILABLE, "late")


def test_stop_cuts_off_what_hangs_and_a_late_answer_is_harmless():
    """Stopping waits until the deadline, then ends the calls under way and the thread; an answer after that is nothing."""
    calls = Calls()
    server = UnaryServer(calls.keep, calls.late, 60.0, [])
    port = server.add_port("127.0.0.1:0", None)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        future = channel.unary_unary(METHOD).future(b"x", timeout=30)
        assert calls.arrived.acquire(timeout=30)
        server.stop(0.05)
        assert future.exception(timeout=30) is not None
        calls.came[0].answer(0, body=b"")
        assert "otlp-grpc" not in [thread.name for thread in threading.enumerate()]
