"""How far a receiver has read of what stays where it is (a file, a table): kept with what it read, or not at all.

Rows of the table `state`, so that a journal without any is as it always was:

    "position", NUL, receiver u16, source      checksum (xxh64) of key and position, position
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any

import xxhash

from collector.journal.layout import RECEIVER_KEY

_log = logging.getLogger(__name__)
_PREFIX = b"position\0"
_CHECKSUM = Struct("<Q")
MOST_SOURCE_BYTES, MOST_POSITION_BYTES = 400, 1024


@dataclass(frozen=True, slots=True)
class Position:
    """Where to go on when the payload that carries it is durable.

    Args:
        source: which of the receiver's sources; 400 bytes at most.
        position: in the receiver's own words, 1,024 bytes at most; empty: the source is done with, forget it.

    Raises:
        ValueError: longer than that.
    """

    source: bytes
    position: bytes

    def __post_init__(self) -> None:
        if len(self.source) > MOST_SOURCE_BYTES or len(self.position) > MOST_POSITION_BYTES:
            raise ValueError(f"a source has {MOST_SOURCE_BYTES} bytes at most, its position {MOST_POSITION_BYTES}")

    def row(self, receiver: int) -> tuple[bytes, bytes]:
        """Key and value; an empty value: delete it."""
        key = _PREFIX + RECEIVER_KEY.pack(receiver) + self.source
        return key, _checksum(key, self.position) + self.position if self.position else b""


def positions(txn: Any, state: Any, receiver: int) -> Mapping[bytes, bytes]:
    """Source → position, as of the last commit; what the disk gives back otherwise than it was written is forgotten, and said."""
    found: dict[bytes, bytes] = {}
    prefix = _PREFIX + RECEIVER_KEY.pack(receiver)
    cursor = txn.cursor(db=state)
    there = cursor.set_range(prefix)
    while there and cursor.key().startswith(prefix):
        key, row = cursor.item()
        if row[: _CHECKSUM.size] == _checksum(key, row[_CHECKSUM.size :]):
            found[key[len(prefix) :]] = row[_CHECKSUM.size :]
        else:
            _log.error("journal: the position of a source is damaged: it is read from its beginning")
        there = cursor.next()
    return found


def _checksum(key: bytes, position: bytes) -> bytes:
    return _CHECKSUM.pack(xxhash.xxh64_intdigest(position, xxhash.xxh32_intdigest(key)))
