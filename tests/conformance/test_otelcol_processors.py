"""Processors of the OpenTelemetry Collector against the cases taken from its own tests."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import pytest

import otlp_wire
from collector.batch import LogBatch
from collector.client_info import ClientInfo
from collector.component import Context
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.testing.work import FakeWork
from counterparts.conformance import cases, demand
from counterparts.records import records_of, value_of

PROCESSORS = ("attributes", "filter", "groupbyattrs", "logdedup", "redaction", "resource")
FOLDERS = {"logdedup": "log_dedup"}
NOT_AS_UPSTREAM = {
    "attributes-040": "expects the hash of eight zero bytes: the interpreter that made the case lost the number",
    "attributes-invalid-003": "the value that is wrong was lost when the case was written down",
}
"""Cases, or beginnings of their ids, that are not followed, and why."""
CASES = [
    case
    for case in cases("processors_cases*.json")
    if case["processor"] in PROCESSORS and not case["id"].startswith(tuple(NOT_AS_UPSTREAM))
]


def _batch(request: dict[str, Any], came_with: dict[str, Any] | None = None) -> LogBatch:
    body = otlp_wire.json_to_protobuf(orjson.dumps(request))
    told = came_with or {}
    client = ClientInfo(told.get("metadata", {}), told.get("auth", {}), told.get("client_address")).text()
    entry = Entry("0" * 16, 1, "default", "otlp", body, 1, 1_700_000_000_000, b"\0" * 16, client=client)
    return decode([entry]).batch


def test_there_are_cases() -> None:
    """The folder is found."""
    demand(CASES, "processors_cases.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_processor_leaves_what_the_collectors_leaves(case: dict[str, Any]) -> None:
    """Options are refused with the same words, and records look the same."""
    factory = import_module(f"processors.{FOLDERS.get(case['processor'], case['processor'])}").FACTORY
    if case.get("expect_config_error"):
        with pytest.raises(ValueError) as refused:
            factory.config.model_validate(case["config"])
        assert case.get("error_contains", "") in str(refused.value)
        return
    processor, work = (
        factory.create(factory.config.model_validate(case["config"]), Context(case["processor"], Path())),
        FakeWork(),
    )
    left = [processor.process(_batch(case["input"], case.get("request_context")), work)]
    if work.timers:
        work.now_unix_nano = max(work.timers.values())
        work.run_due(processor)
    left += work.released
    if "expected_attributes" in case:
        assert not _missed(case, orjson.loads(otlp_wire.encode_json(left[0])))
        return
    expected = case["expected"] if isinstance(case["expected"], list) else [case["expected"]]
    ignored = [name.partition(".")[2] or name for name in case.get("compare", {}).get("ignore", [])]
    assert _compared(
        [orjson.loads(otlp_wire.encode_json(batch)) for batch in left if len(batch)], ignored
    ) == _compared(expected, ignored)


def _missed(case: dict[str, Any], request: dict[str, Any]) -> list[str]:
    """Attributes of the one record that are not as a case that names some of them says."""
    (record,) = records_of(request)
    wrong = [key for key in case["expected_absent"] if key in record["attributes"]]
    for key, value in case["expected_attributes"].items():
        there = key in record["attributes"]
        if not there or (value is not None and record["attributes"][key] != value_of(value)):
            wrong.append(key)
    return wrong


def _compared(requests: list[dict[str, Any]], ignored: list[str]) -> list[list[dict[str, Any]]]:
    """The records of each request without what a case does not compare, in an order that does not matter."""
    found = [records_of(request) for request in requests if request]
    for record in (record for records in found for record in records):
        record.update({"time": 0} if "timeUnixNano" in ignored else {})
        record["attributes"] = {key: value for key, value in record["attributes"].items() if key not in ignored}
    return [sorted(records, key=repr) for records in found] if ignored else found


FILTERS = [case for case in cases("ottl_cases*.json") if case["kind"] == "filter-processor"]


@pytest.mark.parametrize("case", FILTERS, ids=lambda case: str(case["id"]))
def test_filter_keeps_what_the_collectors_keeps(case: dict[str, Any]) -> None:
    """The conditions of the old block."""
    factory = import_module("processors.filter").FACTORY
    config = factory.config.model_validate({"logs": {"log_record": case["conditions"]}})
    done = factory.create(config, Context("filter", Path())).process(_batch(case["input"]), FakeWork())
    assert records_of(orjson.loads(otlp_wire.encode_json(done))) == records_of(case["expected"])
