"""A first look at each distinct text: which kinds of words it holds, so that closer looks are taken at few.

One search for all words together finds the texts that can concern anyone, which are a small part of ordinary traffic;
only those are sorted by kind. What was seen is remembered for as long as it comes again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from collector.columns.memo import MANY, Memo
from collector.lines import decoration
from collector.lines.stack_traces import FIRST_LINES, MARKS
from processors.categorize.layouts import CHANNEL_MARKS

DECORATED, REQUEST, TRACE, FIRST_LINE, CHANNEL = (1 << place for place in range(5))
_WORDS: Mapping[int, Sequence[str]] = {
    DECORATED: decoration.MARKS,
    REQUEST: ("GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS ", "HTTP/", "Completed ", "method="),
    TRACE: MARKS,
    FIRST_LINE: FIRST_LINES,
    CHANNEL: CHANNEL_MARKS,
}
_ALL = sorted({word for words in _WORDS.values() for word in words})
_TEXT = pl.col("text")
_OBJECT = _TEXT.str.starts_with("{")
_CONCERNED = _TEXT.str.contains_any(_ALL) | _OBJECT
_SORTED = pl.sum_horizontal(
    pl.when(_TEXT.str.contains_any(list(words)) | (_OBJECT if kind == DECORATED else False))
    .then(pl.lit(kind, dtype=pl.UInt8))
    .otherwise(pl.lit(0, dtype=pl.UInt8))
    for kind, words in _WORDS.items()
)

Kinds = npt.NDArray[np.uint8]
"""For each text the sum of its kinds."""


def kinds(texts: pa.Array) -> Kinds:
    """The kinds of words that each text holds."""
    if len(texts) > MANY:
        return _look(pl.Series("text", texts, dtype=pl.String))
    return np.array(_remembered(texts.to_pylist()), dtype=np.uint8)


def _look(texts: pl.Series) -> Kinds:
    found = np.zeros(len(texts), dtype=np.uint8)
    frame = texts.to_frame()
    places = frame.select(_CONCERNED.arg_true()).to_series().to_numpy()
    if places.size:
        found[places] = frame[places].select(_SORTED).to_series().to_numpy()
    return found


_remembered: Memo[str, int] = Memo(lambda texts: _look(pl.Series("text", texts, dtype=pl.String)).tolist())
