"""Texts joined by their positions in one pool: many different documents with a single copy of the bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from collector.columns.text_buffers import ranges
from collector.documents.nested.layers import Layer, Positions


class Pool:
    """The texts that documents are made of."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        parts = [layer.texts() for layer in layers]
        self._texts = [text.alias("") for part in parts for text in part]
        self._constants: dict[str, int] = {}
        sizes = [sum(map(len, part)) for part in parts]
        self.starts = np.cumsum([0, *sizes]).tolist()

    def constant(self, text: str) -> int:
        """Where this text is."""
        return int(self.starts[-1]) + self._constants.setdefault(text, len(self._constants))

    def texts(self) -> pl.Series:
        """All of them; constants come last, so that there may be more of them until now."""
        return pl.concat([*self._texts, pl.Series("", list(self._constants), dtype=pl.String)], rechunk=True)


def table(columns: Iterable[int | Positions], height: int) -> Positions:
    """Positions, a row a text to be made."""
    listed = list(columns)
    made = np.empty((height, len(listed)), dtype=np.int64)
    for at, column in enumerate(listed):
        made[:, at] = column
    return made


def joined(texts: pl.Series, tables: Sequence[Positions]) -> pl.Series:
    """The texts at the positions of each row, joined."""
    pieces = texts.gather(pl.Series(np.concatenate([one.ravel() for one in tables])))
    widths = np.concatenate([np.full(len(one), one.shape[1]) for one in tables])
    return ranges(pieces, np.concatenate([[0], np.cumsum(widths)]))
