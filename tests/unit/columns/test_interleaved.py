"""Columns and constants as one text a row."""

from __future__ import annotations

import polars as pl
import pytest

from collector.columns.interleaved import Member, Piece, joined, joined_bytes

NUMBERS = pl.Series([7, None, 9], dtype=pl.Int64)
CASES: dict[str, tuple[list[Piece], list[str]]] = {
    "constants alone": (["a", "b"], ["ab", "ab", "ab"]),
    "a column between constants": (["<", pl.Series(["x", "", "ü" * 20]), ">"], ["<x>", "<>", "<" + "ü" * 20 + ">"]),
    "a member that one row lacks": (["{", Member('"n":', pl.Series(["1", None, "3"]), ","), "}"], ['{"n":1,}', "{}", '{"n":3,}']),
    "bytes that stand behind a null": (["[", NUMBERS.set(NUMBERS == 9, None).cast(pl.String), "]"], ["[7]", "[]", "[]"]),
    "a member that no row has": (["{", Member('"n":', pl.Series([None] * 3, dtype=pl.String)), "}"], ["{}", "{}", "{}"]),
    "the same constant twice": (["-", Member("-", pl.Series(["1", "2", None]), "-")], ["--1-", "--2-", "-"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_pieces_are_joined_row_by_row(name: str) -> None:
    pieces, expected = CASES[name]
    assert joined(pieces, 3).to_list() == expected
    assert joined_bytes(pieces, 3) == "".join(expected).encode()


def test_a_column_alone_is_given_back_with_its_nulls() -> None:
    assert joined([pl.Series(["a", None])], 2).to_list() == ["a", None]


def test_no_rows() -> None:
    assert joined(["a", pl.Series([], dtype=pl.String)], 0).to_list() == []
    assert joined_bytes(["a", pl.Series([], dtype=pl.String)], 0) == b""
