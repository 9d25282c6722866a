"""`== != < <= > >=` of any two values (upstream: pkg/ottl/compare.go)."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt
from typing import Any

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_NUMBERS = (int, float)


def compare(operator: str, left: Any, right: Any) -> bool:
    """Values of different kinds are unequal and not ordered; maps and lists know only `==` and `!=`."""
    if operator == "!=":
        return not compare("==", left, right)
    if left is None or right is None:
        return left is None and right is None and operator in ("==", "<=", ">=")
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        if type(left) is not type(right):
            left, right = float(left), float(right)
        return _OPERATORS[operator](left, right)
    if type(left) is not type(right):
        return False
    if isinstance(left, dict | list):
        return operator == "==" and same(left, right)
    if operator != "==" and isinstance(left, bytes) and type(left) is not bytes:
        return False  # ids are not ordered
    if hasattr(left, "nanoseconds"):
        left, right = left.nanoseconds, right.nanoseconds
    return _OPERATORS[operator](left, right)


def same(left: Any, right: Any) -> bool:
    """Deep equality, in which a number is not a bool and an int not a double."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)
