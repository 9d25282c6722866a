"""The plain bytes of a file, wherever in it: as it is, or unpacked."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import zlib
from typing import Protocol

_MAGIC = b"\x1f\x8b\x08"
_STEP = 256 << 10
_FIRST = 16 << 10
_WBITS = 31


class Content(Protocol):
    """An open file. `read` gives fewer bytes at its end, none behind it; `length` is how many there are, plain; `whole`: more may come,
    but nothing shows that it must; `written_from`: where the next byte stands that was written, in a file with holes."""

    @property
    def packed(self) -> bool: ...
    def read(self, offset: int, size: int) -> bytes: ...
    def length(self) -> int: ...
    def whole(self) -> bool: ...
    def written_from(self, offset: int) -> int: ...
    def stat(self) -> os.stat_result: ...
    def close(self) -> None: ...


class Plain:
    """As it is."""

    packed = False

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._fd, size, max(0, offset))

    def length(self) -> int:
        return self.stat().st_size

    def whole(self) -> bool:
        return True

    def stat(self) -> os.stat_result:
        return os.fstat(self._fd)

    def written_from(self, offset: int) -> int:
        try:
            return os.lseek(self._fd, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return max(offset, self.length())
            return offset  # a file system that knows of no holes

    def forget(self, upto: int) -> None:
        """Tell the kernel that its copy up to there is not needed."""
        os.posix_fadvise(self._fd, 0, upto, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        os.close(self._fd)


class Gzip:
    """Unpacked, member after member. What is damaged ends where the damage is; `broken` says so.

    It goes forward; a place behind it is found from the beginning on. A bounded window of what was unpacked last stays,
    and of its first bytes, by which it is known.
    """

    packed = True

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.broken = ""
        self._begin()

    def _begin(self) -> None:
        self._taken, self._at, self._window, self._first, self._within = 0, 0, b"", b"", False
        self._unpacker = zlib.decompressobj(_WBITS)

    def read(self, offset: int, size: int) -> bytes:
        offset = max(0, offset)
        if offset + size <= len(self._first):
            return self._first[offset : offset + size]
        if offset < self._at - len(self._window):
            self._begin()
        while self._at < offset + size and self._more():
            keep = self._at - offset if offset < self._at else 0
            self._window = self._window[-max(keep, _STEP) :]
        begins = offset - (self._at - len(self._window))
        return self._window[begins : begins + size] if begins >= 0 else b""

    def length(self) -> int:
        """As far as it can be unpacked by now."""
        while self._more():
            self._window = self._window[-_STEP:]
        return self._at

    def whole(self) -> bool:
        """Whether it ends where a member ends: what is half written does not."""
        return self.length() > 0 and not self._within and not self.broken

    def written_from(self, offset: int) -> int:
        return offset

    def _more(self) -> bool:
        packed = self._unpacker.unconsumed_tail
        if not packed:
            packed = os.pread(self._fd, 64 << 10, self._taken)
            self._taken += len(packed)
        if not packed or self.broken:
            return False
        try:
            plain = self._unpacker.decompress(packed, _STEP)
        except zlib.error as error:
            self.broken = str(error)
            return False
        self._within = not self._unpacker.eof
        if not self._within:
            self._taken -= len(self._unpacker.unused_data)
            self._unpacker = zlib.decompressobj(_WBITS)
        if self._at < _FIRST:
            self._first += plain[: _FIRST - self._at]
        self._window += plain
        self._at += len(plain)
        return True

    def stat(self) -> os.stat_result:
        return os.fstat(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def opened(path: str, compression: str, *, lock: bool = False) -> Content:
    """The file at `path`. `compression`: `gzip`, `auto` (what begins like gzip and can be unpacked), or nothing. Raises `OSError`: also
    of what is no file: it may have become one of those since somebody looked."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", path)
        if lock:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        packed = compression == "gzip" or (compression == "auto" and _is_gzip(fd))
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(fd)
        raise
    return Gzip(fd) if packed else Plain(fd)


def may_become_gzip(content: Content) -> bool:
    """Whether there is too little of it to tell."""
    first = content.read(0, len(_MAGIC))
    return len(first) < len(_MAGIC) and _MAGIC.startswith(first)


def _is_gzip(fd: int) -> bool:
    """By its beginning, for names lie, and by the first of it unpacked, for beginnings do, too."""
    first = os.pread(fd, 4096, 0)
    if not first.startswith(_MAGIC):
        return False
    try:
        zlib.decompressobj(_WBITS).decompress(first, 1024)
    except zlib.error:
        return False
    return True
