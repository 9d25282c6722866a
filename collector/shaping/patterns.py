"""Regular expressions whose matches are masked, in columns and in single texts. Linear in the length of the text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import re2

from collector.ottl.regex import translated

MASK = "****"


def alternation(patterns: Sequence[str]) -> str:
    """One expression for all: at each place the first of them that matches counts."""
    return "|".join(f"(?:{pattern})" for pattern in patterns)


class Patterns:
    """A list of expressions of RE2; false when it is empty."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._some = bool(patterns)
        self._column = alternation([translated(pattern) for pattern in patterns])
        self._text = re2.compile(alternation(patterns))

    def __bool__(self) -> bool:
        return self._some

    def masked(self, column: pl.Series) -> pl.Series:
        """A text column with its matches masked; null stays null."""
        if not self._some or column.null_count() == len(column):
            return column
        return column.str.replace_all(self._column, MASK)

    def masked_text(self, text: str) -> str:
        """One text."""
        return str(self._text.sub(MASK, text)) if self._some else text
