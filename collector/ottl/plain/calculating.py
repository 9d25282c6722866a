"""`+ - * /` on int64, float64, times and durations (upstream: pkg/ottl/math.go)."""

from __future__ import annotations

import math
from typing import Any

from collector.ottl.plain.kinds import Duration, EvaluationError, Time, named


def calculate(operator: str, left: Any, right: Any) -> Any:
    """nil, other kinds and an integer division by zero are errors."""
    kinds = type(left), type(right)
    if kinds == (int, int):
        return wrapped(_integers(operator, left, right))
    if all(kind in (int, float) for kind in kinds):
        return _doubles(operator, float(left), float(right))
    sign = {"+": 1, "-": -1}.get(operator)
    if sign is not None:
        match left, right:
            case (Time(), Time()) if sign < 0:
                return Duration(left.nanoseconds - right.nanoseconds)
            case Time(), Duration():
                return Time(left.nanoseconds + sign * right.nanoseconds, left.offset_secs)
            case (Duration(), Time()) if sign > 0:
                return Time(left.nanoseconds + right.nanoseconds, right.offset_secs)
            case Duration(), Duration():
                return Duration(left.nanoseconds + sign * right.nanoseconds)
    raise EvaluationError(f"cannot use {operator} on {named(left)} and {named(right)}")


def _integers(operator: str, left: int, right: int) -> int:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right == 0:
        raise EvaluationError("attempted to divide by 0")
    quotient = abs(left) // abs(right)  # toward zero, as Go divides
    return quotient if (left < 0) == (right < 0) else -quotient


def _doubles(operator: str, left: float, right: float) -> float:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right == 0:
        if left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def wrapped(number: int) -> int:
    """Into 64 bits, as an int64 overflows."""
    return (number + 2**63) % 2**64 - 2**63
