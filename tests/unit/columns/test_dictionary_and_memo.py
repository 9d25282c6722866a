"""Columns as codes, and answers that are remembered."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from collector.columns.dictionary import Coded, constant, distinct_rows, encode, of_answers
from collector.columns.memo import LONGEST, MANY, Memo


def decoded(column: Coded) -> list[object]:
    values = [*column.values.to_pylist(), None]
    return [values[code] for code in column.codes]


@pytest.mark.parametrize(
    "values",
    [["a", "b", "a", None], [], [None, None], [1, 1, None, -3], [True, None, False], [0.5, 0.5], [b"x", b"", None]],
    ids=str,
)
def test_a_column_comes_back_from_its_codes(values: list[object]) -> None:
    series = pl.Series(values, dtype=pl.String if not any(v is not None for v in values) else None)
    assert decoded(encode(series)) == values


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Binary], ids=str)
def test_a_column_of_nothing_has_no_values(dtype: type[pl.DataType]) -> None:
    column = encode(pl.Series([None, None], dtype=dtype))
    assert decoded(column) == [None, None]
    assert len(column.values) == 0


def test_answers_that_are_none_are_null() -> None:
    assert decoded(of_answers(np.array([0, 1, -1, 2], dtype=np.int32), ["x", None, "y"])) == ["x", None, None, "y"]


def test_used_values_of_some_rows() -> None:
    column = encode(pl.Series(["a", None, "b", "c"]))
    assert column.used(column.codes[[0, 1, 3]]).tolist() == [0, 2]


def test_a_mask_of_values_leaves_the_rows_that_hold_them() -> None:
    column = encode(pl.Series(["a", None, "b", "a"]))
    assert decoded(column.where(np.array([True, False]))) == ["a", None, None, "a"]


def test_one_value_where_a_mask_is_true() -> None:
    assert decoded(constant(np.array([True, False]), "x")) == ["x", None]


def test_distinct_rows_tell_apart_what_any_column_tells_apart() -> None:
    columns = [["a", "a", None, "b", "a"], [1, 1, 1, None, 2], [True, True, True, True, True]]
    codes, first = distinct_rows([encode(pl.Series(column)) for column in columns])
    rows = list(zip(*columns, strict=True))
    assert [rows[first[code]] for code in codes] == rows
    assert len(first) == 4


class Asked:
    """Doubles numbers, and remembers what it was asked."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def __call__(self, values: list[int]) -> list[int]:
        self.values += values
        return [value * 2 for value in values]


def test_a_value_is_asked_for_once() -> None:
    asked = Asked()
    memo = Memo(asked)
    assert memo([1, 2]) == [2, 4]
    assert memo([2, 3, 3]) == [4, 6, 6]
    assert sorted(set(asked.values)) == [1, 2, 3]
    assert asked.values.count(2) == 1


def test_values_asked_for_now_and_then_stay_while_others_come_and_go() -> None:
    asked = Asked()
    memo = Memo(asked, size=10)
    for number in range(100, 200):
        memo([7, number])
    assert asked.values.count(7) == 1


def test_memory_is_bounded() -> None:
    memo = Memo(Asked(), size=10)
    for number in range(1000):
        memo([number])
    assert len(memo._young) + len(memo._old) <= 20


def test_many_new_values_are_answered_but_not_kept() -> None:
    memo = Memo(Asked())
    numbers = list(range(MANY + 1))
    assert memo(numbers) == [number * 2 for number in numbers]
    assert not memo._young


def test_many_values_that_are_much_the_same_are_asked_for_once() -> None:
    asked = Asked()
    assert Memo(asked)([1, 2] * MANY) == [2, 4] * MANY
    assert asked.values == [1, 2]


def test_long_texts_are_not_kept() -> None:
    memo = Memo(lambda texts: [len(text) for text in texts])
    long = "x" * (LONGEST + 1)
    assert memo([long, "y"]) == [LONGEST + 1, 1]
    assert list(memo._young) == ["y"]
