"""Texts of many records as one body: the column's buffer is cut, nothing is joined in Python.

lines    {…}\\n{…}\\n
array    [{…},{…}]
"""

from __future__ import annotations

import polars as pl

from collector.columns.text_buffers import text_bytes


def lines(texts: pl.Series) -> bytes:
    """A line for each text, each with its newline."""
    return text_bytes(_followed_by("\n", texts))


def json_array(texts: pl.Series) -> bytes:
    """JSON texts as one JSON array."""
    return b"[%b]" % text_bytes(_followed_by(",", texts))[:-1]


def _followed_by(mark: str, texts: pl.Series) -> pl.Series:
    return pl.select(pl.concat_str(pl.lit(texts), pl.lit(mark))).to_series()
