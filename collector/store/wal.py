"""SQLite's write-ahead log, read from the file: which pages each commit wrote (sqlite.org/fileformat.html, 4).

    header   magic u32, format u32, page size u32, checkpoint u32, salt 2 x u32, checksum 2 x u32      big endian
    frame    page u32, pages of the database after the commit u32 (0: no commit), salt, checksum; the page

A frame is of this run of the log when it has the header's salt, and whole when the checksum of all before it, and of it, is right.
SQLite holds no lock on this file, so it may be opened and closed beside it; those of the database and of `-shm` may not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from struct import Struct
from typing import Any

import numpy as np

from collector.errors import StorageError

_HEADER = Struct(">8I")
_FRAME = Struct(">6I")
_MAGIC = 0x377F0682
"""The lowest bit: the checksums are of big-endian words."""
_FRAMES_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Place:
    """How far a log was read: the run that its salt names, the frames done, the checksum up to there."""

    salt: tuple[int, int] = (0, 0)
    frames: int = 0
    checksum: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Changes:
    """Pages as commits left them.

    Args:
        pages: page number, from 1 → its bytes, the newest.
        count: pages of the database after the last commit.
        frames: how many frames of the log that were.
        place: where the next ones begin.
    """

    page_size: int
    count: int
    pages: dict[int, bytes]
    frames: int
    place: Place


def read_changes(log: Path, place: Place) -> Changes | None:
    """What was committed behind the place; None when that is nothing. At the begin of another run everything is new.

    Raises:
        StorageError: the file can't be read.
    """
    try:
        with log.open("rb") as file:
            head = file.read(_HEADER.size)
            if len(head) < _HEADER.size:
                return None
            magic, _, page_size, _, *salt, sum1, sum2 = _HEADER.unpack(head)
            if magic & ~1 != _MAGIC:
                return None
            if (salt[0], salt[1]) != place.salt:
                place = Place((salt[0], salt[1]), 0, (sum1, sum2))
            file.seek(_HEADER.size + place.frames * (_FRAME.size + page_size))
            return _committed(_frames(file, page_size, place, ">u4" if magic & 1 else "<u4"), page_size)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"{log} can't be read: {error.strerror}") from error


def _committed(frames: Iterator[tuple[int, int, bytes, Place]], page_size: int) -> Changes | None:
    pages: dict[int, bytes] = {}
    open_: dict[int, bytes] = {}
    found: Changes | None = None
    for number, (page, count, content, place) in enumerate(frames, 1):
        open_[page] = content
        if count:
            pages |= open_
            open_ = {}
            found = Changes(page_size, count, pages, number, place)
    return found


def _frames(file: Any, page_size: int, place: Place, words: str) -> Iterator[tuple[int, int, bytes, Place]]:
    """Those that are whole, up to the first that is not: page, count, content, the place behind it."""
    size, (sum1, sum2), frames = _FRAME.size + page_size, place.checksum, place.frames
    while block := file.read(size * _FRAMES_AT_ONCE):
        for start in range(0, len(block) - size + 1, size):
            frame = block[start : start + size]
            page, count, salt1, salt2, told1, told2 = _FRAME.unpack_from(frame)
            if (salt1, salt2) != place.salt:
                return
            sum1, sum2 = _checksum(frame[:8], sum1, sum2, words)
            sum1, sum2 = _checksum(frame[_FRAME.size :], sum1, sum2, words)
            if (sum1, sum2) != (told1, told2):
                return
            frames += 1
            yield page, count, frame[_FRAME.size :], Place(place.salt, frames, (sum1, sum2))


def _checksum(content: bytes, sum1: int, sum2: int, words: str) -> tuple[int, int]:
    """SQLite's: for each pair of words, s1 += x + s2; s2 += y + s1. Linear, so a product with powers of the step."""
    values = np.frombuffer(content, dtype=words).astype(np.uint32)
    of_sums, of_values = _powers(len(values) // 2)
    with np.errstate(over="ignore"):
        sums = of_sums @ np.array([sum1, sum2], np.uint32) + of_values @ values
    return int(sums[0]), int(sums[1])


@cache
def _powers(pairs: int) -> tuple[Any, Any]:
    """What the sums, and each word, count in the end, modulo 2^32."""
    step = np.array([[1, 1], [1, 2]], np.uint32)  # (s1 + s2, s1 + 2 s2)
    taken = np.array([[1, 0], [1, 1]], np.uint32)  # x goes into both, y into the second
    power, columns = np.eye(2, dtype=np.uint32), []
    for _ in range(pairs):
        columns.append(power @ taken)
        power = power @ step
    return power, np.concatenate(columns[::-1], axis=1) if columns else np.zeros((2, 0), np.uint32)
