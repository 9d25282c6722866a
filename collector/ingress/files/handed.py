"""What a tailer hands over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import xxhash

from collector.ingress.files.source import Piece, TailedFile
from collector.journal.positions import Position
from collector.journal.text import Scalar


class Handed(NamedTuple):
    """What becomes durable at once: a piece and its place, and places of others."""

    piece: Piece
    besides: Sequence[tuple[TailedFile, Position]]

    def position(self) -> Position:
        return Position(self.piece.source.id, self.piece.place.packed())

    def digest(self, receiver: str) -> bytes:
        """By which it is the same piece when it comes twice: whose it is and where it ends."""
        return xxhash.xxh3_128_digest(b"%s%d %s" % (self.piece.source.id, self.piece.place.offset, receiver.encode()))


Hand = Callable[[Handed], None]
Heading = Callable[[Callable[[int, int], bytes]], tuple[int, Mapping[str, Scalar]] | None]
"""Reads a file's header: its bytes, and what it says of all records; None: it may go on. Raises `OSError`."""
