"""OTLP JSON in: the specification's rules, and refusals that name the place."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request

import otlp_wire
from collector.errors import InvalidPayload
from counterparts.examples import examples

RECORD = "resourceLogs[0].scopeLogs[0].logRecords[0]"
VALUE = f"{RECORD}.attributes[0].value"


def of_record(**fields: Any) -> bytes:
    return orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [fields]}]}]})


def of_value(**value: Any) -> bytes:
    return of_record(attributes=[{"key": "k", "value": value}])


def raw_value(text: str) -> bytes:
    """A value as written, for numbers that no JSON writer gives."""
    return of_value(x=0).replace(b'{"x":0}', text.encode())


def read(body: bytes) -> Request:
    return Request.FromString(otlp_wire.json_to_protobuf(body))


def record(body: bytes) -> Any:
    return read(body).resource_logs[0].scope_logs[0].log_records[0]


FIELDS = {
    "64-bit string": ({"timeUnixNano": "18446744073709551615"}, "time_unix_nano", 2**64 - 1),
    "64-bit number": ({"timeUnixNano": 18446744073709551615}, "time_unix_nano", 2**64 - 1),
    "64-bit beyond 2^53": (
        {"observedTimeUnixNano": 1544712660300000001},
        "observed_time_unix_nano",
        1544712660300000001,
    ),
    "number with an exponent": ({"timeUnixNano": 1.5e18}, "time_unix_nano", 1_500_000_000_000_000_000),
    "enum number": ({"severityNumber": 9}, "severity_number", 9),
    "enum unknown number": ({"severityNumber": 99}, "severity_number", 99),
    "enum name": ({"severityNumber": "SEVERITY_NUMBER_WARN2"}, "severity_number", 14),
    "enum number as text": ({"severityNumber": "17"}, "severity_number", 17),
    "snake_case key": ({"severity_text": "I"}, "severity_text", "I"),
    "hex id": (
        {"traceId": "5b8efff798038103d269b633813fc60c"},
        "trace_id",
        bytes.fromhex("5b8efff798038103d269b633813fc60c"),
    ),
    "hex id in capitals": ({"spanId": "EEE19B7EC3C1B174"}, "span_id", bytes.fromhex("eee19b7ec3c1b174")),
    "empty id": ({"traceId": ""}, "trace_id", b""),
    "null": ({"severityText": None}, "severity_text", ""),
    "flags": ({"flags": 4294967295}, "flags", 2**32 - 1),
    "event name": ({"eventName": "browser.page_view"}, "event_name", "browser.page_view"),
    "dropped attributes as text": ({"droppedAttributesCount": "3"}, "dropped_attributes_count", 3),
    "any text": ({"severityText": 'é\u0000"\\/😀'}, "severity_text", 'é\x00"\\/😀'),
}


@pytest.mark.parametrize(("fields", "name", "value"), FIELDS.values(), ids=FIELDS)
def test_field_is_read(fields: dict[str, Any], name: str, value: object) -> None:
    """Each in the forms that senders use."""
    assert getattr(record(of_record(**fields)), name) == value


VALUES = {
    "string": ('{"stringValue":""}', "string_value", ""),
    "false": ('{"boolValue":false}', "bool_value", False),
    "zero": ('{"intValue":"0"}', "int_value", 0),
    "negative number": ('{"intValue":-1}', "int_value", -1),
    "lowest integer as text": ('{"intValue":"-9223372036854775808"}', "int_value", -(2**63)),
    "lowest integer": ('{"intValue":-9223372036854775808}', "int_value", -(2**63)),
    "whole float": ('{"intValue":3.0}', "int_value", 3),
    "double": ('{"doubleValue":-3.14}', "double_value", -3.14),
    "double as integer": ('{"doubleValue":3}', "double_value", 3.0),
    "double as text": ('{"doubleValue":"3.14e2"}', "double_value", 314.0),
    "infinity": ('{"doubleValue":"-Infinity"}', "double_value", float("-inf")),
    "base64": ('{"bytesValue":"dGVzdA=="}', "bytes_value", b"test"),
    "base64 of URLs, unpadded": ('{"bytesValue":"-_8"}', "bytes_value", b"\xfb\xff"),
    "no bytes": ('{"bytesValue":""}', "bytes_value", b""),
}


@pytest.mark.parametrize(("text", "member", "value"), VALUES.values(), ids=VALUES)
def test_value_is_read(text: str, member: str, value: object) -> None:
    """A zero inside the oneof is kept."""
    found = record(raw_value(text)).attributes[0].value
    assert found.WhichOneof("value") == member
    assert getattr(found, member) == value


def test_empty_values_are_kept_apart() -> None:
    """`{}` is a value without content; null and a missing key are no value; arrays and maps may be empty."""
    pairs = [{"key": "a", "value": {}}, {"key": "b", "value": None}, {"key": "c"}]
    found = record(of_record(attributes=pairs)).attributes
    assert [pair.HasField("value") for pair in found] == [True, False, False]
    assert record(of_record(body={"arrayValue": {}})).body.WhichOneof("value") == "array_value"
    assert record(of_record(body={"kvlistValue": {"values": None}})).body.WhichOneof("value") == "kvlist_value"


def test_an_empty_body_is_none() -> None:
    """As JavaScript's JSON exporter writes a record without a body."""
    assert not record(of_record(body={})).HasField("body")
    assert not record(of_record(body={"unknown": 1})).HasField("body")


