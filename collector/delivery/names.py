"""Names that people write, with `*` for any characters, asked for many names that come from outside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl
import re2

from collector.coded import encode

Mask = npt.NDArray[np.bool_]
_KEPT = 8192
_LONGEST_KEPT = 256


class Names:
    """A list of names; false when it is empty. Linear in the length of what is asked, whatever the list says.

    Args:
        patterns: names; `*` stands for any characters, none included.
        ignore_case: `Password` is `password`.
    """

    def __init__(self, patterns: Sequence[str], *, ignore_case: bool = False) -> None:
        options = _options(ignore_case)
        expression = "|".join(".*".join(map(re2.escape, pattern.split("*"))) for pattern in patterns)
        self._some = bool(patterns)
        self._search = re2.compile(f"^(?:{expression})$", options).search
        self._known = lru_cache(_KEPT)(self._asked)
        pieces = [max(pattern.rpartition(".")[2].split("*"), key=len) for pattern in patterns]
        self._piece = re2.compile("|".join(map(re2.escape, pieces)), options).search

    def __bool__(self) -> bool:
        return self._some

    def __contains__(self, name: str) -> bool:
        return self._some and (self._known if len(name) <= _LONGEST_KEPT else self._asked)(name)

    def among(self, names: Sequence[str]) -> Mask:
        """For each of the names, whether it is in the list."""
        return np.array([name in self for name in names], dtype=np.bool_)

    def rows(self, column: pl.Series) -> Mask:
        """For each row of a text column, whether it is in the list; null is the empty name."""
        coded = encode(column)
        return self.among([*coded.values.to_pylist(), ""])[coded.codes]  # -1, null, is the last

    def may_end_in(self, data: bytes) -> bool:
        """False when no text within `data` can be the last part, behind the last dot, of a name in the list."""
        return self._some and self._piece(data) is not None

    def _asked(self, name: str) -> bool:
        return self._search(name) is not None


def _options(ignore_case: bool) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.dot_nl = True
    return options
