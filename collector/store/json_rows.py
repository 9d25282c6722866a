"""Rows of `logs` as JSON text, a column at a time: what the D1 driver's `INSERT` takes as its parameter.

A row is an array with a value for each of `COLUMNS`, in order. Columns that hold JSON stand in it as JSON, which costs
half the bytes of a string in a string.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from collector.store.rows import COLUMNS, Limits, rows

_JSON = frozenset({"attributes", "resource", "scope_attributes", "truncated"})
_PLAIN = frozenset({"record_id", "trace_id", "span_id"})
"""Nothing in them needs an escape."""
_SMALLEST = 1024


def row_texts(frame: pl.DataFrame) -> pl.Series:
    """One JSON array a row of `collector.store.rows.rows`."""
    texts = [pl.lit(_values(column)) for column in frame.select(COLUMNS).iter_columns()]
    pieces = [piece for text in texts for piece in (pl.lit(","), text)][1:]
    return pl.select(pl.concat_str([pl.lit("["), *pieces, pl.lit("]")]).alias("row")).to_series()


def bounded_row_texts(batch: LogBatch, limits: Limits, row_bytes: int) -> pl.Series:
    """The records as `row_texts`, none longer than `row_bytes`: of a row that would be, first the body is cut shorter,
    then its string attributes; when that is not enough its attributes, scope's and resource's, are left out whole.
    `truncated` says what there was."""
    texts = row_texts(rows(batch, limits))
    too_long = (texts.str.len_bytes() > row_bytes).arg_true()
    if not len(too_long):
        return texts
    return texts.scatter(too_long, [_fitting(batch.slice(at, 1), limits, row_bytes) for at in too_long])


def parameters(texts: pl.Series, most_bytes: int) -> list[str]:
    """The rows joined to JSON arrays of at most `most_bytes`, or of one row."""
    ends = np.cumsum(texts.str.len_bytes().to_numpy().astype(np.int64) + 1)
    cuts = list(_cuts(ends, most_bytes))
    return [f"[{texts[start:end].str.join(',').item()}]" for start, end in pairwise(cuts)]


def _cuts(ends: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]], most_bytes: int) -> Iterator[int]:
    at, before = 0, 0
    yield 0
    while at < len(ends):
        at = max(at + 1, int(np.searchsorted(ends, before + most_bytes - 1, side="right")))
        before = int(ends[at - 1])
        yield at


def _values(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String:
        return column.cast(pl.String).fill_null("null")
    if column.name in _JSON:
        return column.fill_null("null")
    if column.null_count() == len(column):
        return pl.repeat("null", len(column), dtype=pl.String, eager=True)
    if column.name in _PLAIN:
        plain = pl.concat_str(pl.lit('"'), pl.lit(column), pl.lit('"'))
        return pl.select(plain.fill_null("null")).to_series()
    return quoted(column).fill_null("null")


def _fitting(record: LogBatch, limits: Limits, row_bytes: int) -> str:
    """One oversized record as a row that fits."""
    for limit in _ladder(limits):
        text: str = row_texts(rows(record, limit)).item()
        if len(text.encode()) <= row_bytes:
            return text
    frame = rows(record, limit)
    notes = ",".join(f'"{name}":{frame[name].str.len_bytes().item()}' for name in ("attributes", "resource"))
    before = (frame["truncated"].item() or "{}")[1:-1]
    bare = frame.with_columns(
        attributes=pl.lit("{}"),
        resource=pl.lit("{}"),
        scope_attributes=pl.lit(None, pl.String),
        truncated=pl.lit("{" + _without_attributes(before) + notes + "}"),
    )
    short = [pl.col(name).str.head(_SMALLEST) for name, kind in bare.schema.items() if kind == pl.String]
    return str(row_texts(bare.with_columns(short)).item())


def _without_attributes(notes: str) -> str:
    kept = [note for note in notes.split(",") if note and not note.startswith('"attributes":')]
    return "".join(f"{note}," for note in kept)


def _ladder(limits: Limits) -> Iterator[Limits]:
    """Ever smaller limits, the body's first."""
    body, attribute = limits.body_bytes, limits.attribute_bytes
    while body > _SMALLEST:
        body //= 2
        yield Limits(body, attribute)
    while attribute > _SMALLEST:
        attribute //= 2
        yield Limits(body, attribute)
