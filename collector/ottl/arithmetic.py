"""`+ - * /` on int64, float64, times and durations (upstream: pkg/ottl/math.go)."""

from __future__ import annotations

from functools import reduce
from operator import add, mul, or_, sub, truediv
from typing import Any

import polars as pl

from collector.ottl.values import Kind, Value, any_failed

_OPERATIONS: dict[str, Any] = {"+": add, "-": sub, "*": mul, "/": truediv}
_TIMES = {
    ("-", Kind.TIME, Kind.TIME): Kind.DURATION,
    ("-", Kind.TIME, Kind.DURATION): Kind.TIME,
    ("+", Kind.TIME, Kind.DURATION): Kind.TIME,
    ("+", Kind.DURATION, Kind.TIME): Kind.TIME,
    ("+", Kind.DURATION, Kind.DURATION): Kind.DURATION,
    ("-", Kind.DURATION, Kind.DURATION): Kind.DURATION,
}
_NUMBERS = (Kind.INT, Kind.DOUBLE)


def calculate(operator: str, left: Value, right: Value) -> Value:
    """`left operator right`; nil, other kinds and a division by zero are errors."""
    cases: dict[Kind, list[pl.Expr]] = {}
    for left_kind, one in left.parts.items():
        for right_kind, other in right.parts.items():
            kind = _result(operator, left_kind, right_kind)
            if kind is not None:
                cases.setdefault(kind, []).append(_apply(operator, kind, one, other))
    parts = {kind: pl.coalesce(found) for kind, found in cases.items()}
    if left.total and right.total and operator != "/" and len(parts) == 1:
        return Value(parts, total=True)
    present = reduce(or_, (part.is_not_null() for part in parts.values()), pl.lit(False))
    failed = any_failed([left, right])
    return Value(parts, failed=~present if failed is None else failed | ~present)


def _result(operator: str, left: Kind, right: Kind) -> Kind | None:
    if left in _NUMBERS and right in _NUMBERS:
        return Kind.INT if left is right is Kind.INT else Kind.DOUBLE
    return _TIMES.get((operator, left, right))


def _apply(operator: str, kind: Kind, one: pl.Expr, other: pl.Expr) -> pl.Expr:
    if kind is not Kind.DOUBLE and operator == "/":
        divisor = pl.when(other != 0).then(other)
        quotient = one.abs() // divisor.abs()  # Go truncates toward zero, `//` would round down
        return quotient * one.sign() * divisor.sign()
    if kind is Kind.DOUBLE:
        one, other = one.cast(pl.Float64), other.cast(pl.Float64)
    result: pl.Expr = _OPERATIONS[operator](one, other)
    return result
