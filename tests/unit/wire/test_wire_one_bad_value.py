"""One bad value never costs its neighbours: they arrive exactly, and the sender is told what became of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from counterparts.examples import examples
from counterparts.otlp_requests import log_records
from counterparts.wire_bytes import message, nested_arrays, number, request_of
from otlp_wire import Received, any_to_python, receive_json, receive_protobuf

FIRST, LAST = ({"timeUnixNano": str(n), "body": {"stringValue": f"neighbour {n}"}} for n in (1, 2))
FIRST_BYTES, LAST_BYTES = (
    LogRecord(time_unix_nano=n, body={"string_value": f"neighbour {n}"}).SerializeToString() for n in (1, 2)
)
RECORD = "resourceLogs[0].scopeLogs[0].logRecords[1]"


def json_of(text: str | bytes) -> bytes:
    """A request of three records, the second as written."""
    middle = text if isinstance(text, bytes) else text.encode()
    records = b",".join([json.dumps(FIRST).encode(), middle, json.dumps(LAST).encode()])
    return b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + records + b"]}]}]}"


def of_value(text: str) -> str:
    return f'{{"attributes":[{{"key":"good","value":{{"intValue":1}}}},{{"key":"bad","value":{text}}}]}}'


def records(received: Received) -> list[Any]:
    """All records, after the neighbours were seen to be whole, and the worker to read what the door let in."""
    found = Request.FromString(received.body).resource_logs[0].scope_logs[0].log_records
    assert (found[0].SerializeToString(), found[-1].SerializeToString()) == (FIRST_BYTES, LAST_BYTES)
    assert len(found) == received.records == 3 - received.repairs.rejected
    decoded = decode([Entry("0" * 16, 1, "a.example", "otlp", received.body, len(found), 1_700_000_000_000, b"")])
    assert not decoded.dead_letters
    assert len(decoded.batch) == len(found)
    return list(found)


def plain(record: Any) -> dict[str, Any]:
    """The fields that are set; the body and attributes as Python has them."""
    found = {field.name: value for field, value in record.ListFields()}
    if "body" in found:
        found["body"] = any_to_python(record.body.SerializeToString())
    if "attributes" in found:
        found["attributes"] = {pair.key: any_to_python(pair.value.SerializeToString()) for pair in record.attributes}
    return found


GOOD = {"attributes": {"good": 1}}
ODD_JSON: dict[str, tuple[str | bytes, dict[str, Any], str, str]] = {
    "half an emoji": ('{"body":{"stringValue":"cut \\ud83d"}}', {"body": "cut \ufffd"}, "text", ".body.stringValue"),
    "half an emoji in a key": (
        '{"attributes":[{"key":"\\udc00","value":{"intValue":1}}]}', {"attributes": {"\ufffd": 1}}, "text",
        ".attributes[0].key",
    ),
    "latin-1": (b'{"severityText":"caf\xe9"}', {"severity_text": "caf\ufffd"}, "text", ".severityText"),
    "a character cut short": (b'{"eventName":"x\xe2\x82"}', {"event_name": "x\ufffd\ufffd"}, "text", ".eventName"),
    "trace id in base64": ('{"traceId":"W47/95gDgQPSabYzgT/GDA=="}', {}, "id", ".traceId must be 32 hexadecimal"),
    "trace id too short": ('{"traceId":"abc"}', {}, "id", ".traceId"),
    "span id a number": ('{"spanId":5}', {}, "id", ".spanId"),
    "time below zero": ('{"timeUnixNano":-1}', {}, "time", ".timeUnixNano must be an integer from 0"),
    "time in ISO 8601": ('{"timeUnixNano":"2026-01-02T03:04:05Z"}', {}, "time", ".timeUnixNano"),
    "time over 64 bits": ('{"observedTimeUnixNano":"18446744073709551616"}', {}, "time", ".observedTimeUnixNano"),
    "time of a Long": ('{"timeUnixNano":{"low":1,"high":2}}', {}, "time", ".timeUnixNano"),
    "1e400": (of_value('{"doubleValue":1e400}'), GOOD, "number", ".attributes[1].value.doubleValue"),
    "integer of 5,000 digits": (of_value('{"intValue":%s}' % ("9" * 5000)), GOOD, "number", ".attributes[1].value.intValue"),
    "integer as a word": (of_value('{"intValue":"3.f14"}'), GOOD, "number", ".attributes[1].value.intValue"),
    "severity of another scale": ('{"severityNumber":"LOUD"}', {}, "number", ".severityNumber"),
    "boolean as text": (of_value('{"boolValue":"true"}'), GOOD, "type", ".attributes[1].value.boolValue must be true or false"),
    "string as number": ('{"body":{"stringValue":5}}', {}, "type", ".body.stringValue must be a string"),
    "body as bare text": ('{"body":"text"}', {}, "type", ".body must be an object"),
    "bytes that are no base64": (of_value('{"bytesValue":"!"}'), GOOD, "type", ".attributes[1].value.bytesValue"),
    "null among attributes": ('{"attributes":[null,{"key":"good","value":{"intValue":1}}]}', GOOD, "type", ".attributes[0]"),
    "attributes as a map": ('{"severityText":"I","attributes":{"a":1}}', {"severity_text": "I"}, "type", ".attributes"),
    "bad item in an array": (
        '{"body":{"arrayValue":{"values":[{"intValue":1},{"intValue":"x"},{"intValue":3}]}}}', {"body": [1, None, 3]},
        "number", ".body.arrayValue.values[1].intValue",
    ),
    "bad pair in a map": (
        '{"body":{"kvlistValue":{"values":[{"key":5},{"key":"k","value":{"intValue":3}}]}}}', {"body": {"k": 3}},
        "type", ".body.kvlistValue.values[0].key",
    ),
    "two members": ('{"body":{"stringValue":"a","intValue":1}}', {"body": "a"}, "repeated", ".body.intValue"),
    "two spellings": ('{"severityText":"a","severity_text":"b"}', {"severity_text": "a"}, "repeated", ".severity_text"),
    "a record that is text": ('"x"', None, "type", " must be an object; the record was not taken"),
    "a record that is null": ("null", None, "type", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "left", "reason", "place"), ODD_JSON.values(), ids=ODD_JSON)
def test_odd_json_value(text: str | bytes, left: dict[str, Any] | None, reason: str, place: str) -> None:
    """It is put right or left out, alone; the message names it and counts its record when that was not taken."""
    received = receive_json(json_of(text))
    assert [plain(record) for record in records(received)[1:-1]] == ([] if left is None else [left])
    assert received.repairs.counts == {reason: 1}
    assert received.repairs.message().startswith(RECORD + place)
    assert received.repairs.rejected == (left is None)


@pytest.mark.parametrize("levels", [49, 300, 5000])
def test_json_nested_too_deeply_becomes_text(levels: int) -> None:
    """From a depth on that every reader bears; also where Python's own parser gives up."""
    body = '{"arrayValue":{"values":[' * levels + '{"stringValue":"leaf"}' + "]}}" * levels
    received = receive_json(json_of(f'{{"body":{body},"severityText":"I"}}'))
    found = records(received)[1]
    text = any_to_python(found.body.SerializeToString())
    for _ in range(31):
        assert len(text) == 1
        text = text[0]
    assert isinstance(text, str)
    assert "leaf" in text
    assert found.severity_text == "I"
    assert received.repairs.counts == {"nesting": 1}


