"""OTTL statements against the cases taken from the OpenTelemetry Collector's own tests."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

import otlp_wire
from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.ottl import OttlError
from collector.ottl.statements import Group, Level, compile_statement, run
from counterparts.conformance import cases, demand
from counterparts.records import records_of

NOT_AS_UPSTREAM = {
    "func-sort-010": "asks for ascending order and expects descending: the case lost an argument when it was written down",
}
"""Cases that are not followed, and why."""
CASES = [case for case in cases("ottl_cases*.json") if case["kind"] not in ("condition", "filter-processor")]


def _batch(request: dict[str, Any]) -> LogBatch:
    body = otlp_wire.json_to_protobuf(orjson.dumps(request))
    return decode_one(body)


def decode_one(body: bytes) -> LogBatch:
    """The records of one request."""
    from collector.pipeline.decode import decode

    return decode([Entry("0" * 16, 1, "default", "otlp", body, 1, 1_700_000_000_000, b"\0" * 16)]).batch


def _groups(case: dict[str, Any]) -> list[Group]:
    written = case.get("log_statements") or [{"context": case["context"], "statements": case["statements"]}]
    return [
        Group(
            Level(group["context"]),
            tuple(compile_statement(text, Level(group["context"])) for text in group["statements"]),
            stops=case["error_mode"] == "propagate",
        )
        for group in written
    ]


def test_there_are_cases() -> None:
    """The folder is found."""
    demand(CASES, "ottl_cases.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_statement_leaves_what_the_collector_leaves(case: dict[str, Any]) -> None:
    """Refused where it is refused there, an error where it is one there, and else the same payload."""
    if case.get("expect_error") == "parse":
        with pytest.raises(OttlError):
            _groups(case)
        return
    ran = run(_batch(case["input"]), _groups(case))
    if case.get("expect_error") == "execute":
        assert ran.errors.records
    if case["error_mode"] == "propagate":
        assert (case["expected"] is None) == (ran.failed is not None and ran.failed.all())
        return
    if case["expected"] is None or case.get("expected_attribute_subset"):
        return
    same = records_of(orjson.loads(otlp_wire.encode_json(ran.batch))) == records_of(case["expected"])
    assert same == (case["id"] not in NOT_AS_UPSTREAM)


def test_record_by_record_leaves_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way that groups go which read what they write: over a quarter of the cases as columns do."""
    runnable = [case for case in CASES if not case.get("expect_error") and case["error_mode"] == "ignore"][::4]
    by_columns = [_left(case) for case in runnable]
    monkeypatch.setattr(Group, "in_turn", property(lambda _: True))
    in_turn = [_left(case) for case in runnable]
    volatile = ("UUID", "Now()")
    pairs = zip(runnable, by_columns, in_turn, strict=True)
    assert [
        case["id"] for case, one, other in pairs if one != other and not any(w in str(case) for w in volatile)
    ] == []


def _left(case: dict[str, Any]) -> list[dict[str, Any]]:
    return records_of(orjson.loads(otlp_wire.encode_json(run(_batch(case["input"]), _groups(case)).batch)))