def test_names_of_2021_are_read() -> None:
    """`instrumentationLibraryLogs` of senders before opentelemetry-proto 0.15: the messages are the same."""
    logs = {"instrumentationLibrary": {"name": "lib", "version": "1"}, "logs": [{"body": {"stringValue": "a"}}]}
    found = (
        read(orjson.dumps({"resourceLogs": [{"instrumentationLibraryLogs": [logs]}]})).resource_logs[0].scope_logs[0]
    )
    assert (found.scope.name, found.scope.version, found.log_records[0].body.string_value) == ("lib", "1", "a")


def test_unknown_keys_are_ignored_at_every_level() -> None:
    """With whatever they hold."""
    junk = {"unknown": {"a": [1, None, {"b": "c"}]}, "Body": 5}
    value = {"stringValue": "x", **junk}
    body = {
        "resourceLogs": [
            {
                "resource": {"attributes": [{"key": "r", "value": value, **junk}], **junk},
                "scopeLogs": [{"scope": {"name": "s", **junk}, "logRecords": [{"body": value, **junk}], **junk}],
                **junk,
            }
        ],
        **junk,
    }
    request = read(orjson.dumps(body))
    assert request.resource_logs[0].resource.attributes[0].value.string_value == "x"
    assert request.resource_logs[0].scope_logs[0].log_records[0].body.string_value == "x"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"resourceLogs":[]}', b'{"resourceLogs":null}', b'{"key":"value"}', b' {"a":1} ']
)
def test_request_without_records_is_valid(body: bytes) -> None:
    """It becomes the empty request."""
    assert otlp_wire.json_to_protobuf(body) == b""


