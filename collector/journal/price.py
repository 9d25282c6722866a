"""What an entry costs those who work on it, in bytes: limits, shares, quotas and steps count it beside the bytes.

    price = size, but at least 64 bytes a record and 320 for each further resource and scope

A request of empty records takes two bytes a record on the wire and some hundred in memory, and as much time as any other
record. A step of the worker takes 8 MiB of price: 32,768 records are its other bound, and take as long as 12,000 of them that
each have a resource and a scope of their own with names and paths of their own (measured: 0.9 s, into SQLite).

The door decides it; the journal keeps how many times its size an entry costs, in quarters, in one byte that was empty
before: 0 = once. So entries of any age have a price.
"""

from __future__ import annotations

from collector.disk.chunks import occupied_bytes

RECORD_BYTES = 64
GROUP_BYTES = 320
_FIRST = 2
_QUARTERS = 4
_DEAREST = 255


def price_of(size: int, records: int, groups: int = 0) -> int:
    """The price of `size` bytes that hold `records` records in `groups` resources and scopes."""
    least = RECORD_BYTES * records + GROUP_BYTES * max(0, groups - _FIRST)
    return max(least, size)


def dearness_of(size: int, price: int) -> int:
    """What the journal keeps of a price: quarters of the size beyond it, rounded up, at most 255."""
    if price <= size:
        return 0
    return min(_DEAREST, -(-(price - size) * _QUARTERS // max(1, size)))


def dearness(size: int, records: int, groups: int) -> int:
    """The same of `size` bytes that hold so much."""
    least = RECORD_BYTES * records + (GROUP_BYTES * (groups - _FIRST) if groups > _FIRST else 0)
    return dearness_of(size, least) if least > size else 0


def price_from(size: int, dearness: int) -> int:
    """The price that was kept."""
    return size + size * dearness // _QUARTERS


def cost_from(size: int, records: int, dearness: int) -> int:
    """The price of an entry of any age. Called for each entry that is read: no more than it needs."""
    least = RECORD_BYTES * records
    if dearness:
        size = price_from(size, dearness)
    return max(least, size)


def weight_of(size: int, dearness: int, header: int) -> int:
    """What an entry counts in its domain's share of the journal: its place on disk or its price, whichever is more."""
    occupied = occupied_bytes(header + size)
    return max(occupied, price_from(size, dearness)) if dearness else occupied
