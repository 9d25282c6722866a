"""Malformed requests over both protocols: each gets its documented answer, and the next good request works."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import struct
import zlib

import cramjam
import grpc
import pytest
import zstandard
from google.rpc import status_pb2

from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.payloads import field, payload, varint
from counterparts.receiving import receiving

LIMIT = 64 << 10
GOOD = payload()
BOMB = bytes(16 << 20)

PROTOBUF_BODIES = {
    "one byte": b"\x0a",
    "text": b"hello world",
    "JSON as protobuf": b'{"resourceLogs":[]}',
    "truncated at the end": GOOD[:-1],
    "truncated in the middle": GOOD[: len(GOOD) // 2],
    "garbage behind a good request": GOOD + b"\xff\xff",
    "length beyond the end": b"\x0a\x7f" + GOOD[2:],
    "length of 2 GiB": b"\x0a" + varint(2**31 - 1) + b"x",
    "length of 2^63": b"\x0a" + varint(2**63 - 1) + b"x",
    "length varint without end": b"\x0a" + b"\xff" * 12,
    "tag varint without end": b"\xff" * 12,
    "field number zero": b"\x02\x01x",
    "group that never ends": b"\x0b\x0b\x0b",
    "end of a group that never began": b"\x0c",
    "wire type 6": b"\x0e\x01",
    "wire type 7": b"\x0f\x01",
    "resource_logs as a varint": b"\x08\x01",
    "scope_logs as fixed64": field(1, b"\x11" + bytes(8)),
    "random bytes": bytes((n * 131 + 89) % 256 for n in range(300)),
}


JSON_BODIES = {
    "empty": "",
    "white space": "  \n",
    "null": "null",
    "a number": "12",
    "a string": '"resourceLogs"',
    "an array": "[]",
    "truncated": '{"resourceLogs":[{',
    "trailing comma": '{"resourceLogs":[],}',
    "single quotes": "{'resourceLogs':[]}",
    "a comment": '{"resourceLogs":[] /* none */}',
    "two documents": "{}{}",
    "resourceLogs is an object": '{"resourceLogs":{}}',
    "resourceLogs holds numbers": '{"resourceLogs":[1]}',
    "brackets 10,000 deep": "[" * 10_000,
    "not UTF-8": b'{"resourceLogs":"\xff"}',
    "UTF-16": '{"resourceLogs":[]}'.encode("utf-16"),
}

Q = {"content-type": "application/x-protobuf"}
J = {"content-type": "application/json"}


def q(encoding: str) -> dict[str, str]:
    return {**Q, "content-encoding": encoding}


# name → (method, path, headers, body, status, what the message holds)
HTTP_REQUESTS: dict[str, tuple[str, str, dict[str, str], bytes, int, str]] = {
    "body over the limit": ("POST", "/v1/logs", Q, bytes(LIMIT + 1), 413, "too large"),
    "gzip bomb": ("POST", "/v1/logs", q("gzip"), gzip.compress(BOMB), 413, "too large"),
    "gzip bomb in members": ("POST", "/v1/logs", q("gzip"), gzip.compress(bytes(1000)) * 100, 413, "too large"),
    "zlib bomb": ("POST", "/v1/logs", q("zlib"), zlib.compress(BOMB), 413, "too large"),
    "deflate bomb": ("POST", "/v1/logs", q("deflate"), zlib.compress(BOMB), 413, "too large"),
    "zstd bomb": ("POST", "/v1/logs", q("zstd"), zstandard.compress(BOMB), 413, "too large"),
    "snappy bomb": ("POST", "/v1/logs", q("snappy"), bytes(cramjam.snappy.compress_raw(BOMB[: 1 << 20])), 413, "large"),
    "framed snappy bomb": ("POST", "/v1/logs", q("snappy"), bytes(cramjam.snappy.compress(BOMB[: 1 << 20])), 413, "large"),
    "lz4 bomb": ("POST", "/v1/logs", q("lz4"), bytes(cramjam.lz4.compress(BOMB)), 413, "too large"),
    "zstd with a window of 1 GiB": (
        "POST", "/v1/logs", q("zstd"), b"\x28\xb5\x2f\xfd\x00\xa0" + b"\x03\x00\x00" + b"x", 400, "zstd",
    ),
    "snappy that claims 4 GiB": ("POST", "/v1/logs", q("snappy"), b"\xff\xff\xff\xff\x0f\x00a", 413, "too large"),
    "gzip of nothing": ("POST", "/v1/logs", q("gzip"), b"", 400, "gzip: invalid header"),
    "gzip cut short": ("POST", "/v1/logs", q("gzip"), gzip.compress(GOOD)[:-9], 400, "gzip: unexpected EOF"),
    "gzip with a wrong checksum": ("POST", "/v1/logs", q("gzip"), gzip.compress(GOOD)[:-8] + bytes(8), 400, "gzip"),
    "gzip with garbage behind": ("POST", "/v1/logs", q("gzip"), gzip.compress(GOOD) + b"xyz", 400, "gzip"),
    "zlib cut short": ("POST", "/v1/logs", q("zlib"), zlib.compress(GOOD)[:-5], 400, "zlib: unexpected EOF"),
    "zstd cut short": ("POST", "/v1/logs", q("zstd"), zstandard.compress(GOOD)[:-3], 400, "zstd"),
    "zstd with garbage behind": ("POST", "/v1/logs", q("zstd"), zstandard.compress(GOOD) + b"xyz", 400, "zstd"),
    "snappy that is text": ("POST", "/v1/logs", q("snappy"), b"hello world", 400, "snappy"),
    "lz4 that is text": ("POST", "/v1/logs", q("lz4"), b"hello world", 400, "lz4"),
    "unknown encoding": ("POST", "/v1/logs", q("br"), b"x", 400, "unsupported Content-Encoding: br"),
    "two encodings": ("POST", "/v1/logs", q("gzip, gzip"), b"x", 400, "unsupported Content-Encoding: gzip, gzip"),
    "unknown encoding of text": (
        "POST", "/v1/logs", {"content-type": "text/plain", "content-encoding": "br"}, b"x", 500, "failed to marshal",
    ),
    "text": ("POST", "/v1/logs", {"content-type": "text/plain"}, GOOD, 415, "415 unsupported media type"),
    "content type of gRPC": ("POST", "/v1/logs", {"content-type": "application/grpc"}, GOOD, 415, "415 unsupported"),
    "form": ("POST", "/v1/logs", {"content-type": "application/x-www-form-urlencoded"}, b"a=b", 415, "415 unsupp"),
    "unknown path": ("POST", "/v2/logs", Q, GOOD, 404, "404 page not found"),
    "path with a slash behind": ("POST", "/v1/logs/", Q, GOOD, 404, "404 page not found"),
    "root": ("GET", "/", {}, b"", 404, "404 page not found"),
    "traces": ("POST", "/v1/traces", Q, GOOD, 404, "logs only, traces"),
    "metrics as JSON": ("POST", "/v1/metrics", J, b"{}", 404, "logs only, metrics"),
    "profiles": ("POST", "/v1development/profiles", Q, GOOD, 404, "logs only, profiles"),
    "unknown method": ("PROPFIND", "/v1/logs", Q, GOOD, 405, "405 method not allowed, supported: [POST]"),
    "OPTIONS without CORS": ("OPTIONS", "/v1/logs", {}, b"", 405, "405 method not allowed, supported: [POST]"),
}  # fmt: skip
HTTP_REQUESTS |= {
    f"protobuf: {name}": ("POST", "/v1/logs", Q, body, 400, "invalid protobuf")
    for name, body in PROTOBUF_BODIES.items()
}
HTTP_REQUESTS |= {
    f"JSON: {name}": ("POST", "/v1/logs", J, body if isinstance(body, bytes) else body.encode(), 400, "invalid")
    for name, body in JSON_BODIES.items()
}

HOST = b"Host: localhost\r\n"
# name → (bytes on the connection, how the answer begins; empty = the connection ends without one)
CONNECTIONS: dict[str, tuple[bytes, bytes]] = {
    "not HTTP": (b"\x00\x01\x02\x03\r\n\r\n", b"HTTP/1.1 400"),
    "TLS to a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40), b"HTTP/1.1 400"),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 4"),
    "no version": (b"POST /v1/logs\r\n\r\n", b""),
    "version 9.9": (b"POST /v1/logs HTTP/9.9\r\n" + HOST + b"\r\n", b"HTTP/1.1 400"),
    "header without a colon": (b"POST /v1/logs HTTP/1.1\r\nnonsense\r\n\r\n", b"HTTP/1.1 400"),
    "NUL in a header": (b"POST /v1/logs HTTP/1.1\r\nHost: a\x00b\r\n\r\n", b"HTTP/1.1 400"),
    "path that is not ASCII": (b"POST /v1/l\xf6gs HTTP/1.1\r\n" + HOST + b"\r\n", b"HTTP/1.1 400"),
    "negative length": (b"POST /v1/logs HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", b"HTTP/1.1 400"),
    "length that is no number": (b"POST /v1/logs HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n", b"HTTP/1.1 400"),
    "length over 64 bits": (
        b"POST /v1/logs HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n", b"HTTP/1.1 400",
    ),
    "two lengths": (
        b"POST /v1/logs HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"HTTP/1.1 400",
    ),
    "length and chunks": (
        b"POST /v1/logs HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 400",
    ),
    "chunk size that is no number": (
        b"POST /v1/logs HTTP/1.1\r\n" + HOST
        + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 400",
    ),
    "declared 10 GB": (
        b"POST /v1/logs HTTP/1.1\r\n" + HOST
        + b"Content-Type: application/x-protobuf\r\nContent-Length: 10000000000\r\n\r\n", b"HTTP/1.1 413",
    ),
    "chunks over the limit": (
        b"POST /v1/logs HTTP/1.1\r\n" + HOST
        + b"Content-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"2000\r\n" + bytes(0x2000) + b"\r\n") * 9, b"HTTP/1.1 413",
    ),
    "headers over the limit": (
        b"POST /v1/logs HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20_000 + b"\r\n\r\n", b"HTTP/1.1 431",
    ),
    "header without end": (b"POST /v1/logs HTTP/1.1\r\nX: " + b"a" * 20_000, b"HTTP/1.1 431"),
    "request line without end": (b"POST /" + b"a" * 20_000, b"HTTP/1.1 431"),
    "hung up in the body": (
        b"POST /v1/logs HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{", b"",
    ),
    "hung up in the headers": (b"POST /v1/logs HTTP/1.1\r\nHost: loc", b""),
    "CONNECT": (b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", b"HTTP/1.1 400"),
    "upgrade that nobody speaks": (
        b"GET /v1/logs HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", b"HTTP/1.1 405",
    ),
}  # fmt: skip

GRPC_BODIES = {name: (body, grpc.StatusCode.INVALID_ARGUMENT) for name, body in PROTOBUF_BODIES.items()}
GRPC_BODIES |= {
    "over the message limit": (payload(1, "x" * (1 << 20)), grpc.StatusCode.RESOURCE_EXHAUSTED),
    "200,000 empty resources": (b"\x0a\x00" * 200_000, grpc.StatusCode.RESOURCE_EXHAUSTED),
    "200,000 empty scopes": (field(1, b"\x12\x00" * 200_000), grpc.StatusCode.RESOURCE_EXHAUSTED),
}


@pytest.fixture(scope="module")
def running():
    overrides = {
        "protocols": {"http": {"max_request_body_size": LIMIT}, "grpc": {"max_recv_msg_size_mib": 1}},
    }
    with receiving(overrides) as started:
        yield started


@pytest.fixture
def good_request_works(running):
    """Whatever came before, a good request over each protocol is accepted, and nothing else ever was."""
    before = len(running.intake.payloads)
    yield
    connection = http.client.HTTPConnection(running.http, timeout=30)
    connection.request("POST", "/v1/logs", GOOD, Q)
    assert connection.getresponse().status == 200
    connection.close()
    with grpc.insecure_channel(running.grpc) as channel:
        assert channel.unary_unary(GRPC_PATH)(GOOD, timeout=30) == b""
    assert [came.body for came in running.intake.payloads[before:]] == [GOOD, GOOD]
    assert running.admission.statistics().in_flight_bytes == 0


@pytest.mark.usefixtures("good_request_works")
@pytest.mark.parametrize("name", HTTP_REQUESTS)
def test_malformed_http_request(running, name):
    """The status and the message are the documented ones; refusals are a `google.rpc.Status` in the request's encoding."""
    method, path, headers, body, status, text = HTTP_REQUESTS[name]
    connection = http.client.HTTPConnection(running.http, timeout=30)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    assert response.status == status
    assert text in message_of(response, content)
    assert response.getheader("retry-after") is None


