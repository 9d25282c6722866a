"""A disk that gives back other bytes than it was given: one bit of a file changes."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path


def flip(file: Path, known: bytes, at: int = 0) -> None:
    """Change a bit of the byte at `at` of `known`, in each copy of it: old ones stand in free pages."""
    change(file, places(file, known), at)


def places(file: Path, known: bytes, really: Callable[[mmap.mmap, int], bool] = lambda *_: True) -> list[int]:
    """Where `known` begins in the file. `really`: told of the file and a place, says whether it is one."""
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as held:
        found, place = [], held.find(known)
        while place >= 0:
            found += [place] if really(held, place) else []
            place = held.find(known, place + 1)
    assert found, "the bytes are not in the file"
    return found


def change(file: Path, places: list[int], at: int) -> None:
    """A bit of the byte at `at`, counted from each place."""
    with file.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as held:
        for place in places:
            held[place + at] ^= 0x10
