"""Request bodies and their `Content-Encoding`.

Every decoder stops at the limit: a bomb costs at most `limit` bytes of memory and the time to write them. The texts of
errors are otelcol's where it has a fixed one.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from gzip import BadGzipFile

import cramjam
import zstandard
from isal import igzip, isal_zlib
from isal.isal_zlib import IsalError

from collector.errors import InvalidPayload, TooLarge

_GZIP_WINDOW = 31  # zlib's wbits: 15 bits and a gzip header
_ZLIB_WINDOW = 15
_ZSTD_WINDOW = 8 << 20  # what RFC 8878 asks every decoder to support
_ZSTD_STEPS = 100_000  # frames and blocks; one that is flushed after each record has as many, bait of empty ones more
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SNAPPY_STREAM = b"\xff\x06\x00\x00sNaPpY"
_ALIASES = {"identity": "", "x-gzip": "gzip"}


def coding(named: str) -> str:
    """The content coding that a header names, in one spelling; empty for none (RFC 9110, section 8.4.1)."""
    name = named.lower()
    return _ALIASES.get(name, name)


def check_header(encoding: str, body: bytes) -> None:
    """Refuse a stream whose first bytes are wrong; otelcol finds that out before it looks at the path."""
    if encoding == "gzip" and (body[:2] != b"\x1f\x8b" or body[2:3] != b"\x08"):
        raise InvalidPayload("gzip: invalid header")
    if encoding in ("zlib", "deflate") and not _is_zlib(body):
        raise InvalidPayload("zlib: invalid header")


def decoded(encoding: str, body: bytes, limit: int) -> bytes:
    """The body without its encoding, of at most `limit` bytes. Raises `InvalidPayload`, `TooLarge`."""
    if not encoding:
        if len(body) > limit:
            raise too_large(limit)
        return body
    check_header(encoding, body)
    return _DECODERS[encoding](body, limit)


def too_large(limit: int) -> TooLarge:
    """The refusal of a body over the limit."""
    return TooLarge(f"request body too large: the limit is {limit} bytes, also after decompression")


def _is_zlib(body: bytes) -> bool:
    return len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def _gzip(body: bytes, limit: int) -> bytes:
    """A gzip stream is a sequence of members (RFC 1952); nearly always of one. Zeros behind the last are
    padding, as gzip(1) has it.

    The others are read by igzip, in C: a step that copied what follows would cost the square of their number.
    """
    content, rest = _inflate(body, limit, limit, _GZIP_WINDOW, "gzip")
    if not rest.strip(b"\0"):
        return content
    check_header("gzip", rest)
    try:
        content += igzip.IGzipFile(fileobj=io.BytesIO(rest)).read(limit + 1 - len(content))  # type: ignore[no-untyped-call]
    except EOFError:
        raise InvalidPayload("gzip: unexpected EOF") from None
    except BadGzipFile as error:
        wrong = "header" if str(error).startswith("Not a gzipped file") else "stream"
        raise InvalidPayload(f"gzip: invalid {wrong}") from None
    except IsalError:  # type: ignore[misc]  # the stubs call the class an instance
        raise InvalidPayload("gzip: invalid stream") from None
    if len(content) > limit:
        raise too_large(limit)
    return content


def _zlib(body: bytes, limit: int) -> bytes:
    part, _ = _inflate(body, limit, limit, _ZLIB_WINDOW, "zlib")  # what follows the stream is ignored, as in otelcol
    return part


def _inflate(body: bytes, room: int, limit: int, window: int, name: str) -> tuple[bytes, bytes]:
    """(content, what follows the stream)."""
    stream = isal_zlib.decompressobj(wbits=window)
    try:
        content = stream.decompress(body, room + 1)
        while not stream.eof and len(content) <= room:
            more = stream.decompress(stream.unconsumed_tail, room + 1 - len(content))
            if not more and not stream.eof:
                raise InvalidPayload(f"{name}: unexpected EOF")
            content += more
    except IsalError:  # type: ignore[misc]  # the stubs call the class an instance
        raise InvalidPayload(f"{name}: invalid stream") from None
    if len(content) > room:
        raise too_large(limit)
    return content, stream.unused_data


def _zstd(body: bytes, limit: int) -> bytes:
    if body[:4] != _ZSTD_MAGIC and not _is_skippable(body):
        raise InvalidPayload("invalid input: magic number mismatch")
    try:
        _check_zstd_complete(body)
        reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(body, read_across_frames=True)
        content = reader.read(limit + 1)
    except zstandard.ZstdError:
        raise InvalidPayload("zstd: invalid stream") from None
    if len(content) > limit:
        raise too_large(limit)
    return content


def _check_zstd_complete(body: bytes) -> None:
    """Walk frames and blocks (RFC 8878, section 3.1): the reader gives half a frame without a word."""
    position = steps = 0
    while position < len(body):
        steps = _one_more(steps)
        if _is_skippable(body[position : position + 4]):
            position += 8 + int.from_bytes(body[position + 4 : position + 8], "little")
            continue
        frame = zstandard.get_frame_parameters(body[position : position + 18])
        position += zstandard.frame_header_size(body[position : position + 18])
        last = False
        while not last and position < len(body):
            steps = _one_more(steps)
            header = int.from_bytes(body[position : position + 3], "little")
            last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            position += 3 + (1 if kind == 1 else size)  # a run-length block holds one byte
        position += 4 if frame.has_checksum else 0
        if not last:
            raise InvalidPayload("zstd: unexpected EOF")
    if position > len(body):
        raise InvalidPayload("zstd: unexpected EOF")


def _one_more(steps: int) -> int:
    if steps == _ZSTD_STEPS:
        raise InvalidPayload(f"zstd: more than {_ZSTD_STEPS} frames and blocks")
    return steps + 1


def _is_skippable(start: bytes) -> bool:
    return len(start) >= 4 and start[1:4] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50


def _snappy(body: bytes, limit: int) -> bytes:
    """Block format, or the framed one if its magic is there."""
    if body.startswith(_SNAPPY_STREAM):
        return _snappy_framed(body, limit)
    try:
        if cramjam.snappy.decompress_raw_len(body) > limit:
            raise too_large(limit)
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise InvalidPayload("snappy: corrupt input") from None


def _snappy_framed(body: bytes, limit: int) -> bytes:
    return _into_buffer(cramjam.snappy.decompress_into, "snappy", body, limit, expansion=32)


def _lz4(body: bytes, limit: int) -> bytes:
    return _into_buffer(cramjam.lz4.decompress_into, "lz4", body, limit, expansion=256)


def _into_buffer(
    decompress: Callable[[bytes, bytearray], int], name: str, body: bytes, limit: int, expansion: int
) -> bytes:
    """Decompress into a buffer that can't grow; the format expands by at most `expansion`."""
    if not body:
        raise InvalidPayload(f"{name}: unexpected EOF")
    buffer = bytearray(min(limit, len(body) * expansion + (64 << 10)) + 1)
    try:
        size = decompress(body, buffer)
    except cramjam.DecompressionError as error:
        if "write whole buffer" in str(error):
            raise too_large(limit) from None
        raise InvalidPayload(f"{name}: corrupt input") from None
    if size > limit:
        raise too_large(limit)
    return bytes(memoryview(buffer)[:size])


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "zlib": _zlib,
    "deflate": _zlib,
    "zstd": _zstd,
    "snappy": _snappy,
    "x-snappy-framed": _snappy_framed,
    "lz4": _lz4,
}