REFUSED = {
    "not an object": (b"1234", "the document must be an object"),
    "an array": (b"[]", "the document must be an object"),
    "list expected": (b'{"resourceLogs":{}}', "resourceLogs must be an array"),
    "null in a list": (b'{"resourceLogs":[null]}', "resourceLogs[0] must be an object"),
    "trace id too short": (of_record(traceId="abcd"), f"{RECORD}.traceId must be 32 hexadecimal digits, or nothing"),
    "trace id in base64": (of_record(traceId="W47/95gDgQPSabYzgT/GDA=="), f"{RECORD}.traceId must be 32 hex"),
    "trace id of 32 others": (of_record(traceId="zz" * 16), f"{RECORD}.traceId must be 32 hex"),
    "trace id with spaces": (of_record(traceId="ab " * 10 + "ab"), f"{RECORD}.traceId must be 32 hex"),
    "span id of trace length": (of_record(spanId="ab" * 16), f"{RECORD}.spanId must be 16 hex"),
    "span id a number": (of_record(spanId=5), f"{RECORD}.spanId must be 16 hex"),
    "3.f14": (of_value(intValue="3.f14"), f"{VALUE}.intValue must be an integer, as a number or a decimal string"),
    "integer with underscore": (of_value(intValue="1_000"), f"{VALUE}.intValue must be an integer"),
    "integer with space": (of_value(intValue=" 1"), f"{VALUE}.intValue must be an integer"),
    "integer in other digits": (of_value(intValue="\u0661"), f"{VALUE}.intValue must be an integer"),
    "integer as bool": (of_value(intValue=True), f"{VALUE}.intValue must be an integer"),
    "integer as fraction": (of_value(intValue=1.5), f"{VALUE}.intValue must be an integer"),
    "integer too large": (of_value(intValue=2**63), f"{VALUE}.intValue must be an integer from -9223372036854775808"),
    "integer too low": (raw_value('{"intValue":-9223372036854775809}'), f"{VALUE}.intValue must be an integer from"),
    "integer of 100 digits": (of_value(intValue="9" * 100), f"{VALUE}.intValue must be an integer"),
    "time below zero": (of_record(timeUnixNano=-1), f"{RECORD}.timeUnixNano must be an integer from 0 to"),
    "time too large": (
        of_record(timeUnixNano="18446744073709551616"),
        f"{RECORD}.timeUnixNano must be an integer from 0",
    ),
    "flags too large": (of_record(flags=2**32), f"{RECORD}.flags must be an integer from 0 to 4294967295"),
    "enum unknown name": (of_record(severityNumber="LOUD"), f"{RECORD}.severityNumber must be an enum number or name"),
    "enum bool": (of_record(severityNumber=True), f"{RECORD}.severityNumber must be an enum number or name"),
    "double as bool": (of_value(doubleValue=True), f"{VALUE}.doubleValue must be a number"),
    "double as other text": (of_value(doubleValue="inf"), f"{VALUE}.doubleValue must be a number"),
    "double beyond its range": (of_value(doubleValue="1e999"), f"{VALUE}.doubleValue must be a number"),
    "bool as text": (of_value(boolValue="true"), f"{VALUE}.boolValue must be true or false"),
    "string as number": (of_value(stringValue=5), f"{VALUE}.stringValue must be a string"),
    "bytes not base64": (of_value(bytesValue="!"), f"{VALUE}.bytesValue must be a base64 string"),
    "bytes not text": (of_value(bytesValue=[1]), f"{VALUE}.bytesValue must be a base64 string"),
    "two values": (of_value(stringValue="a", intValue=1), f"{VALUE}.intValue must be the only one of its kind"),
    "both spellings": (of_record(severityText="a", severity_text="b"), f"{RECORD}.severity_text must be the only one"),
    "value not an object": (of_record(body="text"), f"{RECORD}.body must be an object"),
    "second attribute": (
        of_record(attributes=[{"key": "a"}, {"key": 5}]),
        f"{RECORD}.attributes[1].key must be a string",
    ),
    "not JSON": (b"resourceLogs", "invalid JSON at line 1 column 1"),
    "nothing": (b"", "invalid JSON at line 1 column 1"),
    "truncated": (of_record(body={"stringValue": "s3cr3t"})[:-9], "invalid JSON at line 1"),
    "trailing comma": (b'{"resourceLogs":[],}', "invalid JSON at line 1"),
    "not UTF-8": (b'{"resourceLogs":"\xff"}', "resourceLogs must be an array"),
    "broken behind what is not UTF-8": (b'{"a":"\xff",\n\n  "b": ]}', "invalid JSON at line 3 column 8"),
    "lone surrogate": (b'{"resourceLogs":"\\ud800"}', "resourceLogs must be an array"),
    "100,000 brackets": (b"[" * 100_000 + b"]" * 100_000, "the document must be an object"),
    "100,000 open brackets": (b"[" * 100_000, "invalid JSON at line 1 column 100001"),
}


@pytest.mark.parametrize(("body", "reason"), REFUSED.values(), ids=REFUSED)
def test_refusal_names_the_place_and_what_belongs_there(body: bytes, reason: str) -> None:
    """Never what was found, and nothing to retry."""
    with pytest.raises(InvalidPayload) as refusal:
        otlp_wire.json_to_protobuf(body)
    assert reason in refusal.value.reason
    assert refusal.value.retry_after_secs is None
    assert "s3cr3t" not in refusal.value.reason


@pytest.mark.parametrize(
    ("levels", "wrap"),
    [
        (48, lambda inner: {"arrayValue": {"values": [inner]}}),
        (32, lambda inner: {"kvlistValue": {"values": [{"key": "k", "value": inner}]}}),
    ],
    ids=["arrays", "maps"],
)
def test_nesting_is_limited_as_in_protobuf(levels: int, wrap: Any) -> None:
    """What JSON lets in, the protobuf parser takes; one level more does not fit, which is said briefly."""
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = wrap(value)
    assert otlp_wire.inspect(otlp_wire.json_to_protobuf(of_record(body=value))).records == 1
    with pytest.raises(InvalidPayload, match="is nested too deeply") as refusal:
        otlp_wire.json_to_protobuf(of_record(body=wrap(value)))
    assert len(refusal.value.reason) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceLogs",
                    "resource",
                    "attributes",
                    "key",
                    "value",
                    "scopeLogs",
                    "scope",
                    "logRecords",
                    "body",
                    "stringValue",
                    "intValue",
                    "doubleValue",
                    "arrayValue",
                    "values",
                    "kvlistValue",
                    "bytesValue",
                    "boolValue",
                    "traceId",
                    "severityNumber",
                    "timeUnixNano",
                    "flags",
                    "schemaUrl",
                    "other",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=examples(150))
@given(JSON)
def test_any_document_is_read_or_refused(document: Any) -> None:
    """Nothing but `InvalidPayload` leaves the reader, and what it makes passes the door."""
    try:
        body = otlp_wire.json_to_protobuf(json.dumps(document).encode())
    except InvalidPayload:
        return
    otlp_wire.inspect(body)
