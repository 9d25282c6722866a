"""The first look: which kinds of words a text holds, alike for few texts (remembered) and for many (a column at once)."""

from __future__ import annotations

import polars as pl
import pytest

from collector.columns.dictionary import encode
from collector.columns.memo import MANY
from processors.categorize import first_look

CASES = [
    ("order 4711 saved", 0),
    ("", 0),
    ('{"level": "info"}', first_look.DECORATED),
    ("the map {a: 1} inside a line", 0),
    ("\x1b[32mINFO\x1b[0m started", first_look.DECORATED),
    ("2026-11-01T10:00:00Z stdout F GET /a", first_look.DECORATED | first_look.REQUEST),
    ('@cee:{"msg": "a"}', first_look.DECORATED),
    ("POST /api/orders 201", first_look.REQUEST),
    ("Traceback (most recent call last):", first_look.TRACE | first_look.FIRST_LINE),
    ("[2026-11-01 10:00:00] staging.ERROR: no", first_look.CHANNEL),
]


@pytest.mark.parametrize("times", [1, MANY])
def test_kinds_of_words(times: int) -> None:
    texts = pl.Series([text for text, _ in CASES] * times, dtype=pl.String).to_arrow()
    assert first_look.kinds(texts).tolist() == [kind for _, kind in CASES] * times


@pytest.mark.parametrize(
    ("values", "distinct"),
    [
        ([""] * 300, 1),
        (["a text of more than twelve bytes"] * 300, 1),
        (["a", *["b"] * 298, "a"], 2),
        (["a"] * 299 + [None], 1),
        ([None] * 300, 0),
    ],
    ids=["empty", "long", "one differs between equal ends", "a null", "nothing"],
)
def test_a_column_of_one_value_is_encoded_alike(values: list[str | None], distinct: int) -> None:
    coded = encode(pl.Series(values, dtype=pl.String))
    assert len(coded.values) == distinct
    assert [None if code < 0 else coded.values[code].as_py() for code in coded.codes.tolist()] == values
