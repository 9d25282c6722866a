"""What a sender is told of a request that was taken though not all in it was as it should be."""

from __future__ import annotations

import http.client
import json

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from collector.receivers.otlp.config import GRPC_PATH
from counterparts.receiving import receiving
from counterparts.wire_bytes import message, request_of

GOOD = message(3, b"INFO")
LATIN1 = message(5, message(1, b"caf\xe9"))
BROKEN = b"\x0a\x7f"


@pytest.fixture(scope="module")
def running():
    with receiving() as started:
        yield started


def posted(running, body: bytes, media: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(running.http, timeout=30)
    connection.request("POST", "/v1/logs", body, {"content-type": media})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


def over_http(running, body: bytes) -> bytes:
    status, content = posted(running, body, "application/x-protobuf")
    assert status == 200
    return content


def over_grpc(running, body: bytes) -> bytes:
    with grpc.insecure_channel(running.grpc) as channel:
        return channel.unary_unary(GRPC_PATH)(body, timeout=30)


@pytest.mark.parametrize("send", [over_http, over_grpc])
@pytest.mark.parametrize(
    ("bad", "kept", "rejected", "text"),
    [
        (LATIN1, 3, 0, "resource_logs[0].scope_logs[0].log_records[1].body.string_value is not UTF-8"),
        (BROKEN, 2, 1, "resource_logs[0].scope_logs[0].log_records[1] is not valid protobuf"),
    ],
    ids=["a warning", "a record not taken"],
)
def test_protobuf(running, send, bad, kept, rejected, text):
    """`partial_success`: 0 rejected with a message is a warning, as OTLP has it; neighbours are kept."""
    before = len(running.intake.payloads)
    told = ExportLogsServiceResponse.FromString(send(running, request_of(GOOD, bad, GOOD))).partial_success
    assert told.rejected_log_records == rejected
    assert text in told.error_message
    (came,) = running.intake.payloads[before:]
    records = ExportLogsServiceRequest.FromString(came.body).resource_logs[0].scope_logs[0].log_records
    assert (came.records, len(records), records[0].severity_text, records[-1].severity_text) == (
        kept,
        kept,
        "INFO",
        "INFO",
    )


def of_records(*records: str) -> bytes:
    return f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{",".join(records)}]}}]}}]}}'.encode()


JSON = {
    "half an emoji": (
        of_records('{"body":{"stringValue":"a"}}', '{"body":{"stringValue":"\\ud83d"}}'), 2,
        {"errorMessage": "resourceLogs[0].scopeLogs[0].logRecords[1].body.stringValue holds what is no text in UTF-8: "
                         "U+FFFD stands in its place"},
    ),
    "one record of three": (
        of_records("{}", "5", '{"traceId":"x"}'), 2,
        {"rejectedLogRecords": "1",
         "errorMessage": "resourceLogs[0].scopeLogs[0].logRecords[1] must be an object; the record was not taken; "
                         "1 more like it; records not taken: 1"},
    ),
    "all of one": (
        of_records("5"), 0,
        {"rejectedLogRecords": "1",
         "errorMessage": "resourceLogs[0].scopeLogs[0].logRecords[0] must be an object; the record was not taken; "
                         "records not taken: 1"},
    ),
    "no resourceLogs": (
        b'{"message":"hi"}', 0,
        {"errorMessage": "no resourceLogs in it: logs are sent as "
                         '{"resourceLogs":[{"scopeLogs":[{"logRecords":[…]}]}]}'},
    ),
    "nothing wrong": (of_records("{}"), 1, {}),
    "nothing in it": (b"{}", 0, {}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kept", "told"), JSON.values(), ids=JSON)
def test_json(running, body, kept, told):
    """The same in OTLP JSON."""
    before = running.intake.records
    status, content = posted(running, body, "application/json")
    assert (status, json.loads(content)) == (200, {"partialSuccess": told})
    assert running.intake.records - before == kept
