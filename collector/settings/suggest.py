"""Hints: the nearest valid word, and the list of what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHORT = 8
"""Words that are read at a glance."""


def nearest(word: str, allowed: Iterable[str], cutoff: float = 0.6) -> str:
    """`did you mean "endpoint"?`, or nothing when no word is near."""
    choices = {choice.lower(): choice for choice in allowed}
    match = get_close_matches(word.lower(), choices, n=1, cutoff=cutoff)
    return f'did you mean "{choices[match[0]]}"?' if match else ""


def among(label: str, allowed: Iterable[str]) -> str:
    """`allowed here: a, b, c`, or nothing when there is none."""
    words = sorted(allowed)
    return f"{label}: {', '.join(words)}" if words else ""


def advice(word: str, allowed: Iterable[str], otherwise: str, label: str) -> tuple[str, str]:
    """The nearest word; or `otherwise`, and the list. A short list stands there either way."""
    words = list(allowed)
    near = nearest(word, words)
    return near or otherwise, among(label, words) if not near or len(words) <= _SHORT else ""


def hint(label: str, *lines: str) -> str:
    """A `Problem.hint`: the first line (may be empty) stands beside the caret, the others below."""
    return "\n".join([label, *filter(None, lines)]).rstrip()
