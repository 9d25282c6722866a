"""Rows of `logs` as JSON text, a column at a time: what the D1 driver's `INSERT` takes as its parameter.

A row is an array with a value for each of `COLUMNS`, in order. Columns that hold JSON stand in it as JSON, which costs
half the bytes of a string in a string. The parameter itself is a string in the body of a call, so rows are written
escaped for that place (`EMBEDDED`) from the start: nothing reads them a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.columns.text_buffers import Offsets, buffer
from collector.documents.json_text import EMBEDDED, PLAIN, Style, escaped, in_style
from collector.store.rows import Limits, insertable, rows

_JSON = frozenset({"attributes", "resource", "scope_attributes", "truncated"})
_PLAIN = frozenset({"record_id", "trace_id", "span_id"})
"""Nothing in them needs an escape."""
_SMALLEST = 1024


def row_texts(frame: pl.DataFrame, style: Style = PLAIN) -> pl.Series:
    """One JSON array a row of `collector.store.rows.rows` made in the same style, a comma before each."""
    pieces: list[pl.Expr | str] = []
    for column in insertable(frame).iter_columns():
        pieces += [",[" if not pieces else ",", *_value(column, style)]
    return pl.select(pl.concat_str(_merged([*pieces, "]"])).alias("row")).to_series()


def bounded_row_texts(batch: LogBatch, limits: Limits, row_bytes: int) -> pl.Series:
    """The records as `row_texts` in the style `EMBEDDED`, none longer than `row_bytes` once it is read: of a row that
    would be, first the body is cut shorter, then its string attributes; when that is not enough its attributes, scope's
    and resource's, are left out whole. `truncated` says what there was."""
    texts = row_texts(rows(batch, limits, EMBEDDED), EMBEDDED)
    too_long = (texts.str.len_bytes() > row_bytes).arg_true()
    if not len(too_long):
        return texts
    fitting = [_fitting(batch.slice(at, 1), limits, row_bytes) for at in too_long]
    return texts.scatter(too_long, in_style(pl.Series(fitting, dtype=pl.String), EMBEDDED))


def runs(texts: pl.Series, most_bytes: int) -> Iterator[memoryview]:
    """The bytes of neighbouring rows, `[…],[…]`, in runs of at most `most_bytes` or of one row."""
    starts, data = buffer(texts)
    for first, last in pairwise(_cuts(starts - starts[0], most_bytes)):
        yield data[starts[first] + 1 : starts[last]]


def _cuts(starts: Offsets, most_bytes: int) -> Iterator[int]:
    at, end = 0, len(starts) - 1
    yield 0
    while at < end:
        at = max(at + 1, int(np.searchsorted(starts, starts[at] + most_bytes, side="right")) - 1)
        yield at


def _value(column: pl.Series, style: Style) -> Sequence[pl.Expr | str]:
    """The pieces of a column's values."""
    missing = column.null_count()
    if missing == len(column):
        return ["null"]
    text = column if column.dtype == pl.String else column.cast(pl.String)
    quote = style.quote if column.dtype == pl.String and column.name not in _JSON else ""
    if quote and column.name not in _PLAIN:
        text = escaped(text, style)
    if not missing:
        return [quote, pl.lit(text), quote]
    return [pl.concat_str(pl.lit(quote), pl.lit(text), pl.lit(quote)).fill_null("null")]


def _merged(pieces: Sequence[pl.Expr | str]) -> Iterator[pl.Expr]:
    """Neighbouring constants as one."""
    constant = ""
    for piece in pieces:
        if isinstance(piece, str):
            constant += piece
            continue
        if constant:
            yield pl.lit(constant)
        yield piece
        constant = ""
    yield pl.lit(constant)


def _fitting(record: LogBatch, limits: Limits, row_bytes: int) -> str:
    """One oversized record as a row that fits."""
    for limit in _ladder(limits):
        text: str = row_texts(rows(record, limit)).item()
        if len(text.encode()) - 1 <= row_bytes:
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
    """These limits, then ever smaller ones, the body's first."""
    yield limits
    body, attribute = limits.body_bytes, limits.attribute_bytes
    while body > _SMALLEST:
        body //= 2
        yield Limits(body, attribute)
    while attribute > _SMALLEST:
        attribute //= 2
        yield Limits(body, attribute)
