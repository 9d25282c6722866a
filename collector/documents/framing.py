"""Texts of many records as one body: the column's buffer is cut, nothing is joined in Python.

lines    {…}\\n{…}\\n
array    [{…},{…}]
"""

from __future__ import annotations

import numpy as np
import polars as pl


def text_bytes(texts: pl.Series) -> bytes:
    """A text column's rows, one after the other, as UTF-8: they are neighbours in its buffer already."""
    if not len(texts):
        return b""
    arrow = texts.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = arrow.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)
    return bytes(memoryview(data)[ends[arrow.offset] : ends[arrow.offset + len(arrow)]])


def lines(texts: pl.Series) -> bytes:
    """A line for each text, each with its newline."""
    return text_bytes(_followed_by("\n", texts))


def json_array(texts: pl.Series) -> bytes:
    """JSON texts as one JSON array."""
    return b"[%b]" % text_bytes(_followed_by(",", texts))[:-1]


def _followed_by(mark: str, texts: pl.Series) -> pl.Series:
    return pl.select(pl.concat_str(pl.lit(texts), pl.lit(mark))).to_series()
