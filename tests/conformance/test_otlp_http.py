"""Raw HTTP requests taken from the OpenTelemetry Collector's own tests and the OTLP specification."""

from __future__ import annotations

import base64
import http.client
import json

import pytest
from google.protobuf import json_format
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.ingress.refusals import Code, StatusRefusal
from collector.testing.intake import MemoryIntake
from counterparts.conformance import cases, demand
from counterparts.receiving import receiving

_ONE_VALUE = "a value that can't be read costs itself, not its request: it is left out, and partial_success says so"
ON_PURPOSE = dict.fromkeys(
    ["otlp-http-044", "otlp-http-045", "otlp-http-050", "otlp-http-051", "otlp-http-058"], _ONE_VALUE
)
"""Case id → why logboom answers differently. An entry whose case passes is an error."""


CASES = cases("otlp_http_cases*.json")


def injected(error: dict | None) -> StatusRefusal | None:
    """The refusal that stands for an error of the next consumer."""
    if error is None:
        return None
    message = error.get("message", "")
    if error["kind"] == "permanent":
        return StatusRefusal(Code.INTERNAL, f"Permanent error: {message}")
    if error["kind"] == "retryable":
        return StatusRefusal(Code.UNAVAILABLE, message)
    return StatusRefusal(Code(error["code"]), message, error.get("retry_delay_s"))


def test_there_are_cases():
    """The folder is found."""
    demand(CASES, "otlp_http_cases.json")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case):
    """Status, content type, body, headers and what reaches the pipeline are as the case says."""
    problems = run(case)
    if case["id"] in ON_PURPOSE:
        assert problems, f"{case['id']} passes now: take it out of ON_PURPOSE"
    else:
        assert not problems, "\n".join([case["name"], *problems])


def run(case: dict) -> list[str]:
    intake = MemoryIntake(injected(case.get("pipeline_error")))
    with receiving(case.get("receiver_config"), intake=intake) as running:
        connection = http.client.HTTPConnection(running.http, timeout=30)
        body = base64.b64decode(case.get("body") or "")
        connection.request(case["method"], case["path"], body or None, case["headers"])
        response = connection.getresponse()
        content = response.read()
        connection.close()
    return [
        *status_and_headers(case, response),
        *([] if case.get("message_is_go_specific") else body_problems(case, content)),
        *status_problems(case, content),
        *pipeline_problems(case, intake),
    ]


def status_and_headers(case: dict, response: http.client.HTTPResponse) -> list[str]:
    problems = []
    if response.status not in case.get("expect_status_any", [case["expect_status"]]):
        problems.append(f"status {response.status}, expected {case['expect_status']}")
    wanted = case.get("expect_content_type")
    if wanted is not None and response.getheader("content-type") != wanted:
        problems.append(f"content type {response.getheader('content-type')}, expected {wanted}")
    if "expect_retry_after" in case and response.getheader("retry-after") != case["expect_retry_after"]:
        problems.append(f"Retry-After {response.getheader('retry-after')}, expected {case['expect_retry_after']}")
    for name, value in case.get("expect_headers", {}).items():
        if response.getheader(name) != value:
            problems.append(f"{name}: {response.getheader(name)}, expected {value}")
    problems += [f"unexpected {name}" for name in case.get("expect_no_headers", []) if response.getheader(name)]
    return problems


def body_problems(case: dict, content: bytes) -> list[str]:
    problems = []
    if "expect_body_text" in case and content.decode() != case["expect_body_text"]:
        problems.append(f"body {content!r}, expected {case['expect_body_text']!r}")
    if "expect_body_json" in case and json.loads(content) != case["expect_body_json"]:
        problems.append(f"body {content!r}, expected {case['expect_body_json']}")
    if "expect_body_json_any" in case and json.loads(content) not in case["expect_body_json_any"]:
        problems.append(f"body {content!r}, expected one of {case['expect_body_json_any']}")
    hexes = case.get("expect_body_hex_any", [case["expect_body_hex"]] if "expect_body_hex" in case else None)
    if hexes is not None and content.hex() not in hexes:
        problems.append(f"body {content.hex()}, expected one of {hexes}")
    return problems


def status_problems(case: dict, content: bytes) -> list[str]:
    """The `google.rpc.Status`; its message is compared only where it is not Go's own."""
    specific = case.get("message_is_go_specific")
    wanted = case.get("expect_status_proto")
    if wanted is not None:
        told = status_pb2.Status.FromString(content)
        if told.code != wanted["code"] or (not specific and told.message != wanted.get("message", told.message)):
            return [f"status {told}, expected {wanted}"]
    subset = case.get("expect_body_json_subset")
    if specific and "expect_body_json" in case:
        subset = {"code": case["expect_body_json"]["code"]}
    if subset is not None:
        told_json = json.loads(content)
        return [f"body {told_json}, expected {subset}" for key in subset if told_json.get(key) != subset[key]]
    return []


def pipeline_problems(case: dict, intake: MemoryIntake) -> list[str]:
    problems = []
    if "expect_records" in case and intake.records != case["expect_records"]:
        problems.append(f"{intake.records} records, expected {case['expect_records']}")
    wanted = case.get("expect_logs_any", [case["expect_logs"]] if "expect_logs" in case else None)
    if wanted is not None:
        came = [ExportLogsServiceRequest.FromString(payload.body) for payload in intake.payloads]
        if len(came) != 1 or filled(came[0]) not in [filled(official(logs)) for logs in wanted]:
            problems.append(f"the pipeline got {came}, expected {wanted}")
    return problems


def official(logs: dict) -> ExportLogsServiceRequest:
    """OTLP JSON read by protobuf's own reader, which wants ids in base64 instead of hex."""
    return json_format.ParseDict(_with_base64_ids(logs), ExportLogsServiceRequest(), ignore_unknown_fields=True)


def filled(request: ExportLogsServiceRequest) -> ExportLogsServiceRequest:
    """An absent resource or scope and an empty one are the same."""
    for resource_logs in request.resource_logs:
        resource_logs.resource.SetInParent()
        for scope_logs in resource_logs.scope_logs:
            scope_logs.scope.SetInParent()
    return request


def _with_base64_ids(value):
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode() if key in ("traceId", "spanId") else _with_base64_ids(item)
        for key, item in value.items()
    }
