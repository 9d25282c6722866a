"""HTTP/2 connections to the gRPC listener, damaged by frames: types, flags, streams, lengths, header blocks (RFC 9113)."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import hpack

from fuzz import seeds

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
PATH = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
BASE = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", PATH),
    (":authority", "a"),
    ("te", "trailers"),
    ("content-type", "application/grpc"),
]
ODD = [("grpc-encoding", "gzip"), ("grpc-encoding", "zstd"), ("grpc-timeout", "1n"), ("grpc-timeout", "99999999999H"), (":path", "/x"), (":method", "GET"),
       ("content-type", "text/html"), ("x-bin", "###"), ("host", "b"), ("connection", "close"), ("x", "y" * 9000), ("Upper", "case"), (":late", "pseudo")]  # fmt: skip


def frame(kind: int, flags: int, stream: int, payload: bytes, length: int | None = None) -> bytes:
    """A frame; `length` may lie."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind & 255, flags]) + struct.pack(">I", stream & 0xFFFFFFFF) + payload


def _message(rng: random.Random) -> bytes:
    body = seeds.protobuf(rng)
    lie = rng.choice([0] * 20 + [1, -1, 1 << 30])
    return bytes([rng.choice([0, 0, 0, 1, 2])]) + struct.pack(">I", max(len(body) + lie, 0)) + body


Shown = Callable[[random.Random], bytes]
"""The value of `authorization`; empty: none."""


def _call(rng: random.Random, encoder: hpack.Encoder, stream: int, shown: Shown | None) -> list[bytes]:
    headers = BASE + rng.sample(ODD, rng.choice([0, 0, 1, 2]))
    if shown is not None and (value := shown(rng)):
        headers = [*headers, ("authorization", value.decode("latin-1"))]
    block = encoder.encode(headers)
    data = _message(rng)
    cut = rng.randrange(len(data) + 1)
    return [frame(HEADERS, 4, stream, block), frame(DATA, 0, stream, data[:cut]), frame(DATA, 1, stream, data[cut:])]


def _odd(rng: random.Random, stream: int) -> bytes:
    kind = rng.choice([PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION, DATA, HEADERS, 11, 200])
    size = {PRIORITY: 5, RST: 4, SETTINGS: 6, PING: 8, GOAWAY: 8, WINDOW: 4}.get(kind, rng.randrange(30))
    payload = rng.choice([rng.randbytes(size), b"\0" * size, rng.randbytes(rng.randrange(20))])
    length = None if rng.random() < 0.9 else rng.choice([0, 1, 16384, 2**24 - 1])
    return frame(
        kind, rng.choice([0, 1, 4, 5, 8, 255]), rng.choice([0, stream, stream + 2, 2, 2**31 - 1]), payload, length
    )


def make(rng: random.Random, shown: Shown | None = None) -> bytes:
    """What one connection sends."""
    encoder, frames = hpack.Encoder(), [frame(SETTINGS, 0, 0, b"")]
    for stream in range(1, rng.choice([2, 4, 20]), 2):
        frames += _call(rng, encoder, stream, shown)
        while rng.random() < 0.4:
            frames.insert(rng.randrange(1, len(frames) + 1), _odd(rng, stream))
    if rng.random() < 0.2:
        rng.shuffle(frames)
    out = bytearray(PREFACE + b"".join(frames))
    if rng.random() < 0.2:
        out[rng.randrange(len(out))] = rng.getrandbits(8)
    if rng.random() < 0.2:
        del out[rng.randrange(len(out)) :]
    return bytes(out)
