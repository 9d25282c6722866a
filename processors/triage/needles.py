"""Words that a text must hold for a regular expression to match it.

One Aho-Corasick pass over a column finds all the words of all rules at once; only texts with a word of a rule are
shown to the rule's expression. What cannot be analysed has no needles and is shown everything: slower, never wrong.
Words are compared without regard to ASCII case. (Unicode's two letters that fold to an ASCII one, the long s and the
Kelvin sign, are not looked for.)
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from re import _constants as op
from re import _parser
from typing import Any

SHORTEST = 3
MOST = 64
COMMON = frozenset(
    [
        *("to", "the", "not", "is not", "could not", "cannot", "failed", "error", "errors", "time", "request", "http"),
        *(
            "connection",
            "process",
            "processed",
            "message",
            "server",
            "client",
            "user",
            "data",
            "file",
            "started",
            "status",
        ),
    ]
)
COMMON_WORTH = 3.5
"""Less than any other word of four letters."""
_FOREIGN = re.compile(r"\\[<>QEpPxuU]|\\[bB]\{|&&|~~|\[\[")
"""What Rust's syntax has and Python's reads differently."""


def needles(pattern: str) -> frozenset[str] | None:
    """Lower-case words of which every match holds at least one; None when there is no such set."""
    if _FOREIGN.search(pattern) or not pattern.isascii():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = _parser.parse(pattern)
    except (re.error, Warning, RecursionError, OverflowError):
        return None
    return _sequence(tree)


def _sequence(items: Iterable[Any]) -> frozenset[str] | None:
    """The best of the sets that the parts of a sequence give: the one whose shortest word is longest."""
    candidates: list[frozenset[str] | None] = []
    run = ""
    for code, argument in items:
        if code is op.LITERAL and argument < 128:
            run += chr(argument).lower()
            continue
        candidates.append(_words(run))
        run = ""
        candidates.append(_part(code, argument))
    candidates.append(_words(run))
    usable = [candidate for candidate in candidates if candidate]
    return max(usable, key=lambda words: (min(map(_worth, words)), -len(words)), default=None)


def _worth(word: str) -> float:
    """How few texts hold a word: longer is rarer, but for the words that every log is full of."""
    return COMMON_WORTH if word.strip() in COMMON else len(word)


def _words(run: str) -> frozenset[str] | None:
    return frozenset({run}) if len(run) >= SHORTEST else None


def _part(code: Any, argument: Any) -> frozenset[str] | None:
    if code is op.SUBPATTERN:
        return _sequence(argument[3])
    if code is op.BRANCH:
        return _branches(argument[1])
    if code in (op.MAX_REPEAT, op.MIN_REPEAT) and argument[0] >= 1:
        return _sequence(argument[2])
    return None


def _branches(branches: Iterable[Any]) -> frozenset[str] | None:
    found: set[str] = set()
    for branch in branches:
        words = _sequence(branch)
        if words is None:
            return None
        found |= words
    return frozenset(found) if len(found) <= MOST else None
