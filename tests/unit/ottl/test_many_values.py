"""Many values at once say the same as each for itself: what is screened, compared and limited over columns."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from collector.batch import concat
from collector.component import Context
from collector.ottl.statements.editing import EDITORS, KEPT
from collector.ottl.statements.screening import MANY, with_match
from collector.rowwise import rows
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.transform import FACTORY

RECORDS: list[dict[str, Any]] = [
    *({"body": f"GET /account/{n:04} password={n} ü" if n % 3 else f"quiet {n}", "attributes": {"b": f"{n} ü" * n}} for n in range(2 * MANY)),
    *({"body": "", "attributes": {"a": "GET", "b": "x"}}, {"body": None, "attributes": {}}, {"body": 7, "attributes": {"b": 7}}),
    *({"body": {"b": "GET password=1"}, "attributes": {"b": {"c": "GET password=1"}}}, {"body": "GET", "severity_text": "GET"}),
    *({"attributes": {key: key for key in keys}} for keys in ("zyxba", "bzyxa", "ab", "zyx", "yxzcab")),
]  # fmt: skip


def asked(condition: str) -> list[bool]:
    """Which of some records a condition holds of."""
    records = [{"severity": n % 25, "time_unix_nano": 10**18 * (n % 3)} for n in range(30)]
    statement = f'set(attributes["yes"], true) where {condition}'
    processor = FACTORY.create(
        FACTORY.config.model_validate({"error_mode": "silent", "log_statements": [statement]}),
        Context("t", None),  # type: ignore[arg-type]
    )
    return ["yes" in one["attributes"] for one in rows(processor.process(batch_of(records), FakeWork()))]


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("place", ["log.severity_number", "log.time_unix_nano", "log.time"])
def test_a_number_is_compared_as_a_column_and_as_a_value(place: str, operator: str) -> None:
    """With a path on the left it is one operation; turned round, each value is asked."""
    against = {"log.severity_number": "SEVERITY_NUMBER_INFO", "log.time_unix_nano": "1000000000000000000"}
    known = against.get(place, 'Time("2001-09-09T01:46:40Z", "%Y-%m-%dT%H:%M:%SZ")')
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
    found = asked(f"{place} {operator} {known}")
    assert found == asked(f"{known} {turned} {place}")
    assert 0 < sum(found) < 30


def transformed(batches: list[list[dict[str, Any]]], statement: str) -> list[dict[str, Any]]:
    """What a statement makes of records, batch by batch."""
    options = {"error_mode": "silent", "log_statements": [{"context": "log", "statements": [statement]}]}
    processor = FACTORY.create(FACTORY.config.model_validate(options), Context("transform", None))  # type: ignore[arg-type]
    found = [one for batch in batches for one in rows(processor.process(batch_of(batch), FakeWork()))]
    return [{key: one[key] for key in ("body", "attributes", "severity_text")} for one in found]


@pytest.mark.parametrize(
    "statement",
    [
        r'replace_pattern(body, "password=\\S+", "password=***")',
        r'replace_pattern(attributes["b"], "\\d+", "<$0>")',
        r'replace_pattern(attributes["b"]["c"], "password", "p")',
        r'replace_pattern(body["b"], "password", "p")',
        r'replace_all_patterns(attributes, "value", "/account/\\d{4}|ü", "-")',
        'replace_all_patterns(attributes, "key", "b", "c")',
        'replace_all_matches(attributes, "1*", "one")',
        "truncate_all(attributes, 7)",
        'truncate_all(attributes, 7, false, "…")',
        'set(attributes["a"], "here") where body == "quiet 3"',
        'set(attributes["a"], "here") where body != "quiet 3"',
        'set(attributes["a"], "here") where attributes["b"] == "x" or severity_text != ""',
        'set(attributes["a"], "here") where attributes["b"]["c"] == "GET password=1"',
    ],
)
def test_all_at_once_is_one_by_one(statement: str) -> None:
    """Records alone have values too few to be screened."""
    assert transformed([RECORDS], statement) == transformed([[record] for record in RECORDS], statement)


def test_half_of_a_surrogate_pair_is_edited_value_by_value() -> None:
    """Polars takes no such text: all texts are open to the editor then."""
    assert with_match(["\ud800", "a", None] * MANY, "a").tolist() == [True, True, False] * MANY
    assert with_match(["ü", "a", None] * MANY, "a").tolist() == [False, True, False] * MANY


@pytest.mark.parametrize(("most", "priority"), [(0, []), (2, []), (2, ["a", "b"]), (3, ["x"]), (9, ["b"])])
def test_limit_is_what_it_is_for_one_map(most: int, priority: list[str]) -> None:
    """Keys keep their order; those with priority are there whatever stands in front of them."""
    limit = EDITORS["limit"].edit
    maps = [record.get("attributes", {}) for record in RECORDS]
    wanted = [one if (made := limit(one, most, priority)) is KEPT else made for one in maps]
    listed = ", ".join(f'"{key}"' for key in priority)
    found = [one["attributes"] for one in transformed([RECORDS], f"limit(attributes, {most}, [{listed}])")]
    assert [list(one.items()) for one in found] == [list(one.items()) for one in wanted]


def test_an_attribute_whose_name_is_empty_gets_no_other() -> None:
    """polars names a column that has none; a single record, whose value is no column, had its own."""
    records = [{"attributes": {"": "much", "a": "x"}} for _ in range(2 * MANY)]
    assert [one["attributes"] for one in transformed([records], "truncate_all(attributes, 2)")] == [
        {"": "mu", "a": "x"}
    ] * len(records)
    own = batch_of(records).with_attributes({"": pl.Series(["new"] * len(records))})
    joined = concat([own, batch_of([{"body": "another"}])])
    assert {tuple(one["attributes"]) for one in rows(joined)} == {("a", ""), ()}
