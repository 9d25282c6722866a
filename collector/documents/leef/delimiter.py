"""The character between the attributes of an event ("Attribute delimiter character" of LEEF 2.0)."""

from __future__ import annotations

import re
import unicodedata

_HEX = re.compile(r"(?:0x|x)([0-9A-Fa-f]{1,4})")
_IN_VALUES = frozenset("=|.:-_/+,% ")
"""Characters of addresses, numbers, ids and times, and those that the format itself reads."""


def delimiter_character(written: str) -> str:
    """The character that `^`, `x5E` or `0x5E` stands for.

    Raises:
        ValueError: not one character, or one that would tear values apart.
    """
    code = _HEX.fullmatch(written)
    character = chr(int(code[1], 16)) if code else written
    if len(character) != 1:
        raise ValueError(f"delimiter: one character or its code (x5E) is needed, not {written!r}")
    kind = unicodedata.category(character)
    if character != "\t" and (character in _IN_VALUES or character.isalnum() or kind[0] in "CZ" or kind[0] == "M"):
        raise ValueError(f"delimiter: {written!r} occurs in ordinary values; ^ or a tab does not")
    if ord(character) > 0xFFFF:
        raise ValueError("delimiter: the header has room for four hexadecimal digits")
    return character


def in_header(character: str) -> str:
    """How LEEF 2.0's header names it: always by its code, which no relay changes."""
    return f"x{ord(character):02X}"
