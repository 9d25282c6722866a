"""Senders that begin and do not end, over real sockets: whoever sends whole requests is served all the while."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import time
from collections.abc import Iterator

import grpc
import pytest

from collector.domains.resolver import DomainRules
from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.payloads import payload
from collector.transport.serving.content_encoding import decoded
from counterparts.receiving import Receiving, receiving

GOOD = payload(3)
HEAD = b"POST /v1/logs HTTP/1.1\r\nHost: tamyla.com\r\nContent-Type: application/x-protobuf\r\n"


@contextlib.contextmanager
def strangers(running: Receiving, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Connections that each send some bytes, and then nothing."""
    host, port = running.http.split(":")
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection((host, int(port)), timeout=30)) for _ in range(count)]
        for each in opened:
            each.sendall(sent)
        yield opened


def answered(running: Receiving, request: bytes) -> bytes:
    """The status of the first answer to raw bytes."""
    host, port = running.http.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        return connection.recv(1024)[9:12]


def post(running: Receiving, body: bytes = GOOD, **headers: str) -> int:
    connection = http.client.HTTPConnection(running.http, timeout=30)
    connection.request("POST", "/v1/logs", body, {"content-type": "application/x-protobuf", **headers})
    status = connection.getresponse().status
    connection.close()
    return status


def export(running: Receiving) -> bytes:
    with grpc.insecure_channel(running.grpc) as channel:
        return bytes(channel.unary_unary(GRPC_PATH)(GOOD, timeout=30))


def eventually(running: Receiving, gauge: str, wanted: int) -> None:
    while running.receiver.gauges()["http"][gauge] < wanted:  # the test's timeout ends it
        time.sleep(0.005)


def test_lengths_that_are_announced_take_nothing():
    """Sixteen times 4 MiB are announced, one byte each is sent: both protocols go on, with large bodies too."""
    with receiving() as running, strangers(running, 16, HEAD + b"Content-Length: 4194304\r\n\r\n\x0a"):
        eventually(running, "pending_bytes", 16)
        assert running.receiver.gauges()["http"]["pending_bytes"] == 16
        assert [post(running), post(running, payload(30_000)), export(running)] == [200, 200, b""]


def test_bytes_that_are_sent_and_never_ended_make_room():
    """The budget is full of unfinished bodies: a whole one comes through, the oldest of the others is told to come again."""
    options = {"protocols": {"http": {"max_pending_size": "4MiB"}}}
    unfinished = HEAD + b"Content-Length: 1000000\r\n\r\n" + b"\x0a" * 990_000
    with receiving(options) as running, strangers(running, 4, unfinished) as opened:
        eventually(running, "pending_bytes", 4 * 990_000)
        body = payload(20_000)
        assert len(body) > 500_000
        assert [post(running, body), export(running)] == [200, b""]
        eventually(running, "bodies_cut", 1)
        assert opened[0].recv(1024).startswith(b"HTTP/1.1 503")


def test_idle_connections_make_room():
    """Twice as many connections as there are places, none of which sends: a sender is served, and keeps its connection."""
    options = {"protocols": {"http": {"max_connections": 20, "max_connections_per_peer": 20}}}
    with receiving(options) as running:
        good = http.client.HTTPConnection(running.http, timeout=30)
        with strangers(running, 40, b"") as opened:
            eventually(running, "connections_cut", 20)
            for _ in range(3):
                good.request("POST", "/v1/logs", GOOD, {"content-type": "application/x-protobuf"})
                answer = good.getresponse()
                assert (answer.status, answer.read()) == (200, b"")
                with strangers(running, 5, b""):
                    pass
            assert opened[0].recv(1) == b""
            assert running.receiver.gauges()["http"]["connections"] <= 20
        good.close()


HOSTS = {
    "one": (b"POST /v1/logs HTTP/1.1\r\nHost: logger.tamyla.com\r\n", b"200", "tamyla.com"),
    "none": (b"POST /v1/logs HTTP/1.1\r\n", b"400", None),
    "two": (b"POST /v1/logs HTTP/1.1\r\nHost: tamyla.com\r\nHost: wetechfounders.com\r\n", b"400", None),
    "absolute form": (b"POST http://tamyla.com/v1/logs HTTP/1.1\r\nHost: wetechfounders.com\r\n", b"200", "tamyla.com"),
    "none in HTTP/1.0": (b"POST /v1/logs HTTP/1.0\r\n", b"200", "default"),
}


@pytest.mark.parametrize("name", HOSTS)
def test_the_host_decides_only_when_there_is_one(name):
    """What a proxy in front could read otherwise is refused."""
    head, status, domain = HOSTS[name]
    rest = b"Content-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n" % len(GOOD) + GOOD
    with receiving(rules=DomainRules(names=["tamyla.com", "wetechfounders.com"])) as running:
        assert answered(running, head + rest) == status
        assert [came.domain for came in running.intake.payloads] == ([domain] if domain else [])


def test_decompression_is_linear_in_what_came():
    """Sixteen times the members take about sixteen times as long; a step that copied the rest would take 256 times."""

    def cost(members: int) -> float:
        body = gzip.compress(b"") * members
        before = time.thread_time()
        assert decoded("gzip", body, 4 << 20) == b""
        return time.thread_time() - before

    cost(100)
    assert cost(160_000) < 16 * 8 * max(cost(10_000), 0.001)
