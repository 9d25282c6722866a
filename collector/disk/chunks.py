"""Values of any size in chunks that take exactly one page each.

LMDB puts a value over about 2 KB on pages of its own; with the page's header of 16 bytes, 4,080 bytes fill one page.
Larger values would need contiguous runs of free pages, which a full and fragmented file does not have.

Key of a chunk: the key of the value, then the chunk's number (u32, big endian). Keys of values in a table must have one
length, or no key may be the beginning of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any

CHUNK_BYTES = 4080
_NUMBER = Struct(">I")
_FIRST = _NUMBER.pack(0)


def chunks(key: bytes, value: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The (key, value) pairs of one value; at least one, so that an empty value is not a missing one."""
    yield key + _FIRST, value[:CHUNK_BYTES]
    for number, start in enumerate(range(CHUNK_BYTES, len(value), CHUNK_BYTES), 1):
        yield key + _NUMBER.pack(number), value[start : start + CHUNK_BYTES]


def put_chunks(txn: Any, db: Any, key: bytes, value: bytes) -> None:
    """Write a new value. To replace one, `delete_chunks` first: the old one may have more chunks."""
    txn.cursor(db=db).putmulti(chunks(key, value))


def get_chunks(txn: Any, db: Any, key: bytes) -> bytes | None:
    """The value under `key`, or None."""
    cursor = txn.cursor(db=db)
    if not cursor.set_range(key + _FIRST):
        return None
    parts = []
    for found, part in cursor.iternext():
        if not found.startswith(key):
            break
        parts.append(part)
        if len(part) < CHUNK_BYTES:
            break
    return b"".join(parts) if parts else None


def delete_chunks(txn: Any, db: Any, key: bytes) -> int:
    """Delete the value under `key`; returns the number of chunks deleted."""
    cursor = txn.cursor(db=db)
    found = cursor.set_range(key + _FIRST)
    deleted = 0
    while found and cursor.key().startswith(key):
        found = cursor.delete()
        deleted += 1
        found = found and bool(cursor.key())
    return deleted


def occupied_bytes(size: int) -> int:
    """An upper bound of the file's growth, in bytes, when a value of `size` bytes is put."""
    full, rest = divmod(size, CHUNK_BYTES)
    # A chunk above half a page gets its own page and a node in a leaf; smaller ones stand in leaves, which may be half
    # empty. 80 bytes: a node with key in a half-empty leaf.
    return full * 4176 + (4176 if rest > 1900 else 2 * rest + 80)
