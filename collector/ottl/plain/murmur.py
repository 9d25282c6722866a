"""MurmurHash3 of Austin Appleby, seed 0: x86 with 32 bits, x64 with 128."""

from __future__ import annotations

import struct

_32, _64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def murmur3_32(data: bytes) -> int:
    """As an unsigned number."""
    found = 0
    whole = len(data) // 4 * 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        found = (_left(found ^ _mixed_32(word), 13, 32) * 5 + 0xE6546B64) & _32
    if tail := data[whole:]:
        found ^= _mixed_32(int.from_bytes(tail, "little"))
    found ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        found = ((found ^ (found >> shift)) * factor) & _32
    return found ^ (found >> 16)


def _mixed_32(word: int) -> int:
    return (_left((word * 0xCC9E2D51) & _32, 15, 32) * 0x1B873593) & _32


_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def murmur3_128(data: bytes) -> tuple[int, int]:
    """The two halves, each as an unsigned number."""
    one = two = 0
    whole = len(data) // 16 * 16
    for first, second in struct.iter_unpack("<QQ", data[:whole]):
        one = ((_left(one ^ _first(first), 27, 64) + two) * 5 + 0x52DCE729) & _64
        two = ((_left(two ^ _second(second), 31, 64) + one) * 5 + 0x38495AB5) & _64
    tail = data[whole:]
    two ^= _second(int.from_bytes(tail[8:], "little"))
    one ^= _first(int.from_bytes(tail[:8], "little"))
    one, two = one ^ len(data), two ^ len(data)
    one = (one + two) & _64
    two = (two + one) & _64
    one, two = _finished(one), _finished(two)
    one = (one + two) & _64
    return one, (two + one) & _64


def _first(word: int) -> int:
    return (_left((word * _C1) & _64, 31, 64) * _C2) & _64


def _second(word: int) -> int:
    return (_left((word * _C2) & _64, 33, 64) * _C1) & _64


def _finished(word: int) -> int:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        word = ((word ^ (word >> 33)) * factor) & _64
    return word ^ (word >> 33)


def _left(word: int, by: int, bits: int) -> int:
    mask = (1 << bits) - 1
    return ((word << by) | (word >> (bits - by))) & mask
