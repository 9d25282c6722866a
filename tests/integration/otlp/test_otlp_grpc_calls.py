"""The event-driven gRPC server: what it uses of grpc's core, and calls that end in unusual ways."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import grpc
import pytest

from collector.receivers.otlp import grpc_calls
from collector.receivers.otlp.grpc_calls import UnaryCall, UnaryServer

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
def serving(calls: Calls, handler, answer_within_secs: float = 60.0) -> Iterator[tuple[UnaryServer, grpc.Channel]]:
    server = UnaryServer(handler, calls.late, answer_within_secs, [("grpc.so_reuseport", 0)])
    port = server.add_port("127.0.0.1:0", None)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield server, channel
    server.stop(5.0)


def test_facts_and_answer():
    """Method, authority, metadata and peer of a call are known; body, status and trailers reach the client."""
    facts = []

    def handle(call: UnaryCall, body: bytes | None) -> None:
        facts.append((call.method, call.host, dict(call.metadata)["key"], call.peer().rpartition(":")[0], body))
        call.answer(8, "slowly", [("hint-bin", b"\x00\x01")])

    calls = Calls()
    with serving(calls, handle) as (_, channel), pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(METHOD)(b"body", metadata=(("key", "value"),), timeout=30)
    (method, host, value, peer, body) = facts[0]
    assert (method, value, peer, body) == (METHOD, "value", "ipv4:127.0.0.1", b"body")
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


def test_messages_under_way_are_bounded(monkeypatch):
    """Calls beyond the bound wait until a message has arrived or its call has ended; then they are served."""
    monkeypatch.setattr(grpc_calls, "_MAX_RECEIVING", 2)
    calls, silent = Calls(), [threading.Event(), threading.Event()]

    def nothing_until(event: threading.Event) -> Iterator[bytes]:
        event.wait(30)
        yield b"late"

    with serving(calls, calls.keep) as (server, channel):
        streams = []  # a call that nobody holds is cancelled
        for number, event in enumerate(silent, 1):
            streams.append(channel.stream_unary(METHOD).future(nothing_until(event), timeout=30))
            eventually(lambda wanted=number: len(server._waiting) == wanted)
        third = channel.unary_unary(METHOD).future(b"x", timeout=30)
        assert not calls.arrived.acquire(timeout=0.3)
        silent[0].set()
        for _ in range(2):
            assert calls.arrived.acquire(timeout=30)
        for call in calls.came:
            call.answer(0, body=b"served")
        assert third.result() == b"served"
        silent[1].set()
        assert calls.arrived.acquire(timeout=30)
        calls.came[2].answer(0)


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
