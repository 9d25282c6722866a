"""What stands between the nodes of a page and behind values that do not fill theirs: LMDB leaves there what the memory held before, maybe
of a value that was deleted.

A value of more than about half a page has pages of its own. How long it is stands in its node, in a leaf.

    page    u64 number, u16, u16 flags, u16 lower, u16 upper (of an overflow page: u32 pages); 16 bytes
    leaf    from 16 to `lower` u16 places of nodes
    node    u16 low, u16 high size, u16 flags, u16 key size, key, value; with BIGDATA the number of the value's first page instead
"""

from __future__ import annotations

import struct
from pathlib import Path

_PAGE, _HEAD = 4096, struct.Struct("<QHHHH")
_PAGES, _NODE, _NUMBER = struct.Struct("<I"), struct.Struct("<HHHH"), struct.Struct("<Q")
_BRANCH, _LEAF, _OVERFLOW, _LEAF2, _BIGDATA = 0x01, 0x02, 0x04, 0x20, 0x01


def clear_slack(path: Path) -> int:
    """Overwrite it in a file that nobody has open, and that has no free pages: a compact copy. How many bytes. Raises `OSError`."""
    cleared = 0
    with path.open("r+b") as file:
        data = file.read()
        number = 0
        while (number + 1) * _PAGE <= len(data):
            _, _, flags, lower, upper = _HEAD.unpack_from(data, number * _PAGE)
            if flags & (_BRANCH | _LEAF) and not flags & _LEAF2:
                file.seek(number * _PAGE + lower)
                file.write(bytes(upper - lower))
                cleared += upper - lower
            if flags & _LEAF and not flags & _LEAF2:
                for first, size in _apart(data, number * _PAGE):
                    end = first * _PAGE + _HEAD.size + size
                    rest = -end % _PAGE
                    file.seek(end)
                    file.write(bytes(rest))
                    cleared += rest
            number += _PAGES.unpack_from(data, number * _PAGE + 12)[0] if flags & _OVERFLOW else 1
    return cleared


def _apart(data: bytes, page: int) -> list[tuple[int, int]]:
    """First page and size of the values of a leaf that have pages of their own."""
    lower = _HEAD.unpack_from(data, page)[3]
    found = []
    for place in range(page + _HEAD.size, page + lower, 2):
        node = page + int.from_bytes(data[place : place + 2], "little")
        low, high, flags, key = _NODE.unpack_from(data, node)
        if flags & _BIGDATA:
            found.append((_NUMBER.unpack_from(data, node + _NODE.size + key)[0], low | high << 16))
    return found
