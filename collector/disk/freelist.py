"""How many pages of an LMDB file are in use: the last page, minus those on the free list that can be reused.

py-lmdb does not show the free list, so it is read from the file (LMDB 0.9, data format 1, 64 bit, 4 KiB pages).
A read transaction held meanwhile keeps every page of it as it is.

    page    0 pgno u64 | 8 pad u16 | 10 flags u16 | 12 lower u16 | 14 upper u16 | 16 offsets of nodes u16…
    meta    16 magic u32 | 20 version u32 | 24 address u64 | 32 map size u64 | 40 free table | 88 main table |
            136 last page u64 | 144 txn id u64
    table   0 pad u32 | 4 flags u16 | 6 depth u16 | 8 branch, 16 leaf, 24 overflow pages, 32 entries, 40 root u64
    node    0 low u16 | 2 high u16 | 4 flags u16 | 6 key size u16 | 8 key … data
            leaf: size of data = low + (high << 16); branch: child = low + (high << 16) + (flags << 32)
    entry of the free table: key = id u64 of the transaction that freed; data = count u64, pages u64…
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import lmdb

from collector.errors import NoRoom, StorageError

PAGE_BYTES = 4096
_MAGIC = 0xBEEFC0DE
_HEADER = 16
_BRANCH, _LEAF = 0x01, 0x02
_BIG = 0x01
_NONE = (1 << 64) - 1
_META = struct.Struct("<II112xQQ")  # magic, version … last page, txn id; from byte 16
_ROOT = struct.Struct("<Q")
_NODE = struct.Struct("<HHHH")
_PAIR = struct.Struct("<QQ")
_RETRIES = 16


def pages_in_use(environment: lmdb.Environment, fd: int) -> int:
    """Pages that the next transactions can't take: data, trees, and what readers pin.

    A page freed by transaction T serves again once no reader is older than T. (LMDB waits one commit longer; the
    quarter of the map above the budget covers that.)

    Args:
        fd: `data.mdb`, open for reading.
    """
    oldest = _oldest_reader(environment)
    for _ in range(_RETRIES):
        with environment.begin() as txn:
            number = txn.id()
            meta = os.pread(fd, PAGE_BYTES, (number & 1) * PAGE_BYTES)
            magic, version, last_page, txn_id = _META.unpack_from(meta, 16)
            if magic != _MAGIC or version != 1:
                raise StorageError("data.mdb is not in LMDB's data format 1")
            if txn_id == number:  # else two commits came in between, and the slot holds a newer one
                (root,) = _ROOT.unpack_from(meta, 80)
                free = sum(count for freed_by, count in _entries(fd, root) if freed_by <= oldest)
                return int(last_page) + 1 - free
    raise NoRoom("the free list could not be read: commits come faster than it can be walked")


def _oldest_reader(environment: lmdb.Environment) -> int:
    """The smallest transaction id that a reader of any process stands on."""
    ids = [int(line.split()[2]) for line in environment.readers().splitlines() if line[-1:].isdigit()]
    return min(ids, default=_NONE)


def _entries(fd: int, page_number: int) -> Iterator[tuple[int, int]]:
    """(transaction, pages it freed) of the tree under `page_number`."""
    if page_number == _NONE:
        return
    page = os.pread(fd, PAGE_BYTES, page_number * PAGE_BYTES)
    flags, lower = struct.unpack_from("<HH", page, 10)
    for (offset,) in struct.iter_unpack("<H", page[_HEADER:lower]):
        low, high, node_flags, key_size = _NODE.unpack_from(page, offset)
        if flags & _BRANCH:
            yield from _entries(fd, low | high << 16 | node_flags << 32)
        elif flags & _LEAF:
            (freed_by, count) = _PAIR.unpack_from(page, offset + 8) if key_size == 8 else (0, 0)
            if node_flags & _BIG:  # the data stands on pages of its own: `count` is the number of the first
                (count,) = _ROOT.unpack(os.pread(fd, 8, count * PAGE_BYTES + _HEADER))
            yield freed_by, count
