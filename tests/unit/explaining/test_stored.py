"""A row of the store becomes a record that was never judged, whatever its limits cut."""

from __future__ import annotations

from typing import Any

import pytest

from collector.explaining.stored import COLUMNS, batch_of_row

ROW: dict[str, Any] = {
    **dict.fromkeys(COLUMNS),
    "domain": "a.example",
    "body": "text",
    "body_is_json": 0,
    "severity_number": 17,
}


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({}, "text"),
        ({"body": '{"msg": "x"', "body_is_json": 1}, '{"msg": "x"'),
        ({"attributes": '{"a": "cut…', "resource": "[1]"}, "text"),
    ],
    ids=["whole", "a body that was cut", "attributes that were cut"],
)
def test_what_is_no_json_any_more_is_no_failure(given: dict[str, Any], body: str) -> None:
    batch = batch_of_row({**ROW, **given})
    assert len(batch) == 1
    assert batch.column("body").to_list() == [body]
    assert batch.column("domain").to_list() == ["a.example"]


def test_what_logboom_derived_is_left_out() -> None:
    batch = batch_of_row({**ROW, "attributes": '{"logboom.component": "Stale", "kept": "x"}'})
    assert batch.attributes.get_column("key").to_list() == ["kept"]
