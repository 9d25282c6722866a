"""Events of otelcol's splunk_hec exporter, by its own tests: the same record gives the same event."""

from __future__ import annotations

import json

import pytest

from collector.columns.text_buffers import text_bytes
from counterparts.conformance import cases, demand
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.parts import NO_BODY, encoded
from otlp_wire import decode_payloads, json_to_protobuf

CASES = [case for case in cases("exporters_cases*.json") if case["exporter"] == "splunk_hec"]


def test_there_are_cases():
    """The folder is found."""
    demand(CASES, "exporters_cases.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case):
    """The events are as the case says; a record without an event has an end with a name."""
    options = {"endpoint": "https://127.0.0.1:8088", "token": "t", **case["config"]}
    batch = decode_payloads([json_to_protobuf(json.dumps(case["input"]).encode())])
    found = encoded(batch, SplunkHecConfig.model_validate(options))
    lines = b"".join(text_bytes(part.texts) for part in found.parts).splitlines()
    assert [json.loads(line) for line in lines] == case["expected_events"]
    named = {reason: len(items) for items, reason in found.refused}
    missing = len(batch) - len(case["expected_events"])
    assert named == ({NO_BODY: missing} if missing else {})
