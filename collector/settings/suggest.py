"""Hints: the nearest valid word, and the list of what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, allowed: Iterable[str]) -> str:
    """`did you mean "endpoint"?`, or nothing when no word is near."""
    choices = {choice.lower(): choice for choice in allowed}
    match = get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    return f'did you mean "{choices[match[0]]}"?' if match else ""


def among(label: str, allowed: Iterable[str]) -> str:
    """`allowed here: a, b, c`, or nothing when there is none."""
    words = sorted(allowed)
    return f"{label}: {', '.join(words)}" if words else ""


def hint(label: str, *lines: str) -> str:
    """A `Problem.hint`: the first line (may be empty) stands beside the caret, the others below."""
    return "\n".join([label, *filter(None, lines)]).rstrip()
