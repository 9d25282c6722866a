"""Distinct rows of coded columns, and of frames: the same answer as Python's."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from collector.columns.dictionary import distinct_rows, encode
from collector.columns.distinct import few_rows

TEXTS = st.sampled_from([None, "", "a", "b", "ab"])
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from([None, 0, 1, -1])), max_size=40)
TYPES = {"x": pl.String, "y": pl.String, "n": pl.Int64}


@given(ROWS)
def test_coded_columns(rows):
    """A code for each row by first appearance, and the first row of each code; null is a value."""
    frame = pl.DataFrame(rows, schema=TYPES, orient="row")
    codes, first = distinct_rows([encode(column) for column in frame.get_columns()])
    order = list(dict.fromkeys(rows))
    assert codes.tolist() == [order.index(row) for row in rows]
    assert first.tolist() == [rows.index(row) for row in order]


def test_more_combinations_than_a_number_holds():
    """Eight columns of ten thousand values are 10^32 combinations."""
    columns = [pl.Series([str(value * step % 10_007) for value in range(10_007)] * 2) for step in range(1, 9)]
    codes, first = distinct_rows([encode(column) for column in columns])
    assert codes.tolist() == [*range(10_007)] * 2
    assert first.tolist() == [*range(10_007)]


@given(ROWS)
def test_frames(rows):
    """Each row is found again; too many distinct ones are left as they are."""
    frame = pl.DataFrame(rows, schema=TYPES, orient="row")
    found, place = few_rows(frame)
    assert (found if place is None else found[place]).equals(frame)
    assert place is None or len(found) == len(set(rows))
