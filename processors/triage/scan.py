"""Finding, for many regular expressions at once, the texts that each may match."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Rows = npt.NDArray[np.intp]


class WordScan:
    """One Aho-Corasick pass for the needles of several expressions; `needles[i]` are those of expression i."""

    def __init__(self, needles: Sequence[frozenset[str]]) -> None:
        self._users: dict[str, list[int]] = {}
        for user, words in enumerate(needles):
            for word in words:
                self._users.setdefault(word, []).append(user)
        self._words = list(self._users)

    def candidates(self, text: pl.Series) -> dict[int, Rows]:
        """For each expression that may match anything the rows of `text` that it may match, ascending."""
        if not self._words:
            return {}
        hits = text.str.extract_many(self._words, ascii_case_insensitive=True, overlapping=True)
        exploded = pl.DataFrame([pl.int_range(len(text), eager=True).alias("row"), hits.alias("word")]).explode("word")
        if exploded.get_column("word").null_count() == exploded.height:
            return {}
        exploded = exploded.drop_nulls()
        found: dict[int, list[Rows]] = {}
        by_word = exploded.group_by("word").agg("row")
        for spelling, rows in zip(by_word.get_column("word"), by_word.get_column("row"), strict=True):
            for user in self._users[spelling.lower()]:
                found.setdefault(user, []).append(rows.to_numpy().astype(np.intp))
        return {user: np.unique(np.concatenate(rows)) for user, rows in found.items()}
