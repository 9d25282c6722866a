"""Connections: encodings, keep-alive, slow senders, chunks, CORS, ages."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import queue
import socket
import zlib

import cramjam
import grpc
import pytest
import zstandard

from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.payloads import payload
from counterparts.receiving import Receiving, receiving

GOOD = payload(20)
PROTOBUF = {"content-type": "application/x-protobuf"}
ENCODED = {
    "identity": GOOD,
    "gzip": gzip.compress(GOOD),
    "GZIP": gzip.compress(GOOD[:50]) + gzip.compress(GOOD[50:]),
    "x-gzip": gzip.compress(GOOD) + bytes(100),
    "zlib": zlib.compress(GOOD),
    "deflate": zlib.compress(GOOD),
    "zstd": zstandard.compress(GOOD),
    "snappy": bytes(cramjam.snappy.compress_raw(GOOD)),
    "x-snappy-framed": bytes(cramjam.snappy.compress(GOOD)),
    "lz4": bytes(cramjam.lz4.compress(GOOD)),
}


def connected(running: Receiving) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(running.http, timeout=30)


def status_of(connection: http.client.HTTPConnection, body: bytes, **headers: str) -> int:
    connection.request("POST", "/v1/logs", body, {**PROTOBUF, **headers})
    response = connection.getresponse()
    response.read()
    return response.status


def test_every_encoding_on_one_connection():
    """All content encodings are read, and the connection is kept between requests."""
    with receiving() as running:
        connection = connected(running)
        for encoding, body in ENCODED.items():
            assert status_of(connection, body, **{"content-encoding": encoding}) == 200, encoding
            socket_kept = connection.sock
            assert socket_kept is not None
        connection.close()
        assert {came.body for came in running.intake.payloads} == {GOOD}
        assert len(running.intake.payloads) == len(ENCODED)


def test_encodings_can_be_restricted():
    """`compression_algorithms` names all that is accepted; without "" plain bodies are refused."""
    with receiving({"protocols": {"http": {"compression_algorithms": ["gzip"]}}}) as running:
        connection = connected(running)
        assert status_of(connection, ENCODED["gzip"], **{"content-encoding": "gzip"}) == 200
        assert status_of(connection, ENCODED["zstd"], **{"content-encoding": "zstd"}) == 400
        assert status_of(connection, GOOD) == 400
        connection.close()


@pytest.mark.parametrize("records", [1, 300, 30_000], ids=["inline", "checked inline", "on a thread"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_chunked_bodies_of_any_size(records, encoding):
    """A body in chunks arrives whole, whatever its size decides about threads."""
    body = payload(records)
    wire = gzip.compress(body) if encoding == "gzip" else body
    with receiving() as running:
        connection = connected(running)
        chunks = (wire[start : start + 10_000] for start in range(0, len(wire), 10_000))
        headers = {**PROTOBUF, "content-encoding": encoding}
        connection.request("POST", "/v1/logs", chunks, headers, encode_chunked=False)
        assert connection.getresponse().status == 200
        connection.close()
        assert [came.body for came in running.intake.payloads] == [body]
        assert running.admission.statistics().in_flight_bytes == 0


def test_expect_100_continue():
    """A sender that asks first is told to go on."""
    with receiving() as running:
        host, port = running.http.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(
                b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
                b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(GOOD)
            )
            assert connection.recv(1024).startswith(b"HTTP/1.1 100")
            connection.sendall(GOOD)
            assert connection.recv(1024).startswith(b"HTTP/1.1 200")


OFFER = (
    b"POST /v1/logs HTTP/1.1\r\nHost: logger.tamyla.com\r\nContent-Type: application/x-protobuf\r\n"
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
)
OFFERS = {
    "length": OFFER + b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD,
    "chunks": OFFER + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(GOOD) + GOOD + b"\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("split", [0, 10, 150, 240, 300, 700], ids=lambda split: f"split at {split}")
@pytest.mark.parametrize("name", OFFERS)
def test_an_upgrade_is_ignored_with_nothing_lost(name, split):
    """Java's HTTP client offers h2c with its first request: it is served as HTTP/1.1, whole, however it arrives."""
    request = OFFERS[name]
    with receiving() as running:
        host, port = running.http.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number in range(1, 4):
                connection.sendall(request[:split])
                connection.sendall(request[split:])
                assert connection.recv(4096).startswith(b"HTTP/1.1 200")
                assert [came.body for came in running.intake.payloads] == [GOOD] * number


def test_many_offers_at_once():
    """A burst of pipelined offers is served one after another."""
    with receiving() as running:
        host, port = running.http.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(OFFERS["length"] * 50)
            received = b""
            while received.count(b"HTTP/1.1 200") < 50:
                received += connection.recv(65536)
        assert running.intake.records == 50 * 20


