"""HTTP/1.1 requests damaged by their grammar: lines, headers, lengths, chunks, trailers."""

from __future__ import annotations

import random
from collections.abc import Callable

from fuzz import seeds

LINES = [b"POST /v1/logs HTTP/1.1", b"POST /v1/logs HTTP/1.0", b"POST  /v1/logs HTTP/1.1", b"POST /v1/logs", b"GET / HTTP/1.1", b"PRI * HTTP/2.0",
         b"OPTIONS * HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"POST http://a/v1/logs HTTP/1.1", b"\x16\x03\x01\x02\x00", b"POST /v1/logs HTTP/9.9",
         b"POST /%zz/../v1/logs?x=\xff HTTP/1.1"]  # fmt: skip
HEADERS = [b"Content-Type: application/json", b"Content-Type: application/x-protobuf", b"Content-Type:", b"Content-Encoding: gzip",
           b"Content-Encoding: zstd, gzip", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding : chunked",
           b"transfer-encoding:\tchunked", b"Expect: 100-continue", b"Expect: bananas", b"Connection: close", b"Connection: upgrade",
           b"Upgrade: h2c", b"Host: b", b"X: " + b"y" * 5000, b" folded: line", b"no colon", b"Bad\x00: name", b": empty", b"X:\x01\x7f\xff",
           b"Origin: http://evil", b"Content-Length: 0", b"Content-Length: -1", b"Content-Length: 5,5", b"Content-Length: 18446744073709551616",
           b"X-Forwarded-Host: tamyla.com", b"Authorization: Bearer x"]  # fmt: skip


def _chunked(rng: random.Random, body: bytes) -> bytes:
    out = bytearray()
    while body:
        size = rng.choice([1, 7, 100, 5000])
        part, body = body[:size], body[size:]
        extension = rng.choice([b"", b"", b";a=b", b";" + b"e" * 300])
        lie = rng.choice([0] * 30 + [1, -1, 1 << 40])
        out += (
            f"{max(len(part) + lie, 0):{rng.choice(['x', 'X', '08x'])}}".encode() + extension + b"\r\n" + part + b"\r\n"
        )
    return (
        bytes(out) + b"0\r\n" + b"".join(rng.choice([b"", b"", b"T: v\r\n", b"\x00\r\n"]) for _ in range(2)) + b"\r\n"
    )


def make(rng: random.Random, shown: Callable[[random.Random], bytes] | None = None) -> bytes:
    """What one connection sends: one to four requests, one behind the other. `shown`: the value of `Authorization`, empty: none."""
    out = bytearray()
    for _ in range(rng.choice([1, 1, 2, 4])):
        body = seeds.protobuf(rng) if rng.random() < 0.5 else seeds.json_text(rng).encode()
        headers = [b"Host: a", rng.choice(HEADERS[:2])]
        if shown is not None and (value := shown(rng)):
            headers.append(b"Authorization: " + value)
        chunked = rng.random() < 0.4
        headers.append(b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body))
        if rng.random() < 0.6:
            headers += rng.sample(HEADERS, rng.randrange(3))
            rng.shuffle(headers)
        line = LINES[0] if rng.random() < 0.7 else rng.choice(LINES)
        end = rng.choice([b"\r\n"] * 9 + [b"\n", b"\r"])
        out += line + end + end.join(headers) + end + end + (_chunked(rng, body) if chunked else body)
    if rng.random() < 0.3:
        out[rng.randrange(len(out))] = rng.getrandbits(8)
    if rng.random() < 0.2:
        del out[rng.randrange(len(out)) :]
    return bytes(out)
