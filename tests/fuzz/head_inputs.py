"""Connections on which the same heads come again and again, as they should be and as one who smuggles requests would have them."""

from __future__ import annotations

import random

from fuzz import credential_inputs, http1_inputs, seeds

_LINES = [b"POST /v1/logs HTTP/1.1"] * 80 + http1_inputs.LINES
_ENDS = [b"\r\n"] * 60 + [b"\n", b"\r", b"\r\n "]
_LENGTHS = [
    b"Content-Length: %d", b"content-length: %d", b"content-length:%d", b"CONTENT-LENGTH: %d", b"Content-Length:  %d",
    b"Content-Length: 0%d", b"Content-Length: +%d", b"Content-Length : %d", b"Content-Length: %d ", b"X: a\r\n Content-Length: %d",
    b"X: a\nContent-Length: %d", b"Content-Length: %d\r\nContent-Length: 7", b"Content-Length: 7\r\nContent-Length: %d",
    b"Transfer-Encoding: chunked\r\nContent-Length: %d", b"Content-Length: \r\nContent-Length: %d",
]  # fmt: skip
_GOOD = b"Authorization: Bearer " + credential_inputs.GOOD_TOKEN.encode()
_FIELDS = [_GOOD, _GOOD, _GOOD, b"Authorization: Bearer x", b"X-Forwarded-Host: tamyla.com", b"Connection: close", b"Connection: keep-alive",
           b"Expect: 100-continue", b"Accept: */*", b"Upgrade: h2c\r\nConnection: upgrade", b"X-Logboom-Domain: wetechfounders.com"]  # fmt: skip
_BETWEEN = [b""] * 80 + [b"\r\n", b"\r\n\r\n", b"\n", b" "]
_WRONG = [0] * 60 + [-1, 1, -9, 40]


def _request(rng: random.Random) -> bytes:
    """One; its body may hold another, and its length may be another than that of its body."""
    body = seeds.protobuf(rng) if rng.random() < 0.6 else rng.choice([b"", b"{}", b"0\r\n\r\n"])
    if rng.random() < 0.2:
        body += b"POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
    length = rng.choice(_LENGTHS[:2] * 40 + _LENGTHS) % max(0, len(body) + rng.choice(_WRONG))
    media = rng.choice([b"Content-Type: application/x-protobuf"] * 4 + [b"Content-Type: application/json"])
    fields = [b"Host: a", media, length, *rng.sample(_FIELDS, rng.choice([0, 0, 0, 1, 2]))]
    if rng.random() < 0.05:
        fields.append(rng.choice(http1_inputs.HEADERS))
    end = rng.choice(_ENDS)
    return rng.choice(_LINES) + end + end.join(fields) + end + rng.choice([b"\r\n"] * 60 + [b"\n"]) + body


def make(rng: random.Random) -> bytes:
    """Four bytes that say how the rest is cut into reads, and what one connection sends."""
    one = _request(rng)
    sent = b"".join(
        rng.choice(_BETWEEN) + (one if rng.random() < 0.7 else _request(rng)) for _ in range(rng.choice([1, 3, 5]))
    )
    return rng.getrandbits(32).to_bytes(4, "big") + sent


def reads(one: bytes) -> list[bytes]:
    """What of an input comes in each read."""
    rng, sent = random.Random(one[:4]), one[4:]
    cuts = sorted(rng.randrange(len(sent) + 1) for _ in range(rng.choice([0, 0, 1, 2, 6])))
    parts = [sent[first:behind] for first, behind in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    return [part for part in parts if part]
