"""OTTL conditions against the cases taken from the OpenTelemetry Collector's own tests."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

import otlp_wire
from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.ottl import OttlError, compile_condition
from collector.ottl.functions import CONVERTERS
from collector.ottl.parser import parse_condition, parse_statement
from collector.pipeline.decode import decode
from counterparts.conformance import cases, demand


def _ids(case: dict[str, Any]) -> str:
    return str(case["id"])


CONDITIONS = [case for case in cases("ottl_cases*.json") if case["kind"] in ("condition", "filter-processor")]
PARSED = cases("ottl_parse_cases*.json")


def _batch(request: dict[str, Any]) -> LogBatch:
    body = otlp_wire.json_to_protobuf(orjson.dumps(request))
    decoded = decode([Entry("0" * 16, 1, "default", "otlp", body, 1, 1_700_000_000_000, b"\0" * 16)])
    assert not decoded.dead_letters
    return decoded.batch


def test_there_are_cases():
    """The folder is found."""
    demand(CONDITIONS, "ottl_cases.json")
    demand(PARSED, "ottl_parse_cases.json")


@pytest.mark.parametrize("case", PARSED, ids=_ids)
def test_the_grammar_accepts_what_is_valid_and_nothing_else(case: dict[str, Any]) -> None:
    parse = parse_statement if case["kind"] == "statement" else parse_condition
    if case["valid"]:
        parse(case["text"])
        return
    with pytest.raises(OttlError) as refused:
        parse(case["text"])
    assert (case.get("error_contains") or "") in str(refused.value)


@pytest.mark.parametrize("case", [case for case in CONDITIONS if case["kind"] == "condition"], ids=_ids)
def test_a_condition_has_the_value_that_the_collector_gives(case: dict[str, Any]) -> None:
    batch = _batch(case["input"])
    result = compile_condition(case["condition"]).matches(batch)
    assert result.to_list() == [case["condition_result"]] * len(batch)


@pytest.mark.parametrize("case", [case for case in CONDITIONS if case["kind"] == "filter-processor"], ids=_ids)
def test_the_filters_of_the_collector_keep_the_same_bodies(case: dict[str, Any]) -> None:
    batch = _batch(case["input"])
    dropped = [compile_condition(text).matches(batch) for text in case["conditions"]]
    kept = [body for body, *drop in zip(batch.column("body"), *dropped, strict=True) if not any(drop)]
    assert kept == _bodies(case["expected"])


def _bodies(request: dict[str, Any] | None) -> list[str]:
    return [
        record["body"]["stringValue"]
        for resource in (request or {}).get("resourceLogs", [])
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    ]


def test_every_converter_that_the_cases_need_is_there() -> None:
    """The report of what is left out: nothing of the condition cases."""
    used = {name for case in CONDITIONS for name in _called(case)}
    assert used <= set(CONVERTERS)


def _called(case: dict[str, Any]) -> set[str]:
    texts = case.get("conditions") or [case["condition"]]
    return {name for text in texts for name in CONVERTERS if f"{name}(" in text} | {
        word for text in texts for word in _words_before_parenthesis(text)
    }


def _words_before_parenthesis(text: str) -> list[str]:
    pieces = text.split("(")[:-1]
    words = [piece.split()[-1] if piece.split() else "" for piece in pieces]
    return [word for word in words if word[:1].isupper()]
