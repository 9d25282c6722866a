"""What hostile senders do, for so long, from an address of their own. Each returns how often it was answered what."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from chaos.place import NOISY
from collector.testing.service import Service
from counterparts.wire_bytes import message
from fuzz import framing_inputs, http1_inputs, http2_inputs, json_inputs, protobuf_inputs

ADDRESS = ("127.0.0.66", 0)
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = b"POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
Attack = Callable[[Service, random.Random, float], Counter[str]]


def _connect(port: int) -> socket.socket | None:
    with contextlib.suppress(OSError):
        return socket.create_connection(("127.0.0.1", port), timeout=0.5, source_address=ADDRESS)
    return None


def _post(service: Service, body: bytes, headers: dict[str, str]) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", service.http, timeout=10, source_address=ADDRESS)
    try:
        connection.request("POST", "/v1/logs", body, {"x-logboom-domain": NOISY, **headers})
        return f"HTTP {connection.getresponse().status}"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def _hold(service: Service, port: int, count: int, until: float, say: bytes, again: bytes = b"") -> Counter[str]:
    """So many connections that say something and then wait; one that is closed is opened anew; `again` is said each half
    second."""
    held: list[socket.socket] = []
    opened = 0
    while time.monotonic() < until:
        while len(held) < count and time.monotonic() < until and (one := _connect(port)):
            opened += 1
            with contextlib.suppress(OSError):
                one.sendall(say)
            held.append(one)
        time.sleep(0.5)
        for one in list(held):
            if _is_over(one, again):
                held.remove(one)
                one.close()
    for one in held:
        one.close()
    return Counter(connections=opened)


def _is_over(one: socket.socket, again: bytes) -> bool:
    one.setblocking(False)
    try:
        if again:
            one.sendall(again)
        while part := one.recv(65536):
            if part.startswith(b"HTTP/1.1"):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def flood(service: Service, rng: random.Random, until: float) -> Counter[str]:
    """Connections without end, which say nothing."""
    return _hold(service, rng.choice([service.http, service.grpc]), 600, until, b"")


def stalled_streams(service: Service, rng: random.Random, until: float) -> Counter[str]:
    """gRPC connections with a hundred calls each and no message."""
    return _hold(service, service.grpc, rng.choice([1, 4]), until, _PREFACE + _frame(4, 0, 0) + _calls(100))


def _frame(kind: int, flags: int, stream: int, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


def _calls(count: int) -> bytes:
    path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    head = {":method": "POST", ":scheme": "http", ":path": path, ":authority": NOISY, "content-type": "application/grpc",
            "te": "trailers"}  # fmt: skip
    block = b"".join(
        b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in pair) for pair in head.items()
    )  # HPACK literals, not indexed
    return b"".join(_frame(1, 4, 1 + 2 * n, block) for n in range(count))


def declared_bytes(service: Service, rng: random.Random, until: float) -> Counter[str]:
    """Bodies of 4 MiB that are announced and don't come, or come a byte at a time."""
    head = _HEAD + b"Content-Length: 4194304\r\n\r\n\x0a"
    return _hold(service, service.http, 32, until, head, rng.choice([b"", b"\0"]))


def trailers(service: Service, rng: random.Random, until: float) -> Counter[str]:
    """Chunked bodies whose trailers, or chunk extensions, never end."""
    start, piece = rng.choice([
        (b"0\r\n", b"X-T: " + b"a" * 8000 + b"\r\n"), (b"0\r\n", b"X: 1\r\n" * 1000), (b"1;", b"a" * 8192),
        (b"", b"1\r\n\0\r\n" * 1000), (b"0\r\nX-T: ", b"a" * 8192),
    ])  # fmt: skip
    return _hold(service, service.http, 4, until, _HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + start, piece)


def damaged(service: Service, rng: random.Random, until: float) -> Counter[str]:
    """Requests damaged by their own structure, at both doors."""
    answers: Counter[str] = Counter()
    while time.monotonic() < until:
        kind = rng.choice(["protobuf", "protobuf", "json", "framing", "http1", "http2"])
        if kind == "protobuf":
            answers[_post(service, protobuf_inputs.make(rng), {"content-type": "application/x-protobuf"})] += 1
        elif kind == "json":
            answers[_post(service, json_inputs.make(rng), {"content-type": "application/json"})] += 1
        elif kind == "framing":
            encoding, _, body = framing_inputs.make(rng).partition(b"\0")
            headers = {"content-type": "application/x-protobuf", "content-encoding": encoding.decode()}
            answers[_post(service, body, headers)] += 1
        elif one := _connect(service.http if kind == "http1" else service.grpc):
            with one, contextlib.suppress(OSError):
                one.sendall((http1_inputs if kind == "http1" else http2_inputs).make(rng))
            answers["raw bytes"] += 1
        time.sleep(0.02)
    return answers


def dear(service: Service, rng: random.Random, until: float) -> Counter[str]:
    """Payloads that are cheap to send and dear to process, one a second."""
    answers: Counter[str] = Counter()
    while time.monotonic() < until:
        body = rng.choice(DEAR)(rng)
        headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
        answers[_post(service, gzip.compress(body, 1), headers)] += 1
        time.sleep(1)
    return answers


def _empty_records(rng: random.Random) -> bytes:
    return message(1, message(2, message(2, message(3, b"INFO")) + b"\x12\0" * rng.choice([1_000, 40_000, 99_000])))


def _resources(rng: random.Random) -> bytes:
    request = ExportLogsServiceRequest()
    salt = rng.getrandbits(30)
    for number in range(rng.choice([500, 20_000])):
        group = request.resource_logs.add()
        group.resource.attributes.add(key="service.name").value.string_value = f"s{salt}-{number}"
        group.scope_logs.add().log_records.add().body.string_value = "x"
    return request.SerializeToString()


def _keys(rng: random.Random) -> bytes:
    request = ExportLogsServiceRequest()
    scope, salt = request.resource_logs.add().scope_logs.add(), rng.getrandbits(30)
    for number in range(rng.choice([500, 20_000])):
        record = scope.log_records.add()
        record.attributes.add(key=f"k{salt}-{number}").value.int_value = number
    return request.SerializeToString()


def _bodies(rng: random.Random) -> bytes:
    request = ExportLogsServiceRequest()
    scope, salt = request.resource_logs.add().scope_logs.add(), rng.getrandbits(30)
    form = rng.choice(
        ['{{"level":"error","n":{n},"a":{{"b":[1,{{"c":"{s}"}}]}}}}', "error {n} at /api/{n}/{s} timed out"]
    )
    for number in range(rng.choice([500, 10_000])):
        scope.log_records.add(severity_number=17).body.string_value = form.format(n=number, s=salt)
    return request.SerializeToString()


def _line(rng: random.Random) -> bytes:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(severity_number=17)
    piece = rng.choice(
        ["A", "error ", "GET /a/b?c=1 HTTP/1.1 500 timeout 10.0.0.1:99 ", '{"a":', "at a.b.C(D.java:1)\n"]
    )
    record.body.string_value = (piece * (3 << 20))[: (3 << 20) - rng.randrange(1000)]
    return request.SerializeToString()


DEAR = (_empty_records, _resources, _keys, _bodies, _line)
