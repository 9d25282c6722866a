"""Counts as the Collector has them, told as records: with each step, or once an interval over any number of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.batch import LogBatch, ValueKind, concat
from collector.component import Context
from collector.connectors.count.config import CountConfig
from collector.connectors.count.connector import KIND, Count
from collector.samples import batch_of
from collector.testing.work import FakeWork

SECOND = 1_000_000_000
RECORDS: list[dict[str, Any]] = [
    {"body": "a", "severity": "INFO", "attributes": {"env": "prod", "code": 200}, "resource": {"service.name": "shop"}},
    {"body": "b", "severity": "ERROR", "attributes": {"env": "dev"}, "resource": {"service.name": "shop"}},
    {"body": "c", "severity": "ERROR", "attributes": {"env": "prod"}, "resource": {}},
]


def batch() -> LogBatch:
    return concat([batch_of(RECORDS[:2], "a.example"), batch_of(RECORDS[2:], "b.example")])


def made(**options: Any) -> Count:
    return Count(CountConfig.model_validate(options), Context("count", Path(), targets=["logs/counts"]))


def told(work: FakeWork) -> list[tuple[str, int, dict[str, str]]]:
    """Name, value and attributes of each record that was emitted."""
    found = []
    for emitted in work.emitted:
        assert emitted.kind == KIND
        columns = {key: emitted.records.derived.get_column(key).to_list() for key in emitted.records.derived.columns}
        for row in range(len(emitted.records)):
            own = {key: values[row] for key, values in columns.items() if values[row] is not None}
            name, value = own.pop("logboom.count.name"), own.pop("logboom.count.value")
            own.pop("logboom.count.interval_ms", None)
            found.append((name, value, own))
    return found


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, [("log.record.count", 2, {}), ("log.record.count", 1, {})], id="all, by domain"),
        pytest.param(
            {"logs": {"errors": {"conditions": ["severity_number >= SEVERITY_NUMBER_ERROR"]}}},
            [("errors", 1, {}), ("errors", 1, {})], id="condition",
        ),
        pytest.param(
            {"logs": {"x": {"conditions": ['body == "a"', 'body == "c"']}}}, [("x", 1, {}), ("x", 1, {})], id="either of two",
        ),
        pytest.param(
            {"logs": {"x": {"attributes": [{"key": "env"}]}}},
            [("x", 1, {"env": "prod"}), ("x", 1, {"env": "dev"}), ("x", 1, {"env": "prod"})], id="attribute",
        ),
        pytest.param(
            {"logs": {"x": {"attributes": [{"key": "service.name"}]}}}, [("x", 2, {"service.name": "shop"})],
            id="of the resource; without a default only those that have it",
        ),
        pytest.param(
            {"logs": {"x": {"attributes": [{"key": "service.name", "default_value": "?"}, {"key": "code", "default_value": 0}]}}},
            [
                ("x", 1, {"service.name": "shop", "code": "200"}), ("x", 1, {"service.name": "shop", "code": "0"}),
                ("x", 1, {"service.name": "?", "code": "0"}),
            ], id="defaults",
        ),
        pytest.param(
            {"logs": {"x": {"conditions": ['body == "a"']}, "y": {"conditions": ['body == "a"'], "attributes": [{"key": "env"}]}}},
            [("x", 1, {}), ("y", 1, {"env": "prod"})], id="two counts of one record",
        ),
        pytest.param({"logs": {"x": {"conditions": ["false"]}}}, [], id="nothing to tell"),
    ],
)  # fmt: skip
def test_what_is_counted(options: dict[str, Any], expected: list[tuple[str, int, dict[str, str]]]) -> None:
    work = FakeWork()
    assert made(**options).connect(batch(), work) == {}
    assert told(work) == expected


def test_a_count_is_made_of_the_first_record_that_it_counts() -> None:
    work = FakeWork()
    made(
        logs={"x": {"description": "Errors", "conditions": ["severity_number == 17"], "attributes": [{"key": "env"}]}}
    ).connect(batch(), work)
    (emitted,) = work.emitted
    assert emitted.parents is not None
    assert emitted.parents.to_list() == [1, 2]
    assert emitted.records.column("body").to_list() == ["Errors: 1 (env=dev)", "Errors: 1 (env=prod)"]


def test_an_interval_is_told_once_at_its_end() -> None:
    """Whatever came in it, over a restart, each domain by itself."""
    work = FakeWork(now_unix_nano=1_700_000_000 * SECOND + 5 * SECOND)
    for _ in range(3):
        made(interval="10s").connect(batch(), work)
        work.now_unix_nano += SECOND
    assert told(work) == []
    work.now_unix_nano += 60 * SECOND
    count = made(interval="10s")
    assert work.run_due(count) == 2
    assert sorted(told(work)) == [("log.record.count", 3, {}), ("log.record.count", 6, {})]
    assert [each.records.column("time_unix_nano").to_list() for each in work.emitted] == [[1_700_000_010 * SECOND]] * 2
    assert work.emitted[0].records.attribute("logboom.count.interval_ms", ValueKind.INT).to_list() == [10_000]
    assert [state.values for state in work.states.values()] == [{}, {}]
    assert work.run_due(count) == 0


def test_what_comes_after_the_end_counts_in_the_next_interval_also_when_the_tick_is_late() -> None:
    work = FakeWork(now_unix_nano=1_700_000_000 * SECOND)
    count = made(interval="10s")
    count.connect(batch(), work)
    work.now_unix_nano += 15 * SECOND
    count.connect(batch(), work)
    assert work.run_due(count) == 2
    assert sorted(told(work)) == [("log.record.count", 1, {}), ("log.record.count", 2, {})]


def test_above_the_budget_counts_are_told_at_once() -> None:
    work = FakeWork()
    work.state("a.example").excess = 1
    made(interval="10s").connect(batch(), work)
    assert told(work) == [("log.record.count", 2, {})]


@pytest.mark.parametrize(
    "options",
    [
        {"logs": {"": {}}},
        {"logs": {"x": {"conditions": ["nothing =="]}}},
        {"logs": {"x": {"attributes": [{"key": ""}]}}},
    ],
)
def test_what_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CountConfig.model_validate(options)
