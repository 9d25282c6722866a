"""Compression of request bodies, by the names of otelcol's `compression`.

The codecs are loaded when they are used. gzip, zlib and deflate come from isal (level 1: a tenth of zlib's time for a little more bytes), snappy and lz4 from
Arrow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Compression = Literal["", "none", "gzip", "zstd", "snappy", "x-snappy-framed", "zlib", "deflate", "lz4"]
_GZIP_WINDOW, _ZLIB_WINDOW = 31, 15
_ZLIB_FAMILY = {"gzip": _GZIP_WINDOW, "zlib": _ZLIB_WINDOW, "deflate": _ZLIB_WINDOW}  # HTTP's deflate is a zlib stream


def check_compression(compression: Compression, level: int) -> None:
    """Raises ValueError for what cannot be sent, or a level that the algorithm does not have; 0 = its default."""
    if compression == "x-snappy-framed":
        raise ValueError("compression x-snappy-framed is not available for sending: use snappy, zstd or gzip")
    if level == 0:
        return
    highest = {"gzip": 9, "zlib": 9, "deflate": 9, "zstd": 22}.get(compression, 0)
    if not (1 <= level <= highest or (level == -1 and compression in _ZLIB_FAMILY)):
        raise ValueError(f"unsupported compression type and level {compression} - {level}")


def compressor(compression: Compression, level: int = 0) -> Callable[[bytes], bytes]:
    """A function that compresses one body. It may be called from several threads."""
    if compression in _ZLIB_FAMILY:
        from isal import isal_zlib

        window, effort = _ZLIB_FAMILY[compression], _isal_level(level)
        return lambda body: bytes(isal_zlib.compress(body, effort, window))
    if compression == "zstd":
        import zstandard

        return lambda body: zstandard.ZstdCompressor(level=level or 1).compress(body)
    if compression in ("snappy", "lz4"):
        import pyarrow

        return lambda body: bytes(pyarrow.compress(body, codec=compression, asbytes=True))
    return lambda body: body


def content_encoding(compression: Compression) -> str:
    """The `Content-Encoding`, empty for none."""
    return "" if compression == "none" else compression


def _isal_level(level: int) -> int:
    """isal has levels 0 to 3; 1 is its best trade."""
    return 1 if level <= 3 else 2 if level <= 6 else 3
