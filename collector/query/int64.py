"""Bounds of numbers, made exact for 64-bit integers."""

from __future__ import annotations

import math

from collector.query.syntax import Between

LEAST, MOST = -(1 << 63), (1 << 63) - 1


def is_int64(number: int | float) -> bool:
    """Whether some 64-bit integer equals it."""
    return number == math.floor(number) and LEAST <= number <= MOST


def int_bounds(between: Between) -> tuple[int, int]:
    """The least and the most integer within; nothing is within where the first is larger."""
    low, high = LEAST, MOST
    if between.low is not None:
        low = math.ceil(between.low)
        low += not between.low_in and low == between.low
    if between.high is not None:
        high = math.floor(between.high)
        high -= not between.high_in and high == between.high
    if low > MOST or high < LEAST:
        return 1, 0
    return max(low, LEAST), min(high, MOST)
