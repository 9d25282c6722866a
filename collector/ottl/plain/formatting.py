"""Go's `fmt.Sprintf`, for the values that OTTL has."""

from __future__ import annotations

import json
import re
from typing import Any

from collector.ottl.plain.getters import double_text, text
from collector.ottl.plain.kinds import Duration, Time

_VERB = re.compile(r"%([-+# 0]*)(\d*)(?:\.(\d*))?(.)", re.DOTALL)
_NAMES = {bool: "bool", int: "int64", float: "float64", str: "string", bytes: "[]uint8"}


def sprintf(pattern: str, values: list[Any]) -> str:
    """A verb that does not fit is told in its place, as Go does: `%!d(string=x)`."""
    given = iter(values)
    used = 0

    def one(match: re.Match[str]) -> str:
        nonlocal used
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if used >= len(values):
            return f"%!{verb}(MISSING)"
        used += 1
        return _formatted(verb, flags, width, precision, next(given))

    out = _VERB.sub(one, pattern)
    if used < len(values):
        extra = ", ".join(f"{_NAMES.get(type(value), type(value).__name__)}={plain(value)}" for value in values[used:])
        out += f"%!(EXTRA {extra})"
    return out


def plain(value: Any) -> str:
    """A value as `%v` writes it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if abs(value) >= 1e21 or 0 < abs(value) < 1e-4 else double_text(value)
    if isinstance(value, list):
        return f"[{' '.join(map(plain, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{plain(value[key])}' for key in sorted(value))}]"
    return text(value) or ""


def _formatted(verb: str, flags: str, width: str, precision: str | None, value: Any) -> str:
    shown = _verb(verb, flags, precision, value)
    if shown is None:
        shown = (
            f"%!{verb}({_NAMES.get(type(value), '<nil>')}={plain(value)})" if value is not None else f"%!{verb}(<nil>)"
        )
    size = int(width or 0)
    if "-" in flags:
        return shown.ljust(size)
    if "0" in flags and verb in "dxXobfeEgGs":
        sign = shown[:1] if shown[:1] in "+-" else ""
        return sign + shown[len(sign) :].rjust(size - len(sign), "0")
    return shown.rjust(size)


def _verb(verb: str, flags: str, precision: str | None, value: Any) -> str | None:
    number = type(value) in (int, float)
    sign = "+" if "+" in flags and number and value >= 0 else " " if " " in flags and number and value >= 0 else ""
    match verb:
        case "v":
            return sign + plain(value)
        case "s" if isinstance(value, str | bytes | Time | Duration | list | dict):
            shown = value.decode("utf-8", "replace") if isinstance(value, bytes) else plain(value)
            return shown[: int(precision or 0)] if precision is not None else shown
        case "q" if isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)
        case "t" if isinstance(value, bool):
            return plain(value)
        case "x" | "X" if isinstance(value, str | bytes):
            shown = (value.encode() if isinstance(value, str) else value).hex()
            return shown.upper() if verb == "X" else shown
        case _ if type(value) in (int, float):
            return _number(verb, flags, precision, value, sign)
        case _:
            return None


def _number(verb: str, flags: str, precision: str | None, value: Any, sign: str) -> str | None:
    digits = int(precision or 0) if precision is not None else 6
    match verb:
        case "d" if type(value) is int:
            return f"{sign}{value}"
        case "x" | "X" | "o" | "b" if type(value) is int:
            return f"{sign}{'0x' if '#' in flags and verb in 'xX' else ''}{value:{verb}}"
        case "c" if type(value) is int and 0 <= value < 0x110000:
            return chr(value)
        case "e" | "E" | "f" | "F" | "g" | "G" if type(value) is float:
            if verb in "gG" and precision is None:
                return sign + plain(value)
            return f"{sign}{value:.{digits}{verb}}"
        case _:
            return None
