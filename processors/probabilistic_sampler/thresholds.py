"""OpenTelemetry's consistent sampling: a record is kept where its randomness, 56 bits, is not below the threshold."""

from __future__ import annotations

import re

BITS, DIGITS = 56, 14
NEVER, ALWAYS = 1 << BITS, 0
_HEX = re.compile("[0-9a-fA-F]+")


def threshold_of(probability: float, precision: int) -> int:
    """The threshold that keeps this share, to so many significant digits. A share that is too small to be written keeps nothing, one above 1 all."""
    if probability < 1 / NEVER:
        return NEVER
    if probability >= 1:
        return ALWAYS
    rejects = 1 - probability
    while rejects * 16 < 1:  # leading zeros are no significant digits
        rejects *= 16
        precision += 1
    if precision > DIGITS:
        return ALWAYS
    exact = NEVER - round(probability * NEVER)
    shift = 4 * (DIGITS - precision)
    return (exact + (1 << shift >> 1)) >> shift << shift


def probability_of(threshold: int) -> float:
    """The share that a threshold keeps."""
    return (NEVER - threshold) / NEVER


def read_threshold(text: str) -> int | None:
    """`c` → three quarters of 2⁵⁶: zeros at the end are left out; None: no threshold."""
    return int(text, 16) << 4 * (DIGITS - len(text)) if len(text) <= DIGITS and _HEX.fullmatch(text) else None


def read_randomness(text: str) -> int | None:
    """14 hexadecimal digits."""
    return int(text, 16) if len(text) == DIGITS and _HEX.fullmatch(text) else None


def write_threshold(threshold: int) -> str:
    """As the attribute `sampling.threshold` has it."""
    return f"{threshold:014x}".rstrip("0") or "0"
