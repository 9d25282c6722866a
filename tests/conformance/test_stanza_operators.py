"""Operators against the peers' own tests: what comes of an entry, what is refused, what fails.

What is known to be different is a table with reasons, printed at the end (`-rP`, `-s`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.stanza.batches import batch_of, frame_of
from collector.stanza.graph import graph_of
from collector.stanza.problems import OperatorError
from collector.stanza.refiner import Refiner
from collector.testing.work import FakeWork
from counterparts import conformance
from otlp_wire import decode_payloads, encode_json, receive_json

CASES = conformance.cases("stanza_cases.json")
EXCEPTIONS: dict[str, str] = {
    "stanza-container-013": "behind a feature gate `time` stays an attribute: here it does not",
    "stanza-container-014": "the same",
    "stanza-flatten-007": "a field that is not there can't be known when operators are built: it fails for each entry",
    "stanza-json_array_parser-002": "how many elements an array has can't be known when operators are built: it fails for each entry",
    "stanza-key_value_parser-027": "a delimiter that no entry has can't be known when operators are built: it fails for each entry",
    "stanza-recombine-008": "its combine_with was lost when the case was written down",
}
"""Id → why ours is another answer, and which."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the peers' tests set."""
    monkeypatch.setenv("TEST_FILTER_OPERATOR_ENV", "foo")
    monkeypatch.setenv("TEST_EXPR_STRING_ENV", "foo")


def batch_from(payload: dict[str, Any]) -> LogBatch:
    return decode_payloads([receive_json(json.dumps(payload).encode()).body])


def refined(case: conformance.Case, payload: dict[str, Any]) -> tuple[list[Any], int]:
    """The records that leave, and how many failed."""
    batch = batch_from(payload)
    frame = frame_of(batch)
    before = dict(frame.resource.columns)
    course = graph_of([case["config"]]).run(frame)
    return records(batch_of(frame, batch, course.out, before)), sum(course.failed.values())


def records(batch: LogBatch) -> list[Any]:
    return seen(json.loads(encode_json(batch))) if len(batch) else []


def seen(payload: dict[str, Any] | None, ignore: tuple[str, ...] = ()) -> list[Any]:
    """Each record with what it says, its resource's attributes and its scope's name; order of keys does not matter."""
    found = []
    for group in (payload or {}).get("resourceLogs", []):
        for scope in group.get("scopeLogs", []):
            for record in scope.get("logRecords", []):
                said = {
                    key: value
                    for key, value in record.items()
                    if key not in ("attributes", "observedTimeUnixNano", *ignore)
                }
                said = {key: value for key, value in said.items() if value not in ("", 0, "0", None)}
                said["attributes"] = pairs(record.get("attributes", []))
                said["resource"] = pairs(group.get("resource", {}).get("attributes", []))
                said["scope"] = scope.get("scope", {}).get("name", "")
                if "body" in said:
                    said["body"] = value_of(said["body"])
                found.append(said)
    return found


def pairs(attributes: list[Any]) -> dict[str, Any]:
    return {pair["key"]: value_of(pair.get("value", {})) for pair in attributes}


def value_of(value: dict[str, Any]) -> Any:
    if "kvlistValue" in value:
        return {"map": pairs(value["kvlistValue"].get("values", []))}
    if "arrayValue" in value:
        return [value_of(each) for each in value["arrayValue"].get("values", [])]
    return {kind: float(each) if kind == "doubleValue" else each for kind, each in value.items()}


def compared(case: conformance.Case, found: list[Any], expected: list[Any]) -> None:
    ignore, only, tolerance = case.get("ignore", ()), case.get("compare_only"), case.get("time_tolerance_ns", 0)
    for records_ in (found, expected):
        for record in records_:
            for key in [key for key in record if key in ignore or (only and key not in only)]:
                del record[key]
    if tolerance:
        assert [
            abs(int(a.pop("timeUnixNano")) - int(b.pop("timeUnixNano"))) <= tolerance
            for a, b in zip(found, expected, strict=True)
        ]
    assert found == expected


def answered(case: conformance.Case) -> None:
    """Raises what pytest tells of a difference."""
    kind = case["kind"]
    if kind == "build-error":
        with pytest.raises(OperatorError):
            graph_of([case["config"]])
    elif kind == "process":
        found, failed = refined(case, case["input"])
        compared(case, found, seen(case["expected"]))
        assert not failed or case["config"].get("on_error")
    elif kind == "process-error":
        _, failed = refined(case, case["input"])
        assert failed
    else:
        in_sequence(case)


def in_sequence(case: conformance.Case) -> None:
    refiner, work = Refiner("otlp", [case["config"]]), FakeWork()
    found: list[Any] = []
    for payload in case["inputs"]:
        batch = batch_from(payload)
        batch = batch_of(frame_of(batch), batch, frame_of(batch).origin, {})
        found += records(refiner.process(through(batch), work))
        work.now_unix_nano += 1
    if "force_flush_period" in case["config"]:
        work.now_unix_nano += 60_000_000_000
        work.run_due(refiner)
        found += [record for each in work.released for record in records(each)]
    compared(case, found, [record for each in case["expected_list"] for record in seen(each)])


def through(batch: LogBatch) -> LogBatch:
    """As if it came by the receiver."""
    ids = pl.Series("record_id", [f"{at:026}" for at in range(len(batch))])
    return replace(
        batch,
        records=batch.records.with_columns(ids, pl.lit("shop").alias("domain")),
        payloads=LogBatch.of({"body": ["x"]}).payloads.with_columns(pl.lit("otlp").alias("receiver")),
    )


def test_the_folder_of_cases_is_there() -> None:
    """The folder is found."""
    conformance.demand(CASES, "stanza_cases.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_operator(case: conformance.Case) -> None:
    """As the peers have it, or as the table of exceptions says; what it says and does not happen any more is no exception."""
    if case["id"] not in EXCEPTIONS:
        answered(case)
        return
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        answered(case)


def test_exceptions() -> None:
    """Printed with their reasons."""
    ids = {case["id"] for case in CASES}
    there = [f"{name}: {reason}" for name, reason in sorted(EXCEPTIONS.items()) if name in ids]
    print(f"{len(CASES) - len(there)} of {len(CASES)} cases hold; exceptions:", *there, sep="\n")
    assert all(reason for reason in EXCEPTIONS.values())
