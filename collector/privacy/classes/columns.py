"""Detectors for columns of texts. Of most texts one or two expressions of the engine behind polars say that nothing is in them; the few others are
looked at one by one, each distinct one once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.columns.memo import Memo
from collector.ottl.regex import translated
from collector.privacy.classes.scanner import CLASSES, MASK, Find, Hide, scanner

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_ANY_LETTER = r"[^\\x00-\\x7F]"
_SHORTEST = 6
"""Bytes of the shortest text in which there may be something: `a@b.cc`, `pin=00`."""
_KEPT = 4096


class Hits(NamedTuple):
    """Rows of a column in which something was found."""

    rows: npt.NDArray[np.uint32]
    texts: list[str]
    finds: Sequence[Sequence[Find]]


class Detectors:
    """The detectors of some classes."""

    def __init__(self, classes: Sequence[str] = CLASSES) -> None:
        self.scanner = scanner(tuple(classes))
        self.expressions = [translated(_NOT_ASCII.sub(_ANY_LETTER, expression)) for expression in self.scanner.likely]
        """What the engine behind polars is asked."""
        self._finds = Memo(self.scanner.all_finds, _KEPT)

    def hits(self, texts: pl.Series) -> Hits:
        """Where something is in a column of texts, and what; null is nothing."""
        rows = self._likely_rows(texts)
        few = texts.gather(rows).to_list()
        finds = self._finds(few)
        kept = [place for place, found in enumerate(finds) if found]
        return Hits(rows.to_numpy()[kept], [few[place] for place in kept], [finds[place] for place in kept])

    def masked(self, texts: pl.Series) -> pl.Series:
        """The column with `****` for what was found; the same object where nothing was."""
        found = self.hits(texts)
        return (
            texts
            if not len(found.rows)
            else texts.clone().scatter(found.rows, self.scanner.all_hidden(found.texts, found.finds, lambda _: _mask))
        )

    def _likely_rows(self, texts: pl.Series) -> pl.Series:
        """In order; every row in which there is something is one of them."""
        long = texts.str.len_bytes() >= _SHORTEST
        rows = long.arg_true()
        asked = texts if len(rows) == len(texts) else texts.gather(rows)
        likely = pl.Series(np.zeros(len(asked), dtype=np.bool_))
        for expression in self.expressions:
            likely = likely | asked.str.contains(expression)
        return rows.filter(likely)


def _mask(_cls: str, _found: str) -> str:
    return MASK


__all__ = ["Detectors", "Hide", "Hits"]