def test_pipelined_requests():
    """Requests that do not wait for answers are answered in order."""
    request = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
    with receiving() as running:
        host, port = running.http.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall((request % len(GOOD) + GOOD) * 3)
            received = b""
            while received.count(b"HTTP/1.1 200") < 3:
                received += connection.recv(4096)
        assert running.intake.records == 60


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/logs HT",
        b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ],
    ids=["nothing", "half a header", "half a body"],
)
def test_slow_senders_are_cut_off(sent):
    """A connection that takes too long to send a request ends without an answer: the sender may try again."""
    limits = {"read_header_timeout": "50ms", "read_timeout": "50ms"}
    with receiving({"protocols": {"http": limits}}) as running:
        host, port = running.http.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(sent)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1024) == b""
    assert running.admission.statistics().in_flight_bytes == 0


def test_idle_connections_are_closed():
    """After `idle_timeout` without a request the connection ends."""
    with receiving({"protocols": {"http": {"idle_timeout": "1s"}}}) as running:
        connection = connected(running)
        assert status_of(connection, GOOD) == 200
        assert connection.sock.recv(1) == b""
        connection.close()


def test_keep_alives_can_be_disabled():
    """`keep_alives_enabled: false` ends each connection after its answer."""
    with receiving({"protocols": {"http": {"keep_alives_enabled": False}}}) as running:
        connection = connected(running)
        connection.request("POST", "/v1/logs", GOOD, PROTOBUF)
        response = connection.getresponse()
        response.read()
        assert response.getheader("connection") == "close"
        assert connection.sock is None


def test_response_headers_and_paths():
    """Configured headers are on every answer; logs may have another path."""
    block = {"response_headers": {"X-Served-By": "boom"}, "logs_url_path": "in/logs"}
    with receiving({"protocols": {"http": block}}) as running:
        connection = connected(running)
        for path, status in (("/in/logs", 200), ("/v1/logs", 404)):
            connection.request("POST", path, GOOD, PROTOBUF)
            response = connection.getresponse()
            response.read()
            assert (response.status, response.getheader("x-served-by")) == (status, "boom")
        connection.close()


def test_cors_of_a_request():
    """The answer to an allowed origin carries the permission, also when it is a refusal; another origin gets none."""
    cors = {"allowed_origins": ["https://*.tamyla.com"], "exposed_headers": ["Retry-After"]}
    with receiving({"protocols": {"http": {"cors": cors}}}) as running:
        connection = connected(running)
        for origin, body, status, allowed in (
            ("https://www.tamyla.com", GOOD, 200, "https://www.tamyla.com"),
            ("https://www.tamyla.com", b"\xff", 400, "https://www.tamyla.com"),
            ("https://tamyla.com.evil.example", GOOD, 200, None),
        ):
            connection.request("POST", "/v1/logs", body, {**PROTOBUF, "origin": origin})
            response = connection.getresponse()
            response.read()
            assert response.status == status
            assert response.getheader("access-control-allow-origin") == allowed
            assert response.getheader("access-control-expose-headers") == ("Retry-After" if allowed else None)
            assert response.getheader("vary") == "Origin"
        connection.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_max_connection_age():
    """The server ends connections at their age; the client's next call goes through on a new one. (grpc's own thread behind `subscribe` may look
    at the channel once more when it is closed.)"""
    keepalive = {"server_parameters": {"max_connection_age": "200ms", "max_connection_age_grace": "1s"}}
    with receiving({"protocols": {"grpc": {"keepalive": keepalive}}}) as running:
        with grpc.insecure_channel(running.grpc) as channel:
            states: queue.Queue[grpc.ChannelConnectivity] = queue.Queue()
            channel.subscribe(states.put)
            channel.unary_unary(GRPC_PATH)(GOOD, timeout=10)
            while states.get(timeout=30) is not grpc.ChannelConnectivity.READY:
                pass
            assert states.get(timeout=30) is not grpc.ChannelConnectivity.READY
            channel.unary_unary(GRPC_PATH)(GOOD, timeout=10, wait_for_ready=True)
            channel.unsubscribe(states.put)
        assert running.intake.records == 40


@pytest.mark.parametrize("mib", [4, 16])
def test_grpc_message_size(mib):
    """`max_recv_msg_size_mib` is 4 unless configured: one byte less fits, more does not."""
    block = {} if mib == 4 else {"max_recv_msg_size_mib": mib}
    with receiving({"protocols": {"grpc": block}}) as running, grpc.insecure_channel(running.grpc) as channel:
        small = payload(1, "x" * ((mib << 20) - 200))
        assert channel.unary_unary(GRPC_PATH)(small, timeout=30) == b""
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(GRPC_PATH)(payload(1, "x" * (mib << 20)), timeout=30)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_grpc_compression():
    """gzip and deflate messages are read."""
    with receiving() as running:
        for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            with grpc.insecure_channel(running.grpc, compression=compression) as channel:
                assert channel.unary_unary(GRPC_PATH)(GOOD, timeout=10) == b""
        assert running.intake.records == 40


def test_many_calls_at_once():
    """More calls than threads, over several connections: all are answered."""
    with receiving() as running:
        channels = [grpc.insecure_channel(running.grpc, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(4)]
        calls = [channels[number % 4].unary_unary(GRPC_PATH).future(GOOD, timeout=60) for number in range(300)]
        assert all(call.result() == b"" for call in calls)
        for channel in channels:
            channel.close()
        assert running.intake.records == 300 * 20
