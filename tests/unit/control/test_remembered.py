"""Ids that are on disk are known, also after a restart; the oldest are forgotten."""

from __future__ import annotations

from collector.control.remembered import MOST_IDS, Remembered


def kept(remembered: Remembered, rows: dict[bytes, bytes], *ids: str) -> None:
    for id_ in ids:
        position = remembered.position(id_)
        rows[position.source] = position.position
        remembered.keep(id_, position)


def test_ids_are_known_after_a_restart_and_the_oldest_give_way() -> None:
    rows: dict[bytes, bytes] = {}
    first = Remembered({})
    kept(first, rows, *(f"id {n}" for n in range(MOST_IDS + 10)))
    for remembered in (first, Remembered(rows)):
        assert "id 9" not in remembered
        assert "id 10" in remembered
        assert f"id {MOST_IDS + 9}" in remembered
    assert len(rows) == MOST_IDS


def test_what_was_refused_is_not_remembered_and_its_place_is_used_later() -> None:
    rows: dict[bytes, bytes] = {}
    remembered = Remembered({})
    kept(remembered, rows, "a")
    remembered.position("refused")
    kept(remembered, rows, "b")
    assert "refused" not in remembered
    again = Remembered(rows)
    assert "a" in again
    assert "b" in again
    kept(again, rows, "c")
    assert {"a", "b", "c"} <= {id_ for id_ in ("a", "b", "c") if id_ in Remembered(rows)}
