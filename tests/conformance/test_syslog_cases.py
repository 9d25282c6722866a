"""Messages of otelcol's syslog exporter, by its own tests: the same record gives the same bytes.

otelcol frames with newlines unless told otherwise, logboom counts octets; the option is spelled out for cases that
leave it open.
"""

from __future__ import annotations

import json
import re

import pytest

from counterparts.conformance import cases, demand
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Encoder
from otlp_wire import decode_payloads, json_to_protobuf

CASES = [case for case in cases("exporters_cases*.json") if case["exporter"] == "syslog"]


def test_there_are_cases():
    """The folder is found."""
    demand(CASES, "exporters_cases.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case):
    """The message is the case's, byte for byte."""
    config = SyslogConfig.model_validate({"endpoint": "localhost", "enable_octet_counting": False, **case["config"]})
    batch = decode_payloads([json_to_protobuf(json.dumps(case["input"]).encode())])
    message = Encoder(config).encode(batch).body.decode()
    if "expected_message" in case:
        assert message == case["expected_message"]
    if "expected_regex" in case:
        assert re.search(case["expected_regex"], message)
    for part in case.get("expected_contains", []):
        assert part in message
