"""Parameters as literals, for stores that take statements alone."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from collector.store.d1_reading import inlined


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("SELECT ?, ?, ?", [1, "a", None]),
        ("SELECT ?2, ?1, ?2", [2**62, 'it\'s ? "x" ?1']),
        ("SELECT ?1 + ?10", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("SELECT ?, typeof(?)", [1.5, -3]),
        ("SELECT ?, typeof(?1)", ["a NUL \0 within ?"]),
    ],
)
def test_it_says_the_same(statement: str, parameters: list[Any]) -> None:
    """As SQLite with parameters."""
    memory = sqlite3.connect(":memory:")
    assert memory.execute(inlined(statement, parameters)).fetchall() == memory.execute(statement, parameters).fetchall()
    memory.close()
