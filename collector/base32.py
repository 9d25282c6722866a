"""Record ids as text: Crockford's base32, whose digits sort as their values do.

The layout stands in `collector.pipeline.record_ids`: the first 10 characters are the time of receipt, 48 bits behind two zeros.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ENTRY_CHARACTERS = 21
"""Time of receipt and entry; the row in the entry follows."""
ENTRY_BITS = 55
"""Behind the time."""
_STAMP_CHARACTERS = 10
_LAST_MS = 253_402_300_799_000
"""The end of the year 9999."""
_VALUES = {digit: value for value, digit in enumerate(ALPHABET)}


def digits(value: int, characters: int) -> str:
    """`value` in so many characters."""
    return "".join(ALPHABET[(value >> shift) & 31] for shift in range(5 * (characters - 1), -1, -5))


def first_record_id(unix_ms: int) -> str:
    """No record received at `unix_ms` or later has a smaller id."""
    return digits(unix_ms << ENTRY_BITS, ENTRY_CHARACTERS)


def received_ms(record_id: str) -> int:
    """The time of receipt at the front of a record id; 0 for a foreign id."""
    stamp = record_id[:_STAMP_CHARACTERS]
    if len(stamp) < _STAMP_CHARACTERS:
        return 0
    value = 0
    for digit in stamp:
        value = value << 5 | _VALUES.get(digit, 0)
    return min(value, _LAST_MS)
