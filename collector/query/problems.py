"""The one exception of this package."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class QueryError(ValueError):
    """The text is no query.

    Args:
        reason: what is wrong, a sentence without the place.
        offset: where, counted from 0 in characters.
        text: the whole query.
        did_you_mean: what to write in the place of what stands there; empty where nothing is near.
    """

    def __init__(self, reason: str, offset: int, text: str = "", did_you_mean: str = "") -> None:
        self.reason = reason
        self.text = text
        self.offset = max(0, min(offset, len(text))) if text else max(0, offset)
        self.did_you_mean = did_you_mean
        more = f"; did you mean {did_you_mean}?" if did_you_mean else ""
        super().__init__(f"{reason} (column {self.offset + 1} of the query){more}")

    def of(self, text: str) -> QueryError:
        """The same, with the query that it is about."""
        return QueryError(self.reason, self.offset, text, self.did_you_mean)


def nearest(name: str, valid: Iterable[str]) -> str:
    """One of `valid` that is written much like `name`, or the empty string."""
    names = {candidate.lower(): candidate for candidate in valid}
    found = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else ""
