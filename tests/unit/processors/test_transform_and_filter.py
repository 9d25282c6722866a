"""`transform` and `filter` beyond the Collector's own cases: many records, resources that several share, errors, what is dropped."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch, ValueKind, concat
from collector.component import Context
from collector.testing.work import FakeWork


def _made(name: str, **options: Any) -> Any:
    factory = importlib.import_module(f"processors.{name}").FACTORY
    return factory.create(factory.config.model_validate(options), Context(name, Path()))


def _batch() -> LogBatch:
    columns = {"body": ["a", "b", "c", None], "severity_text": ["ERR", "INFO", "ERR", "WARN"], "domain": ["d"] * 4}
    first = LogBatch.of(columns, {"k": ["1", None, "3", "4"], "n": [1, 2, 3, 4]}, resource={"app": "x"})
    return concat([first, LogBatch.of({"body": ["z"], "domain": ["d"]}, resource={"app": "y"})])


def test_statements_of_both_shapes_change_records_and_resources() -> None:
    """Inferred contexts, a cache between statements that stand alone, and a group with conditions."""
    transform = _made(
        "transform",
        log_statements=[
            'set(log.severity_number, SEVERITY_NUMBER_ERROR) where log.severity_text == "ERR"',
            'set(log.cache["k"], log.attributes["k"])',
            'set(log.attributes["copy"], log.cache["k"])',
            'set(resource.attributes["service.name"], resource.attributes["app"])',
            {
                "context": "log",
                "conditions": ['body == "a"', 'body == "b"'],
                "statements": ['delete_key(attributes, "n")'],
            },
        ],
    )
    done = transform.process(_batch(), FakeWork())
    assert done.column("severity_number").to_list() == [17, 0, 17, 0, 0]
    assert done.attribute("copy").to_list() == ["1", None, "3", "4", None]
    assert done.attribute("n", ValueKind.INT).to_list() == [None, None, 3, 4, None]
    assert done.resource_attribute("service.name").to_list() == ["x", "x", "x", "x", "y"]
    assert done.resource_attributes.height == 4


def test_the_last_record_decides_about_its_resource() -> None:
    """Written in the context of records, without reading it."""
    transform = _made("transform", log_statements=['set(resource.attributes["last"], log.attributes["k"])'])
    assert transform.process(_batch(), FakeWork()).resource_attribute("last").to_list() == ["4"] * 4 + [None]


def test_a_group_that_reads_what_it_writes_runs_record_by_record() -> None:
    """The first record sets it, and the others see that it is there."""
    statement = 'set(resource.attributes["first"], log.body) where resource.attributes["first"] == nil'
    done = _made("transform", log_statements=[statement]).process(_batch(), FakeWork())
    assert done.resource_attribute("first").to_list() == ["a"] * 4 + ["z"]


def test_flattened_records_have_resources_of_their_own() -> None:
    """And what is equal afterwards is one again."""
    statements = ['set(resource.attributes["level"], log.severity_text) where log.severity_text != ""']
    done = _made("transform", log_statements=statements, flatten_data=True).process(_batch(), FakeWork())
    assert done.resource_attribute("level").to_list() == ["ERR", "INFO", "ERR", "WARN", None]
    assert done.resources.height == 4


def test_derived_attributes_are_seen_and_changed_as_others() -> None:
    """Those that processors made, in columns."""
    batch = _batch().with_attributes({"derived": pl.Series(["p", None, "q", "r", "s"])})
    done = _made("transform", log_statements=['keep_keys(log.attributes, ["derived"]) where log.body == "a"']).process(
        batch, FakeWork()
    )
    assert done.attribute("derived").to_list() == ["p", None, "q", "r", "s"]
    assert done.attribute("k").to_list() == [None, None, "3", "4", None]


@pytest.mark.parametrize(("mode", "left"), [("ignore", 5), ("silent", 5), ("propagate", 1)])
def test_an_error_costs_what_error_mode_says(mode: str, left: int, caplog: pytest.LogCaptureFixture) -> None:
    """`propagate` drops the payload that the record came with, counted."""
    work = FakeWork()
    transform = _made(
        "transform", log_statements=['set(log.body, ParseJSON(log.body)) where log.body == "b"'], error_mode=mode
    )
    for _ in range(2):
        done = transform.process(_batch(), work)
    assert len(done) == left
    assert work.counts["d", "dropped:statement_error"] == (0 if left == 5 else 8)
    assert len(caplog.records) == (0 if mode == "silent" else 1)


def test_mistakes_are_refused_with_their_place() -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match="unknown editor sett; did you mean set"):
        _made("transform", log_statements=['sett(log.body, "x")'])
    with pytest.raises(ValueError, match=r"unknown path resource\.bdy"):
        _made("filter", log_conditions=["resource.bdy == 1"])


def test_filter_asks_records_scopes_and_resources() -> None:
    """One that holds drops; the order of the rest stays."""
    done = _made("filter", log_conditions=['log.body == "b"', 'resource.attributes["app"] == "y"']).process(
        _batch(), FakeWork()
    )
    assert done.column("body").to_list() == ["a", "c", None]
    whole = _made("filter", log_conditions=["Len(log.attributes) == 1"]).process(_batch(), FakeWork())
    assert whole.column("body").to_list() == ["a", "c", None, "z"]


def test_filter_with_propagate_drops_the_payload() -> None:
    """An error is no answer."""
    work = FakeWork()
    done = _made("filter", log_conditions=["ParseJSON(log.body) != nil"], error_mode="propagate").process(
        _batch(), work
    )
    assert len(done) == 0
    assert work.counts["d", "dropped:condition_error"] == 5
