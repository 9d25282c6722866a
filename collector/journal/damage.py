"""An entry whose header is damaged: what it must have been, told by the totals on both sides of it.

    … │ before + own = after │ damaged │ before │ …           of several in a row the first is taken for all of them

So the account stays whole where the bytes don't: records and bytes are exact, and what follows is not touched.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from collector.journal.layout import ENTRY_KEY, ENTRY_VERSION, HEADER_1, MOST_RECORDS, EntryHeader, entry_key
from collector.journal.tally import Tally

_MOST = (1 << 32) - 1  # of a length
Totals = tuple[int, int, int]
"""Entries, records and bytes of a domain."""


def inferred(cursor: Any, domain: int, offset: int, tally: Tally) -> EntryHeader:
    """The header that an entry must have had; the cursor stands on the entry's first chunk, before and after.

    Args:
        tally: the domain's totals, in the snapshot of the cursor.
    """
    ends, received = _after(cursor, domain, offset, tally)
    begins, received_before = _before(cursor, domain, offset, tally, ends)
    cursor.set_range(entry_key(domain, offset))
    _, records, length = (max(0, end - begin) for begin, end in zip(begins, ends, strict=True))
    records, length = min(MOST_RECORDS, records), min(_MOST, length)
    unix_ms = received_before or received or time.time_ns() // 1_000_000
    return EntryHeader(ENTRY_VERSION, 0, _receiver(cursor.value()), records, unix_ms, length, bytes(16), *begins)


def header_at(cursor: Any, domain: int, tally: Tally) -> EntryHeader:
    """The header of the entry that the cursor stands on; `inferred` when it is damaged."""
    offset = ENTRY_KEY.unpack_from(cursor.key())[1]
    return EntryHeader.parse(cursor.value(), domain, offset) or inferred(cursor, domain, offset, tally)


def chunks_of(cursor: Any, domain: int, offset: int) -> Iterator[bytes]:
    """The chunks of the entry that the cursor stands on; it stands behind them in the end."""
    prefix = ENTRY_KEY.pack(domain, offset)
    while cursor.key().startswith(prefix):
        yield cursor.value()
        if not cursor.next():
            return


def _after(cursor: Any, domain: int, offset: int, tally: Tally) -> tuple[Totals, int]:
    """What the domain had taken in with this entry and damaged ones behind it, and when the next was received."""
    while cursor.set_range(entry_key(domain, offset + 1)):
        owner, offset = ENTRY_KEY.unpack_from(cursor.key())
        if owner != domain:
            break
        if (header := EntryHeader.parse(cursor.value(), domain, offset)) is not None:
            return (header.entries_before, header.records_before, header.bytes_before), header.received_unix_ms
    return (tally.entries_in, tally.records_in, tally.bytes_in), 0


def _before(cursor: Any, domain: int, offset: int, tally: Tally, ends: Totals) -> tuple[Totals, int]:
    """What it had taken in before it, and when the last was received."""
    if cursor.set_range(entry_key(domain, offset)) and cursor.prev():
        owner, previous = ENTRY_KEY.unpack_from(cursor.key())
        if owner == domain:
            cursor.set_range(entry_key(domain, previous))
            header = EntryHeader.parse(cursor.value(), domain, previous)
            if header is None:  # it was taken for this one, too
                return ends, 0
            own = (
                header.entries_before + 1,
                header.records_before + header.records,
                header.bytes_before + header.length,
            )
            return own, header.received_unix_ms
    return (tally.entries_out, tally.records_out, tally.bytes_out), 0


def _receiver(chunk: bytes) -> int:
    """As it stands there; the reader knows whether there is such a one."""
    return int(HEADER_1.unpack_from(chunk)[2]) if len(chunk) >= HEADER_1.size else _MOST
