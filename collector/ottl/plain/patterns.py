"""RE2 expressions and globs over plain texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from collector.ottl.plain.function import ArgumentError, Constants
from collector.ottl.plain.kinds import EvaluationError

_GROUP = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")
_NAMED = re.compile(r"\(\?P?<([^>=!]*)>")


@lru_cache(1024)
def compiled(pattern: str) -> Any:
    """The expression; raises `EvaluationError`, for one that is worked out per record may be wrong."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise EvaluationError(f"error parsing regexp: {text}: `{pattern}`") from None


def checked(*parameters: str) -> Callable[[Constants], None]:
    """A check of literal expressions."""

    def check(constants: Constants) -> None:
        for parameter in parameters:
            if isinstance(pattern := constants.get(parameter), str):
                try:
                    compiled(pattern)
                except EvaluationError as error:
                    raise ArgumentError(parameter, str(error)) from None

    return check


def found(pattern: str, text: str) -> bool:
    """Whether it matches somewhere."""
    return compiled(pattern).search(text) is not None


def group_names(pattern: str) -> dict[str, int]:
    """Name → number of the groups of an expression that have one."""
    return dict(compiled(pattern).groupindex)


@lru_cache(1024)
def _pieces(replacement: str) -> tuple[tuple[str, str], ...]:
    """The template as (literal, group) pairs; group "" = none."""
    pieces, start = [], 0
    for match in _GROUP.finditer(replacement):
        literal = replacement[start : match.start()]
        name = match.group(1) or match.group(2) or ""
        pieces.append((literal + ("" if name else "$"), name))
        start = match.end()
    return (*pieces, (replacement[start:], ""))


def expanded(replacement: str, match: Any) -> str:
    """Go's `Expand`: `$1`, `${name}`; `$$` is a dollar; a group that there is not, or that took no part, is empty."""
    names = match.re.groupindex
    out = []
    for literal, group in _pieces(replacement):
        out.append(literal)
        if not group:
            continue
        number = int(group) if group.isdigit() else names.get(group)
        if number is not None and number <= match.re.groups:
            out.append(match.group(number) or "")
    return "".join(out)


def replaced(pattern: str, text: str, each: Callable[[Any], str]) -> str:
    """Every match is replaced by what `each` makes of it; the same text where there is none."""
    expression = compiled(pattern)
    if expression.search(text) is None:
        return text
    result: str = expression.sub(each, text)
    return result


@lru_cache(1024)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(_glob_expression(pattern), re.DOTALL)


def _glob_expression(pattern: str) -> str:
    out, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            at += pattern[at : at + 1] == "*"
            out.append(".*")
        elif char == "?":
            out.append(".")
        elif char == "\\" and at < len(pattern):
            out.append(re.escape(pattern[at]))
            at += 1
        elif char == "[" and (end := pattern.find("]", at + 1)) > 0:
            inner = pattern[at:end]
            out.append(f"[{'^' if inner[0] == '!' else ''}{re.escape(inner.lstrip('!')).replace(r'-', '-')}]")
            at = end + 1
        elif char == "{" and (end := pattern.find("}", at)) > 0:
            out.append(f"(?:{'|'.join(map(_glob_expression, pattern[at:end].split(',')))})")
            at = end + 1
        else:
            out.append(re.escape(char))
    return "".join(out)


def glob_matches(pattern: str, text: str) -> bool:
    """Whether the glob stands for the whole text; `*` steps over everything, `/` too (gobwas/glob without separators)."""
    return _glob(pattern).fullmatch(text) is not None
