"""The bytes behind a text column: its rows stand one after the other in one buffer, so that what is made of neighbours
need not be joined.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Offsets = npt.NDArray[np.int64]


def buffer(text: pl.Series) -> tuple[Offsets, memoryview]:
    """The column's UTF-8 bytes, and where its rows begin in them: row i is `data[offsets[i]:offsets[i + 1]]`. A null is
    empty."""
    if not len(text):
        return np.zeros(1, dtype=np.int64), memoryview(b"")
    arrow = text.alias("").to_arrow(compat_level=pl.CompatLevel.oldest())  # a name with a NUL makes polars panic
    _, offsets, data = arrow.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64, count=len(arrow) + 1, offset=8 * arrow.offset)
    return starts, memoryview(b"" if data is None else data)


def text_bytes(texts: pl.Series) -> bytes:
    """A text column's rows, one after the other, as UTF-8: they are neighbours in its buffer already."""
    offsets, data = buffer(texts)
    return bytes(data[offsets[0] : offsets[-1]])


def ranges(pieces: pl.Series, ends: Offsets) -> pl.Series:
    """Row i of the result is the text of `pieces[ends[i]:ends[i + 1]]`, joined: the same bytes under new offsets."""
    starts, data = buffer(pieces)
    offsets = pa.py_buffer(starts[ends].tobytes())
    series = pl.from_arrow(pa.LargeStringArray.from_buffers(len(ends) - 1, offsets, pa.py_buffer(data)))
    assert isinstance(series, pl.Series)
    return series