def message_of(response: http.client.HTTPResponse, content: bytes) -> str:
    kind = response.getheader("content-type")
    if kind == "application/json":
        return json.loads(content)["message"]
    return status_pb2.Status.FromString(content).message if kind == "application/x-protobuf" else content.decode()


@pytest.mark.usefixtures("good_request_works")
@pytest.mark.parametrize("name", CONNECTIONS)
def test_malformed_connection(running, name):
    """What is not HTTP is refused in HTTP where that is possible, and the connection ends."""
    sent, answer = CONNECTIONS[name]
    host, port = running.http.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(sent)
        if answer:
            assert connection.recv(65536)[: len(answer)] == answer
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # hang up with a reset


@pytest.mark.usefixtures("good_request_works")
@pytest.mark.parametrize("name", GRPC_BODIES)
def test_malformed_grpc_message(running, name):
    """Not valid: INVALID_ARGUMENT; too much: RESOURCE_EXHAUSTED without a hint, so that it is not sent again."""
    body, code = GRPC_BODIES[name]
    with grpc.insecure_channel(running.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(GRPC_PATH)(body, timeout=30)
    assert caught.value.code() is code
    assert "google.rpc.retryinfo-bin" not in dict(caught.value.trailing_metadata())


@pytest.mark.usefixtures("good_request_works")
def test_gzip_bomb_over_grpc(running):
    """The message limit of gRPC holds after decompression too."""
    with (
        grpc.insecure_channel(running.grpc, compression=grpc.Compression.Gzip) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        channel.unary_unary(GRPC_PATH)(BOMB, timeout=30)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.usefixtures("good_request_works")
@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("/opentelemetry.proto.collector.trace.v1.TraceService/Export", "traces"),
        ("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "metrics"),
        ("/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", "profiles"),
        ("/opentelemetry.proto.collector.logs.v1.LogsService/Import", "Method not found"),
        ("/nobody/knows", "Method not found"),
    ],
)
def test_other_grpc_methods(running, method, text):
    """Other signals and unknown methods are UNIMPLEMENTED, as the protocol says."""
    with grpc.insecure_channel(running.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(method)(GOOD, timeout=30)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert text in caught.value.details()


@pytest.mark.usefixtures("good_request_works")
def test_http1_to_the_grpc_port(running):
    """A sender that speaks HTTP to the gRPC port is cut off, and nobody else notices."""
    host, port = running.grpc.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"POST /v1/logs HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"200 OK" not in answer
