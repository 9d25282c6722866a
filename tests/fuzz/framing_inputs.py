"""Compressed bodies damaged by the structure of their frames: gzip members and flags, zstd frames and windows."""

from __future__ import annotations

import gzip
import random
import struct
import zlib

import cramjam
import zstandard

from fuzz import seeds

SKIPPABLE = b"\x50\x2a\x4d\x18"


def _member(rng: random.Random, content: bytes) -> bytes:
    """A gzip member with optional parts of RFC 1952, some of which lie."""
    flags = rng.choice([0, 0, 1, 2, 4, 8, 16, 31, 255])
    head = b"\x1f\x8b\x08" + bytes([flags]) + rng.randbytes(4) + b"\x00\xff"
    if flags & 4:
        extra = rng.randbytes(rng.randrange(9))
        head += struct.pack("<H", len(extra) + (rng.random() < 0.1) * 9) + extra
    if flags & 8:
        head += b"name\0"
    if flags & 16:
        head += b"comment\0"
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    deflate = zlib.compressobj(rng.choice([0, 1, 9]), zlib.DEFLATED, -15)
    body = deflate.compress(content) + deflate.flush()
    size = len(content) + (rng.random() < 0.05)
    return head + body + struct.pack("<II", zlib.crc32(content) ^ (rng.random() < 0.05), size & 0xFFFFFFFF)


def _gzip(rng: random.Random, content: bytes) -> bytes:
    cut = rng.randrange(len(content) + 1)
    parts = [content[:cut], content[cut:], *[b""] * rng.choice([0, 0, 3, 200])]
    return (
        b"".join(_member(rng, part) for part in parts)
        + b"\0" * rng.choice([0, 0, 1, 512])
        + rng.choice([b"", b"", b"x"])
    )


def _zstd(rng: random.Random, content: bytes) -> bytes:
    whole = zstandard.ZstdCompressor(level=1, write_checksum=rng.random() < 0.5, write_content_size=rng.random() < 0.5)
    long = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=rng.choice([10, 20, 24, 27]))
    )
    skipped = SKIPPABLE + struct.pack("<I", 5 + (rng.random() < 0.1)) + b"12345"
    frames = [whole.compress(content), skipped, long.compress(content[:100]), whole.compress(b"")]
    return b"".join(rng.choice(frames) for _ in range(rng.randrange(1, 5)))


MAKERS = {
    "gzip": _gzip,
    "zstd": _zstd,
    "deflate": lambda rng, content: zlib.compress(content, rng.choice([0, 1, 9])),
    "snappy": lambda rng, content: bytes(
        cramjam.snappy.compress_raw(content) if rng.random() < 0.5 else cramjam.snappy.compress(content)
    ),
    "lz4": lambda rng, content: bytes(cramjam.lz4.compress(content)),
}


def make(rng: random.Random) -> bytes:
    """One input: the name of the encoding, a zero, the body."""
    encoding = rng.choice([*MAKERS, "gzip", "zstd"])
    content = seeds.protobuf(rng) * rng.choice([1, 1, 50])
    body = bytearray(MAKERS[encoding](rng, content))
    for _ in range(rng.choice([0, 0, 1, 3])):
        if body:
            body[rng.randrange(min(len(body), rng.choice([12, 1 << 30])))] = rng.getrandbits(8)
    if rng.random() < 0.1:
        del body[rng.randrange(len(body) + 1) :]
    return encoding.encode() + b"\0" + bytes(body)


def reference(encoding: str, body: bytes) -> bytes | None:
    """What Python's own library reads; None where it refuses or there is none."""
    try:
        return gzip.decompress(body.rstrip(b"\0") if encoding == "gzip" else body) if encoding == "gzip" else None
    except (OSError, EOFError, zlib.error, struct.error):
        return None
