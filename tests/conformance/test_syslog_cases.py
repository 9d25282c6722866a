"""Messages of otelcol's syslog exporter, by its own tests: the same record gives the same bytes.

otelcol frames with newlines unless told otherwise, logboom counts octets; the option is spelled out for cases that
leave it open. LOGBOOM_CONFORMANCE_DIR names the folder that holds `exporters_cases.json`.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Encoder
from otlp_wire import decode_payloads, json_to_protobuf

NEIGHBOUR = Path(__file__).parents[3] / "shared" / "conformance"


def conformance_cases() -> list[dict]:
    folder = Path(os.environ.get("LOGBOOM_CONFORMANCE_DIR") or NEIGHBOUR)
    files = sorted(folder.glob("exporters_cases*.json"))
    found = [json.loads(file.read_text()) for file in files]
    cases = [case for one in found for case in (one["cases"] if isinstance(one, dict) else one)]
    return [case for case in cases if case["exporter"] == "syslog" and "superseded" not in case]


CASES = conformance_cases()


def test_there_are_cases():
    """The folder is found: an empty run must not look like a good one."""
    assert CASES, "set LOGBOOM_CONFORMANCE_DIR to the folder that holds exporters_cases.json"


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