def test_numbers_that_are_no_json_are_read_where_one_can() -> None:
    """Python's json writes NaN and Infinity without quotes; a raw control character is text all the same."""
    received = receive_json(json_of('{"body":{"doubleValue":-Infinity},"severityText":"a\tb"}'))
    assert plain(records(received)[1]) == {"body": float("-inf"), "severity_text": "a\tb"}


ODD_BYTES: dict[str, tuple[bytes, dict[str, Any] | None, str, str]] = {
    "latin-1 body": (message(5, message(1, b"caf\xe9")), {"body": "caf\ufffd"}, "text", ".body.string_value"),
    "character cut short": (message(3, b"x\xe2\x82"), {"severity_text": "x\ufffd"}, "text", ".severity_text"),
    "surrogate": (message(12, b"\xed\xa0\x80"), {"event_name": "\ufffd\ufffd\ufffd"}, "text", ".event_name"),
    "key": (
        message(6, message(1, b"\xff") + message(2, number(3, 1))), {"attributes": {"\ufffd": 1}}, "text",
        ".attributes[0].key",
    ),
    "nested value": (
        message(6, message(1, b"k") + message(2, message(5, message(1, message(1, b"\xff"))))),
        {"attributes": {"k": ["\ufffd"]}}, "text", ".attributes[0].value.array_value.values[0].string_value",
    ),
    "trace id of 64 bits": (message(3, b"I") + message(9, b"12345678"), {"severity_text": "I"}, "id", ".trace_id must be of 16"),
    "span id as text": (message(10, b"0123456789abcdef") + message(3, b"I"), {"severity_text": "I"}, "id", ".span_id must be of 8"),
    "broken attribute": (
        message(6, message(1, b"bad") + message(2, message(6, b"\x0a\xff")))
        + message(6, message(1, b"good") + message(2, number(3, 1))), GOOD, "framing", ".attributes[0]",
    ),
    "broken body": (message(3, b"I") + message(5, b"\x0a\x7f"), {"severity_text": "I"}, "framing", ".body"),
    "broken record": (message(3, b"I") + b"\x0a\x7f", None, "framing", " is not valid protobuf: the record was not"),
    "varint without end": (b"\x10" + b"\xff" * 11, None, "framing", ""),
    "wire type 7": (b"\x0f", None, "framing", ""),
}  # fmt: skip


