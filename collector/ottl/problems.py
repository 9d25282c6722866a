"""The one exception of this package."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class OttlError(ValueError):
    """The text is not a valid OTTL condition.

    Args:
        reason: what is wrong, a sentence without the position.
        text: the whole condition.
        offset: where in `text`, counted from 0 in characters.
    """

    def __init__(self, reason: str, text: str = "", offset: int = 0) -> None:
        self.reason = reason
        self.text = text
        self.offset = max(0, min(offset, len(text)))
        super().__init__(f"{reason} (line {self.line}, column {self.column} of the condition)")

    @property
    def line(self) -> int:
        """Line in the condition, from 1."""
        return self.text.count("\n", 0, self.offset) + 1

    @property
    def column(self) -> int:
        """Column in the condition's line, from 1."""
        return self.offset - (self.text.rfind("\n", 0, self.offset) + 1) + 1


def nearest(name: str, valid: Iterable[str]) -> str:
    """`; did you mean X?`, or the empty string when nothing is near."""
    names = {candidate.lower(): candidate for candidate in valid}
    found = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f"; did you mean {names[found[0]]}?" if found else ""
