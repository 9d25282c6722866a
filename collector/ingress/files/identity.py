"""By what a file is known again: device and inode, its first bytes, and those before the place up to which it was read.

An inode alone is not enough (it is given away again, and a file may be emptied and written anew), nor are first bytes (two programs that
start alike). So both are compared, and of what has the same first bytes also those before the place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from struct import Struct, error

import xxhash

Read = Callable[[int, int], bytes]
"""(offset, size) → bytes of the file, plain; fewer at its end."""
TAIL_BYTES = 256
_PLACE = Struct("<BQQI16sQQI8sB")
_VERSION = 1
_LONGEST_PATH = 800
_SKIPPING = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """The first `length` bytes of a file, as a hash."""

    length: int = 0
    hash: bytes = bytes(16)

    @classmethod
    def of(cls, first: bytes) -> Mark:
        return cls(len(first), xxhash.xxh3_128_digest(first)) if first else cls()

    def fits(self, read: Read) -> bool:
        """Whether the file begins so."""
        return Mark.of(read(0, self.length)) == self if self.length else True


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file has been read, and by what it is known again: what is journalled with its lines.

    Args:
        offset: in plain bytes: what is packed is counted as it is unpacked.
        number: lines up to there.
        tail_length, tail: the bytes before the offset, as a hash.
        skipping: the offset lies within a line whose rest is not wanted.
    """

    device: int
    inode: int
    mark: Mark = Mark()
    offset: int = 0
    number: int = 0
    tail_length: int = 0
    tail: bytes = bytes(8)
    skipping: bool = False
    path: str = ""

    def packed(self) -> bytes:
        """As a journal's position."""
        head = _PLACE.pack(
            _VERSION, self.device, self.inode, self.mark.length, self.mark.hash, self.offset, self.number, self.tail_length,
            self.tail, _SKIPPING if self.skipping else 0,
        )  # fmt: skip
        return head + self.path.encode("utf-8", "surrogateescape")[-_LONGEST_PATH:]

    @classmethod
    def unpacked(cls, data: bytes) -> Place | None:
        """What `packed` made; None: of another version."""
        try:
            version, device, inode, length, first, offset, number, tail_length, tail, flags = _PLACE.unpack_from(data)
        except error:
            return None
        if version != _VERSION:
            return None
        path = data[_PLACE.size :].decode("utf-8", "surrogateescape")
        skipping = bool(flags & _SKIPPING)
        return cls(device, inode, Mark(length, first), offset, number, tail_length, tail, skipping, path)

    def at(self, offset: int, read: Read) -> Place:
        """The same file, read up to there."""
        length = min(TAIL_BYTES, offset)
        return self.behind(offset, read(offset - length, length))

    def behind(self, offset: int, tail: bytes) -> Place:
        """The same file, read up to there; `tail` are the bytes before it."""
        return replace(self, offset=offset, tail_length=len(tail), tail=_hash(tail))

    def fits(self, read: Read) -> bool:
        """Whether the file begins alike, and what was read of it last still stands there."""
        return self.mark.fits(read) and self.ends_alike(read)

    def ends_alike(self, read: Read) -> bool:
        """Whether what was read of it last still stands there."""
        return _hash(read(self.offset - self.tail_length, self.tail_length)) == self.tail if self.tail_length else True


def _hash(data: bytes) -> bytes:
    return xxhash.xxh64_digest(data) if data else bytes(8)
