"""`transform` and `filter` beyond the Collector's own cases: many records, resources that several share, errors, what is dropped."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import otlp_wire
from collector.batch import LogBatch, ValueKind, concat
from collector.columns import tables
from collector.columns.tables import FROM_BODY
from collector.component import Context
from collector.ledger.codec import decode_batch, encode_batch
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


def _cautions(name: str, **options: Any) -> Any:
    return importlib.import_module(f"processors.{name}").FACTORY.config.model_validate(options).cautions()


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("transform", {"log_statements": ["set(log.body, 1)"]}, {"error_mode"}),
        ("transform", {"log_statements": ["set(log.body, 1)"], "error_mode": "ignore"}, set()),
        ("transform", {"log_statements": [{"statements": ["set(log.body, 1)"], "error_mode": "silent"}]}, set()),
        ("transform", {}, set()),
        ("filter", {"log_conditions": ["log.body == nil"]}, {"error_mode"}),
        ("filter", {"logs": {"log_record": ["body == nil"]}}, {"error_mode"}),
        ("filter", {"logs": {"log_record": ["body == nil"]}, "error_mode": "propagate"}, set()),
        ("filter", {"log_conditions": [{"conditions": ["log.body == nil"], "error_mode": "ignore"}]}, set()),
        ("filter", {"logs": {"exclude": {"match_type": "strict", "bodies": ["x"]}}}, set()),
    ],
)
def test_an_error_mode_that_nobody_chose_is_told(name: str, options: dict[str, Any], told: set[str]) -> None:
    """Its default was another one; where nothing can fail, or all say it, there is nothing to tell."""
    assert set(_cautions(name, **options)) == told


def test_statements_that_run_record_by_record_are_named() -> None:
    """The group, and which of its statements."""
    first = 'set(resource.attributes["first"], log.body) where resource.attributes["first"] == nil'
    found = _cautions(
        "transform",
        error_mode="ignore",
        log_statements=["set(log.body, 1)", first, 'set(resource.attributes["a"], log.body)'],
    )
    assert list(found) == ["log_statements.1"]
    assert "row_fallback" in found["log_statements.1"]
    assert first in found["log_statements.1"]


def _of_body(batch: LogBatch) -> LogBatch:
    """With attributes `k` that were taken out of the text of the body; those of the last record were sent."""
    height = len(batch)
    marks = pl.Series(FROM_BODY, [True] * (height - 1) + [False])
    rows = tables.rows_of_column("k", pl.Series([f"v{at}" for at in range(height)])).with_columns(marks)
    return replace(batch, attributes=tables.stack([batch.attributes, rows]).sort("owner", maintain_order=True))


@pytest.mark.parametrize(
    "move",
    [
        ("transform", {"log_statements": ['set(log.attributes["copy"], log.attributes["k"])']}),
        ("attributes", {"actions": [{"key": "copy", "from_attribute": "k", "action": "upsert"}]}),
    ],
)
def test_a_copy_of_what_was_taken_out_of_a_body_is_marked_like_it(move: tuple[str, dict[str, Any]]) -> None:
    """It must not choose a place under another name."""
    name, options = move
    done = _made(name, **options).process(_of_body(LogBatch.of({"body": ["a", "b", "c"]})), FakeWork())
    assert done.attribute("copy").to_list() == ["v0", "v1", "v2"]
    assert done.for_routing().attribute("copy").to_list() == [None, None, "v2"]


@pytest.mark.parametrize(
    "move",
    [
        ("transform", {"log_statements": ['set(resource.attributes["k"], log.attributes["k"])']}),
        (
            "transform",
            {
                "log_statements": [
                    'set(resource.attributes["k"], log.attributes["k"]) where resource.attributes["k"] == nil'
                ]
            },
        ),
        (
            "transform",
            {
                "log_statements": [
                    'set(resource.attributes["k"], Concat([log.attributes["k"], ""], "")) where resource.attributes["k"] == nil'
                ]
            },
        ),
        ("transform", {"log_statements": ['set(resource.attributes["k"], Concat([log.attributes["k"], ""], ""))']}),
        ("groupbyattrs", {"keys": ["k"]}),
    ],
)
def test_on_a_resource_it_is_marked_as_well(move: tuple[str, dict[str, Any]]) -> None:
    """A record's attribute that becomes its resource's."""
    name, options = move
    batch = concat(
        [_of_body(LogBatch.of({"body": ["a", "b"]}, resource={"app": app})).slice(0, 1) for app in ("x", "y")]
    )
    done = _made(name, **options).process(batch, FakeWork())
    assert done.resource_attribute("k").to_list() == ["v0", "v0"]
    assert done.for_routing("resource").resource_attribute("k").to_list() == [None, None]
    assert done.for_routing("resource").resource_attribute("app").to_list() == ["x", "y"]
    assert decode_batch(encode_batch(done)).for_routing().resource_attribute("k").to_list() == [None, None]
    assert json.loads(otlp_wire.encode_json(done))["resourceLogs"][0]["resource"]["attributes"]
