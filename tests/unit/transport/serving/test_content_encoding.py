"""Decoders of request bodies: exact at the limit, bounded beyond it, honest about broken streams."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import cramjam
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import InvalidPayload, TooLarge
from collector.transport.http_server_config import ENCODINGS
from collector.transport.serving.content_encoding import coding, decoded


def zstd_streamed(body: bytes) -> bytes:
    """Without the content's size in the header, as streaming encoders write."""
    writer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return writer.compress(body) + writer.flush()


ENCODE = {
    "": bytes,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
    "snappy": lambda body: bytes(cramjam.snappy.compress_raw(body)),
    "x-snappy-framed": lambda body: bytes(cramjam.snappy.compress(body)),
    "lz4": lambda body: bytes(cramjam.lz4.compress(body)),
}


def test_every_encoding_has_a_decoder():
    """The list in the configuration and the decoders agree."""
    assert set(ENCODE) == set(ENCODINGS)


@pytest.mark.parametrize("encoding", ENCODE)
@given(body=st.binary(min_size=1, max_size=3000))
def test_round_trip(encoding, body):
    """What was encoded comes back, also when it is exactly as long as the limit."""
    assert decoded(encoding, ENCODE[encoding](body), len(body)) == body


@pytest.mark.parametrize("encoding", ENCODE)
@pytest.mark.parametrize("body", [b"a" * 5000, bytes(range(256)) * 20, bytes(1 << 22)], ids=["text", "bytes", "zeros"])
def test_one_byte_over_the_limit(encoding, body):
    """One byte less than needed is refused as too large, never cut."""
    encoded = ENCODE[encoding](body)
    assert decoded(encoding, encoded, len(body)) == body
    with pytest.raises(TooLarge, match=f"the limit is {len(body) - 1} bytes"):
        decoded(encoding, encoded, len(body) - 1)


@pytest.mark.parametrize("encoding", [name for name in ENCODE if name])
@given(data=st.data())
def test_truncated(encoding, data):
    """A stream that ends early is invalid; it is never taken as a shorter body.

    Framed snappy has no end of its own: cut behind its 10 bytes of magic it is a valid stream of nothing.
    """
    body = b"log record " * 300
    encoded = ENCODE[encoding](body)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    if encoding == "x-snappy-framed" and cut == 10:
        assert decoded(encoding, encoded[:cut], 1 << 20) == b""
        return
    with pytest.raises((InvalidPayload, TooLarge)):
        decoded(encoding, encoded[:cut], 1 << 20)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", [name for name in ENCODE if name])
@given(body=st.binary(max_size=400))
def test_anything_else(encoding, body):
    """Arbitrary bytes give a body or a refusal, nothing else."""
    with contextlib.suppress(InvalidPayload, TooLarge):
        assert len(decoded(encoding, body, 1000)) <= 1000


@pytest.mark.parametrize("encoding", [name for name in ENCODE if name])
@given(data=st.data())
def test_damaged(encoding, data):
    """A flipped byte gives a body or a refusal, nothing else."""
    encoded = bytearray(ENCODE[encoding](b"log record " * 300))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(InvalidPayload, TooLarge):
        assert len(decoded(encoding, bytes(encoded), 10_000)) <= 10_000


def test_members_frames_and_skippable_frames():
    """Several gzip members and several zstd frames are one body; skippable zstd frames are skipped."""
    assert decoded("gzip", gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(b"b"), 10) == b"ab"
    skippable = b"\x50\x2a\x4d\x18\x03\x00\x00\x00xyz"
    frames = skippable + zstandard.compress(b"a") + skippable + zstd_streamed(b"b") + skippable
    assert decoded("zstd", frames, 10) == b"ab"


@pytest.mark.parametrize("size", [0, 1, 131_072, 1_000_000])
def test_zstd_without_a_declared_size(size):
    """Frames of streaming encoders are read, with their limit and their end checked."""
    body = bytes(size)
    encoded = zstd_streamed(body)
    assert decoded("zstd", encoded, size) == body
    with pytest.raises(InvalidPayload):
        decoded("zstd", encoded[:-1], size)


@pytest.mark.parametrize(
    ("encoding", "body", "words"),
    [
        ("gzip", b'{"key": "value"}', "gzip: invalid header"),
        ("gzip", b"\x1f\x8b\x07" + bytes(20), "gzip: invalid header"),
        ("zlib", b"uncompressed_text", "zlib: invalid header"),
        ("deflate", b"", "zlib: invalid header"),
        ("zstd", b'{"key": "value"}', "invalid input: magic number mismatch"),
        ("lz4", b"", "lz4: unexpected EOF"),
    ],
)
def test_words(encoding, body, words):
    """otelcol's texts where it has fixed ones."""
    with pytest.raises(InvalidPayload) as caught:
        decoded(encoding, body, 100)
    assert caught.value.reason == words


@pytest.mark.parametrize("zeros", [1, 511, 100_000])
def test_zeros_behind_a_gzip_stream_are_padding(zeros):
    """As gzip(1) has it: behind one member or several; anything else behind them stays an error."""
    members = gzip.compress(b"ab") + gzip.compress(b"c")
    assert decoded("gzip", members + bytes(zeros), 10) == b"abc"
    with pytest.raises(InvalidPayload, match="gzip: invalid header"):
        decoded("gzip", members + bytes(zeros) + b"x" * 18, 10)
    with pytest.raises(InvalidPayload, match="gzip: unexpected EOF"):
        decoded("gzip", members + bytes(zeros) + b"x", 10)


@pytest.mark.parametrize(
    ("named", "encoding"),
    [("gzip", "gzip"), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("X-GZip", "gzip"), ("Identity", ""), ("br", "br")],
)
def test_names_of_codings(named, encoding):
    """Case does not matter, and x-gzip is gzip (RFC 9110, section 8.4.1.3)."""
    assert coding(named) == encoding


BAIT = {
    "skippable frames": b"\x50\x2a\x4d\x18\0\0\0\0",
    "empty frames": zstandard.compress(b""),
    "empty blocks": b"\0\0\0",
}


@pytest.mark.parametrize("name", BAIT)
def test_zstd_frames_and_blocks_without_content_are_bounded(name):
    """A hundred thousand are walked, more are refused: the walk costs time and gives nothing."""
    start = zstandard.ZstdCompressor(write_content_size=False).compress(b"")[:-3] if name == "empty blocks" else b""
    with pytest.raises(InvalidPayload, match="zstd: more than 100000 frames and blocks"):
        decoded("zstd", start + BAIT[name] * 100_001, 1 << 20)
