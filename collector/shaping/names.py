"""Names that people write, with `*` for any characters, asked for many names that come from outside."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import re2

if TYPE_CHECKING:
    import polars as pl

Mask = npt.NDArray[np.bool_]
_KEPT = 8192
_LONGEST_KEPT = 256


class Names:
    """A list of names; false when it is empty. Linear in the length of what is asked, whatever the list says.

    Args:
        patterns: names; `*` stands for any characters, none included.
        ignore_case: `Password` is `password`; nor does it matter how an accented letter is composed.
    """

    def __init__(self, patterns: Sequence[str], *, ignore_case: bool = False) -> None:
        options = _options(ignore_case)
        self._composes = ignore_case
        patterns = [self._composed(pattern) for pattern in patterns]
        expression = "|".join(".*".join(map(re2.escape, pattern.split("*"))) for pattern in patterns)
        self._some = bool(patterns)
        self._search = re2.compile(f"^(?:{expression})$", options).search
        self._known = lru_cache(_KEPT)(self._asked)
        pieces = [_last_piece(pattern) for pattern in patterns]
        readable = all(map(str.isascii, pieces))  # others can be written in several ways
        self._piece = re2.compile("|".join(map(re2.escape, pieces)) if readable else "", options).search

    def __bool__(self) -> bool:
        return self._some

    def __contains__(self, name: str) -> bool:
        return self._some and (self._known if len(name) <= _LONGEST_KEPT else self._asked)(name)

    def among(self, names: Sequence[str]) -> Mask:
        """For each of the names, whether it is in the list."""
        return np.array([name in self for name in names], dtype=np.bool_)

    def rows(self, column: pl.Series) -> Mask:
        """For each row of a text column, whether it is in the list; null is the empty name."""
        from collector.columns.dictionary import encode  # so that who only reads options loads no columns

        coded = encode(column)
        return self.among([*coded.values.to_pylist(), ""])[coded.codes]  # -1, null, is the last

    def may_end_in(self, data: bytes) -> bool:
        """False when no text within `data` can be the last part, behind the last dot, of a name in the list."""
        return self._some and self._piece(data) is not None

    def _asked(self, name: str) -> bool:
        return self._search(self._composed(name)) is not None

    def _composed(self, name: str) -> str:
        return unicodedata.normalize("NFC", name) if self._composes else name


def _last_piece(pattern: str) -> str:
    """What stands in the last key of every path that `pattern` meets and none of its beginnings does: a path is asked key
    by key from above, so what precedes may stand in keys that are no part of the data."""
    pieces = pattern.rpartition(".")[2].split("*")
    return next((piece for piece in reversed(pieces) if piece), "")


def _options(ignore_case: bool) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.dot_nl = True
    return options
