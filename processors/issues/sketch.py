"""How many different users met an issue: a HyperLogLog of 256 registers, 6.5 % off; exact enough below a hundred."""

from __future__ import annotations

import math
from collections.abc import Iterable

import xxhash

REGISTERS = 256
_PLACE_BITS = 8
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)


def digest(user: str) -> int:
    """64 bits of a user's id: all that is kept of it, and even that not whole."""
    return xxhash.xxh3_64_intdigest(user.encode("utf-8", "surrogatepass"))


def added(sketch: str, digests: Iterable[int]) -> str:
    """A sketch (hex, empty: none yet) with more users."""
    registers = bytearray.fromhex(sketch) if sketch else bytearray(REGISTERS)
    for value in digests:
        place, rest = value >> (64 - _PLACE_BITS), value & ((1 << (64 - _PLACE_BITS)) - 1)
        rank = (64 - _PLACE_BITS) - rest.bit_length() + 1
        registers[place] = max(registers[place], rank)
    return registers.hex()


def joined(one: str, other: str) -> str:
    """The users of both."""
    if not one or not other:
        return one or other
    return bytes(map(max, bytes.fromhex(one), bytes.fromhex(other))).hex()


def count(sketch: str) -> int:
    """How many users it has seen."""
    if not sketch:
        return 0
    registers = bytes.fromhex(sketch)
    estimate = _ALPHA * REGISTERS**2 / sum(2.0**-rank for rank in registers)
    empty = registers.count(0)
    if estimate <= 2.5 * REGISTERS and empty:
        return round(REGISTERS * math.log(REGISTERS / empty))
    return round(estimate)
