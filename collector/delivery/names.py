"""Names that people write, with `*` for any characters, asked for many names that come from outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import re2

from collector.coded import encode
from collector.memo import Memo, each

Mask = npt.NDArray[np.bool_]


class Names:
    """A list of names; false when it is empty. Linear in the length of what is asked, whatever the list says.

    Args:
        patterns: names; `*` stands for any characters, none included.
        ignore_case: `Password` is `password`.
    """

    def __init__(self, patterns: Sequence[str], *, ignore_case: bool = False) -> None:
        options = re2.Options()
        options.case_sensitive = not ignore_case
        options.dot_nl = True
        expression = "|".join(".*".join(map(re2.escape, pattern.split("*"))) for pattern in patterns)
        self._some = bool(patterns)
        self._search = re2.compile(f"^(?:{expression})$", options).search
        self._known: Memo[str, bool] = each(lambda name: self._search(name) is not None)

    def __bool__(self) -> bool:
        return self._some

    def __contains__(self, name: str) -> bool:
        return self._some and self._known([name])[0]

    def among(self, names: Sequence[str]) -> Mask:
        """For each of the names, whether it is in the list."""
        return np.array(self._known(names) if self._some else [False] * len(names), dtype=np.bool_)

    def rows(self, column: pl.Series) -> Mask:
        """For each row of a text column, whether it is in the list; null is the empty name."""
        coded = encode(column)
        return self.among([*coded.values.to_pylist(), ""])[coded.codes]  # -1, null, is the last
