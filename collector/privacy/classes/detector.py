"""What tells one class: an expression says in which texts it may stand, a search finds where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import re2

Span = tuple[int, int]
"""Where something stands in a text: begin, end."""
Confirm = Callable[[str, Any], Span | None]
"""A text and a match in it → what of it is to be hidden; None: nothing."""

_WORD = re.compile("[0-9A-Za-z]+|[^0-9A-Za-z]")
_ID = re.compile(r"(?i)(?:trace|span|parent|record|pattern|issue)[_.-]?id[\"']?\s{0,2}[=:]\s{0,2}[\"']?\Z")
_BEFORE = 24
_SHORT = 512
_MEMORY = 64 << 20


@dataclass(frozen=True)
class Detector:
    """Finds what belongs to a class.

    Args:
        cls: one of `CLASSES`.
        likely: an expression that RE2 and the engine behind polars both know, and that is found in each text in which there is something.
            Its parts begin with a letter or a word's begin, and count little: the engine's automaton stays small.
        spans: all finds in a text, from left to right.
        numbers: the same of what begins with digits.
    """

    cls: str
    likely: str
    spans: Callable[[str], list[Span]]
    numbers: str = ""


def linear(expression: str) -> Any:
    """An expression of RE2 with room for its automaton: without, it falls back to what takes a hundred times as long."""
    options = re2.Options()
    options.max_mem = _MEMORY
    return re2.compile(expression, options)


class Both:
    """An expression of `re` for short texts, of which RE2 costs the most to be asked at all; RE2, which stays linear, for others."""

    def __init__(self, expression: str) -> None:
        self._short, self._long = re.compile(expression, re.ASCII), linear(expression)

    def finditer(self, text: str) -> Iterator[Any]:
        """All matches, from left to right."""
        found: Iterator[Any] = (self._short if len(text) <= _SHORT else self._long).finditer(text)
        return found


def by_iteration(expression: Any, confirm: Confirm) -> Callable[[str], list[Span]]:
    """A search by an expression of RE2 whose matches are to be confirmed; what stands within a find before it is none."""

    def spans(text: str) -> list[Span]:
        found: list[Span] = []
        at = 0
        for match in expression.finditer(text):
            span = confirm(text, match) if match.start() >= at else None
            if span is not None:
                found.append(span)
                at = span[1]
        return found

    return spans


def by_pattern(expression: re.Pattern[str], confirm: Confirm) -> Callable[[str], list[Span]]:
    """The same by an expression of `re`, whose repeats are all bounded, so that it is linear in the length of the text. Behind a match
    that is none it goes on with the next word in that."""

    def spans(text: str) -> list[Span]:
        found: list[Span] = []
        at = 0
        while (match := expression.search(text, at)) is not None:
            span = confirm(text, match)
            if span is None:
                word = _WORD.match(text, match.start())
                at = word.end() if word is not None else match.start() + 1
            else:
                found.append(span)
                at = max(span[1], match.start() + 1)
        return found

    return spans


def stands_alone(text: str, begin: int, end: int, joints: str = "") -> bool:
    """Whether it is no part of a longer word or number. `joints` join it with a letter or digit behind them to one."""
    before, behind = text[max(begin - 2, 0) : begin], text[end : end + 2]
    if before[-1:].isalnum() or behind[:1].isalnum():
        return False
    joined = before[-1:] and before[-1] in joints and before[:-1].isalnum()
    return not (joined or (behind[:1] and behind[0] in joints and behind[1:].isalnum()))


def is_named_id(text: str, begin: int) -> bool:
    """Whether the name in front says that it is an id of ours, or of a trace: those are never hidden."""
    return _ID.search(text, max(begin - _BEFORE, 0), begin) is not None
