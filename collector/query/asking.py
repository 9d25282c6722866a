"""What is written behind a field → what is asked of it: a text, a number, a level. Pure; places are those of the query."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from collector.levels import LEVELS
from collector.query.fields import Field, Kind
from collector.query.problems import QueryError, nearest
from collector.query.syntax import Between, Condition, Equal, Everything, Like, Node, OneOf, Present, Test, Text

_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_PART = re.compile(r"\\(?P<escaped>.)|(?P<star>\*)|(?P<other>[^\\*]+)", re.DOTALL)
_SEVERITIES = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "warning": 13, "error": 17, "fatal": 21}
"""The first of four numbers each."""
_LONGEST_NUMBER = 40
_NUMERIC = (Kind.SEVERITY, Kind.ATTRIBUTE, Kind.RESOURCE)


class _Written(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def at(self) -> int: ...
    @property
    def quoted(self) -> bool: ...


def named(field: Field, values: Sequence[_Written]) -> Node:
    """`field:value`, `field:(one OR other)`, `field:*`."""
    if field.kind is Kind.BODY:
        return _of_body(field, values)
    return Test(field, [_condition(field, value) for value in values])


def compared(field: Field, operator: str, value: _Written) -> Node:
    """`field:>=value`."""
    up, equal = operator.startswith(">"), operator.endswith("=")
    if field.kind is Kind.LEVEL:
        at = LEVELS.index(_level(value))
        names = LEVELS[: at + equal] if up else LEVELS[at + (not equal) :]  # the most urgent stands first
        return Test(field, [OneOf(names)])
    low, high = _bounds(field, value)
    bound = high if up != equal else low
    return Test(field, [Between(bound, None, low_in=equal) if up else Between(None, bound, high_in=equal)])


def ranged(field: Field, low: _Written, high: _Written) -> Node:
    """`field:[low TO high]`, both within; `*` = no bound."""
    if field.kind is Kind.LEVEL:
        first, last = (LEVELS.index(_level(value)) for value in (low, high))
        return Test(field, [OneOf(LEVELS[min(first, last) : max(first, last) + 1])])
    ends = [None if value.text == "*" else _bounds(field, value) for value in (low, high)]
    return Test(field, [Between(ends[0] and ends[0][0], ends[1] and ends[1][1])])


def trimmed(text: str) -> str:
    """Without stars at its ends."""
    text = text.lstrip("*")
    while text.endswith("*") and not _escaped_at_end(text):
        text = text[:-1]
    return text


def literal(value: _Written) -> str:
    """A text in which no star may stand. Raises `QueryError`."""
    parts = list(_parts(value))
    if None in parts:
        raise QueryError("a * within a word is not searched for: put words beside each other, or write \\*", value.at)
    return "".join(part for part in parts if part is not None)


def _of_body(field: Field, values: Sequence[_Written]) -> Node:
    """The body holds one of the texts; there is one where only a star stands."""
    if any(value.text == "*" and not value.quoted for value in values):
        return Test(field, [Present()])
    needles = [value.text if value.quoted else literal(_Trimmed(value)) for value in values]
    if len(needles) == 1:
        return Text(needles[0]) if needles[0] else Everything()
    return Test(field, [Like(holds=needle) if needle else Present() for needle in needles])


class _Trimmed:
    """A value without stars at its ends."""

    def __init__(self, value: _Written) -> None:
        self.text, self.at, self.quoted = trimmed(value.text), value.at, value.quoted


def _condition(field: Field, value: _Written) -> Condition:
    if value.text == "*" and not value.quoted:
        return Present()
    if field.kind is Kind.LEVEL:
        return OneOf([_level(value)])
    if field.kind is Kind.SEVERITY:
        return Between(*_bounds(field, value))
    parts = [value.text] if value.quoted else list(_parts(value))
    if field.kind is Kind.HEX:
        parts = [part and part.lower() for part in parts]
    return _like(parts, value) if None in parts else _equal(field, "".join(map(str, parts)), value)


def _equal(field: Field, text: str, value: _Written) -> Equal:
    """Exactly this text; what an attribute holds may also be the number or the boolean."""
    if value.quoted or field.kind not in (Kind.ATTRIBUTE, Kind.RESOURCE):
        return Equal(text)
    return Equal(text, _number(text), {"true": True, "false": False}.get(text))


def _like(parts: Sequence[str | None], value: _Written) -> Condition:
    """None stands for a star: at the ends, or one between two texts."""
    texts = [part for part in parts if part is not None]
    match [part is None for part in parts], texts:
        case [False, True], [starts]:
            return Like(starts=starts)
        case [True, False], [ends]:
            return Like(ends=ends)
        case [True, False, True], [holds]:
            return Like(holds=holds)
        case [False, True, False], [starts, ends]:
            return Like(starts, ends)
        case stars, _ if all(stars):
            return Present()
    raise QueryError("stars stand at the ends of a value, or one within it: a*, *a, *a*, a*b", value.at)


def _parts(value: _Written) -> Iterator[str | None]:
    """Texts, and None for stars; stars beside each other are one."""
    text, before = "", False
    for found in _PART.finditer(value.text):
        if found["star"] is None:
            text, before = text + (found["escaped"] or found["other"]), False
            continue
        if text:
            yield text
        if not before:
            yield None
        text, before = "", True
    if text:
        yield text


def _level(value: _Written) -> str:
    name = value.text.lower()
    if name not in LEVELS:
        near = nearest(name, LEVELS)
        raise QueryError(
            f"there is no level {value.text!r}: there are {', '.join(LEVELS)}", value.at, did_you_mean=near
        )
    return name


def _bounds(field: Field, value: _Written) -> tuple[int | float, int | float]:
    """The number that is written; for a severity by name its first and its last."""
    if field.kind not in _NUMERIC:
        raise QueryError(f"{field.name} is {field.kind}: there is no more and less of it", value.at)
    first = _SEVERITIES.get(value.text.lower()) if field.kind is Kind.SEVERITY else None
    if first is not None:
        return first, first + 3
    number = _number(value.text)
    if number is None:
        near = nearest(value.text, _SEVERITIES) if field.kind is Kind.SEVERITY else ""
        raise QueryError(f"{value.text!r} is no number", value.at, did_you_mean=near)
    return number, number


def _number(text: str) -> int | float | None:
    """As it is written in decimals; None: it is no number, or too large for one."""
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else number


def _escaped_at_end(text: str) -> bool:
    body = text[:-1]
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1