@pytest.mark.parametrize(("content", "left", "reason", "place"), ODD_BYTES.values(), ids=ODD_BYTES)
def test_odd_protobuf_value(content: bytes, left: dict[str, Any] | None, reason: str, place: str) -> None:
    """The same over protobuf."""
    received = receive_protobuf(request_of(FIRST_BYTES, content, LAST_BYTES))
    assert [plain(record) for record in records(received)[1:-1]] == ([] if left is None else [left])
    assert received.repairs.counts == {reason: 1}
    assert received.repairs.message().startswith("resource_logs[0].scope_logs[0].log_records[1]" + place)
    assert received.repairs.rejected == (left is None)


@pytest.mark.parametrize("levels", [49, 300, 20_000])
def test_protobuf_nested_too_deeply_becomes_text(levels: int) -> None:
    received = receive_protobuf(request_of(FIRST_BYTES, message(5, nested_arrays(levels)), LAST_BYTES))
    value = any_to_python(records(received)[1].body.SerializeToString())
    for _ in range(31):
        (value,) = value
    assert value == "[" * (levels - 31) + "null" + "]" * (levels - 31)
    assert received.repairs.counts == {"nesting": 1}


GROUPS = {
    "resource attribute": (message(1, message(1, message(1, b"\xff") + message(2, number(3, 1)))), {"text": 1}),
    "resource broken": (message(1, b"\x0a\x7f"), {"framing": 1}),
    "resource as fixed64": (b"\x09" + bytes(8), {"type": 1}),
    "schema url": (message(3, b"\xff"), {"text": 1}),
    "schema url as a varint": (number(3, 5), {"type": 1}),
    "scope name": (message(2, message(1, message(1, b"\xff"))), {"text": 1}),
    "records as a varint": (message(2, number(2, 5)), {"type": 1}),
}


@pytest.mark.parametrize(("content", "counts"), GROUPS.values(), ids=GROUPS)
def test_odd_value_around_records(content: bytes, counts: dict[str, int]) -> None:
    """Of a resource, a scope, or a schema URL: the records stay."""
    good = message(2, message(2, FIRST_BYTES) + message(2, LAST_BYTES))
    received = receive_protobuf(message(1, good + content))
    found = Request.FromString(received.body).resource_logs[0].scope_logs[0].log_records
    assert [record.SerializeToString() for record in found] == [FIRST_BYTES, LAST_BYTES]
    assert received.repairs.counts == counts


def test_records_of_a_former_field_number() -> None:
    """opentelemetry-proto 0.15 to 0.19 moved `instrumentation_library_logs` to number 1000."""
    library = message(1, message(1, b"lib")) + message(2, FIRST_BYTES)
    received = receive_protobuf(message(1, message(1000, library)))
    scope_logs = Request.FromString(received.body).resource_logs[0].scope_logs[0]
    assert (scope_logs.scope.name, received.records, received.repairs.counts) == ("lib", 1, {})


@pytest.mark.slow
@settings(max_examples=examples(200))
@given(log_records, st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=3)), min_size=1, max_size=3))
def test_any_damage_inside_one_record_leaves_its_neighbours(
    fields: dict[str, Any], edits: list[tuple[int, bytes]]
) -> None:
    """Bytes replaced, inserted or deleted at random in the record between."""
    content = bytearray(LogRecord(**fields).SerializeToString())
    for place, piece in edits:
        place %= len(content) + 1
        content[place : place + 1] = piece
    records(receive_protobuf(request_of(FIRST_BYTES, bytes(content), LAST_BYTES)))


JUNK = st.sampled_from(
    [None, True, -1, 1.5, 2**70, "", "x", "\ud83d", [], {}, [None], {"stringValue": 5}, "NaN", [[[]]]]
)


@pytest.mark.slow
@settings(max_examples=examples(200))
@given(log_records, st.integers(0, 1000), JUNK)
def test_any_value_of_one_record_leaves_its_neighbours(fields: dict[str, Any], which: int, junk: Any) -> None:
    """One value of the JSON between, at any depth, is another one."""
    document = [json_format.MessageToDict(LogRecord(**fields))]
    places = list(_places(document))
    container, key = places[which % len(places)]
    container[key] = junk
    records(receive_json(json_of(json.dumps(document[0]))))


def _places(value: Any) -> Any:
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])
