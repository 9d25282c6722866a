"""OTTL's comparison of two values of any kinds (upstream: pkg/ottl/compare.go).

Numbers compare as int64, or as float64 when one is a float. Values of different kinds are unequal and not ordered:
`!=` is true, everything else false. nil equals nil and nothing else. Maps and lists know only `==` and `!=`.
"""

from __future__ import annotations

from functools import reduce
from math import isnan
from operator import eq, ge, gt, le, lt, or_
from typing import Any

import polars as pl

from collector.ottl.values import UNKNOWN, Kind, Predicate, Value, guard

_OPERATORS = {"==": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_WITH_EQUALITY = ("==", "<=", ">=")
_NUMBERS = (Kind.INT, Kind.DOUBLE)


def compare(operator: str, left: Value, right: Value) -> Predicate:
    """`left operator right`."""
    if operator == "!=":
        equal = compare("==", left, right)
        return Predicate(~equal.expression, equal.fallible)
    cases = [
        _pair(operator, left, right, left_kind, right_kind)
        for left_kind in left.parts
        for right_kind in right.parts
        if _comparable(operator, left_kind, right_kind)
    ]
    if operator in _WITH_EQUALITY and not left.total and not right.total:
        cases.append(left.is_nil & right.is_nil)
    return guard(reduce(or_, cases) if cases else pl.lit(False), [left, right])


def _comparable(operator: str, left: Kind, right: Kind) -> bool:
    if left in _NUMBERS and right in _NUMBERS:
        return True
    return left is right and (operator == "==" or left not in (Kind.JSON, Kind.ID))


def _pair(operator: str, left: Value, right: Value, left_kind: Kind, right_kind: Kind) -> pl.Expr:
    one, other = left.parts[left_kind], right.parts[right_kind]
    result: Any = _OPERATORS[operator](one, other)
    if Kind.DOUBLE in (left_kind, right_kind):
        for value, kind, part in ((left, left_kind, one), (right, right_kind, other)):
            if kind is Kind.DOUBLE and _may_be_nan(value):
                result = result & part.is_not_nan()  # polars calls NaN equal to itself and the greatest
    expression: pl.Expr = result
    return expression if left.total and right.total else expression.fill_null(False)


def _may_be_nan(value: Value) -> bool:
    return value.constant is UNKNOWN or (isinstance(value.constant, float) and isnan(value.constant))
