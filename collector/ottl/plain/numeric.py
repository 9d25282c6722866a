"""Converters to numbers, and questions about kinds."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from typing import Any

from collector.ottl.plain import getters
from collector.ottl.plain.function import TARGET, Parameter, Registry
from collector.ottl.plain.kinds import EvaluationError, named

NUMBERS = Registry()
NUMBERS.add("Int", TARGET)(getters.int_like)
NUMBERS.add("Double", TARGET)(getters.float_like)
NUMBERS.add("Bool", TARGET)(getters.bool_like)


@NUMBERS.add("Log", Parameter("target", getters.float_like))
def _log(number: float | None) -> float:
    if number is None or number <= 0:
        raise EvaluationError(f"invalid value {number}: it must be greater than zero")
    return math.log(number)


@NUMBERS.add("ParseInt", Parameter("target", getters.string), Parameter("base", getters.integer))
def _parse_int(text: str, base: int) -> int:
    if not (base == 0 or 2 <= base <= 36):
        raise EvaluationError(f"invalid base {base}: 0, or 2 to 36")
    octal = base == 0 and len(text.lstrip("+-")) > 1 and text.lstrip("+-")[0] == "0" and text.lstrip("+-")[1:].isdigit()
    try:
        if text != text.strip() or ("_" in text and base != 0):
            raise ValueError
        number = int(text, 8 if octal else base)
    except ValueError:
        raise EvaluationError(f"parsing {text!r}: invalid syntax") from None
    if number not in getters.INT64:
        raise EvaluationError(f"parsing {text!r}: value out of range")
    return number


def _kind(kind: type) -> Callable[[Any], bool]:
    return lambda value: type(value) is kind


for _name, _type in (
    ("IsBool", bool),
    ("IsDouble", float),
    ("IsInt", int),
    ("IsString", str),
    ("IsMap", dict),
    ("IsList", list),
):
    NUMBERS.add(_name, TARGET)(_kind(_type))


@NUMBERS.add("IsEmpty", TARGET)
def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | bytes | dict | list) and not value)


@NUMBERS.add("IsRootSpan")
def _is_root_span() -> bool:
    raise EvaluationError("IsRootSpan is about spans")


@NUMBERS.add("IsValidLuhn", Parameter("value", getters.text))
def _is_valid_luhn(text: str | None) -> bool:
    if text is None:
        raise EvaluationError("invalid input: nil")
    digits = text.replace(" ", "")
    if not digits.isascii() or not digits.isdigit():
        return False
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


@NUMBERS.add("IsInCIDR", TARGET, Parameter("networks", getters.string, items=True))
def _is_in_cidr(value: Any, networks: list[str]) -> bool:
    try:
        address = ipaddress.ip_address(getters.string(value))
    except ValueError:
        raise EvaluationError(f"not an IP address: {named(value)}") from None
    return any(address in _network(text) for text in networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise EvaluationError(f"invalid CIDR {text!r}") from None
