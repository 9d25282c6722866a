"""Words that only some records say: attributes of their own, and keys in lines."""

from __future__ import annotations

import polars as pl
import pytest

from collector.causes.words import of_attributes, of_lines

LINES = {
    "plain": ("plan={} ok", ["free", "pro"]), "quoted": ('plan="{} plan", ok', ["free plan", "pro plan"]), "a query": ("GET /x?a=1&plan={}&b=2", ["free", "pro"]),
    "in brackets": ("[plan={}] done", ["free", "pro"]), "twice: the first": ("plan={} plan=other", ["free", "pro"]),
    "no key": ("1plan={} =x", []), "glued": ("theplan:={}", []),
}  # fmt: skip


@pytest.mark.parametrize(("line", "wanted"), LINES.values(), ids=LINES)
def test_a_key_in_lines(line: str, wanted: list[str]) -> None:
    lines = pl.Series([line.format(["free", "pro"][n % 2]) for n in range(60)] + [None, ""], dtype=pl.String)
    found = {column.name: column for column in of_lines(lines, ())}
    column = found.get("said.plan")
    assert (sorted(column.drop_nulls().unique()) if column is not None else []) == wanted
    assert not wanted or len(found["said.plan"]) == 62


def test_what_is_known_and_what_tells_nothing_is_left_out() -> None:
    rows = [{"plan": ["free", "pro"][n % 2], "one": "x", "id": f"u{n}", "fine": n % 3 == 0, "n": n, "host.name": "a" if n % 2 else "b",
             "logboom.x": "a" if n % 2 else "b"} for n in range(60)]  # fmt: skip
    assert [column.name for column in of_attributes(rows, ["host.name"])] == ["said.plan", "said.one", "said.fine"]
    assert of_attributes(rows[:2], ()) == []
    assert of_lines(pl.Series(["plan=x"] * 2), ()) == []
    assert of_lines(pl.Series([f"plan={n % 2}" for n in range(60)]), ["plan"]) == []
