"""The official protobuf classes are the oracle: what goes through a LogBatch and back means the same."""

from __future__ import annotations

import orjson
import polars as pl
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request

import otlp_wire
from collector.batch import LogBatch, ValueKind, concat
from counterparts.otlp_json import as_otlp_json, as_proto_json
from counterparts.otlp_requests import requests, without_empty_groups

bounded = settings(max_examples=60)


def text(request: Request) -> bytes:
    """Bytes that are equal when two requests mean the same (NaN is no exception)."""
    return request.SerializeToString(deterministic=True)


def expected(parts: list[Request]) -> Request:
    """What a batch of all these payloads holds."""
    whole = Request()
    for part in parts:
        whole.MergeFrom(without_empty_groups(part))
    return whole


def decoded(parts: list[Request]) -> LogBatch:
    return otlp_wire.decode_payloads([part.SerializeToString() for part in parts])


@pytest.mark.slow
@bounded
@given(st.lists(requests, max_size=3))
def test_decode_then_encode_keeps_every_field(parts: list[Request]) -> None:
    """All fields, all kinds of values, nested and empty ones, repeated keys, groups and order survive."""
    assert text(Request.FromString(otlp_wire.encode(decoded(parts)))) == text(expected(parts))


@pytest.mark.slow
@bounded
@given(st.lists(requests, max_size=3))
def test_concat_of_batches_encodes_like_one_batch(parts: list[Request]) -> None:
    """Joining batches is the same as joining payloads."""
    joined = concat([decoded([part]) for part in parts])
    assert text(Request.FromString(otlp_wire.encode(joined))) == text(expected(parts))


@pytest.mark.slow
@bounded
@given(requests, st.data())
def test_filter_keeps_the_other_records_whole(request: Request, data: st.DataObject) -> None:
    """Leaving records out leaves the others, and their groups, as they were; so does `compact`."""
    batch = decoded([request])
    keep = data.draw(st.lists(st.booleans(), min_size=len(batch), max_size=len(batch)))
    wanted, position = Request(), 0
    wanted.CopyFrom(request)
    for resource_logs in wanted.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            records = list(scope_logs.log_records)
            del scope_logs.log_records[:]
            for record in records:
                if keep[position]:
                    scope_logs.log_records.append(record)
                position += 1
    left = batch.filter(pl.Series(keep, dtype=pl.Boolean))
    for version in (left, left.compact()):
        assert text(Request.FromString(otlp_wire.encode(version))) == text(expected([wanted]))


@pytest.mark.slow
@bounded
@given(requests)
def test_json_reads_like_the_official_mapping(request: Request) -> None:
    """OTLP JSON made by google.protobuf.json_format, with its ids in hexadecimal, reads as the same request."""
    body = as_otlp_json(json_format.MessageToDict(request))
    assert text(Request.FromString(otlp_wire.json_to_protobuf(body))) == text(request)


@pytest.mark.slow
@bounded
@given(requests)
def test_json_is_written_like_the_official_mapping(request: Request) -> None:
    """What encode_json writes, json_format reads as the same request, and so do we."""
    written = otlp_wire.encode_json(decoded([request]))
    official = json_format.ParseDict(as_proto_json(written), Request())
    assert text(official) == text(expected([request]))
    again = otlp_wire.decode_payloads([otlp_wire.json_to_protobuf(written)])
    assert otlp_wire.encode_json(again) == written


@pytest.mark.slow
@bounded
@given(requests)
def test_inspect_counts_what_the_official_classes_count(request: Request) -> None:
    """Records, resources and scopes, empty groups too."""
    shape = otlp_wire.inspect(request.SerializeToString())
    scopes = [scope for resource in request.resource_logs for scope in resource.scope_logs]
    assert shape == otlp_wire.Shape(
        records=sum(len(scope.log_records) for scope in scopes),
        resources=len(request.resource_logs),
        scopes=len(scopes),
    )


@pytest.mark.parametrize("level", ["resource", "scope"])
def test_absent_and_empty_messages_stay_apart(level: str) -> None:
    """A Resource or Scope that was left out is not the same as one without content."""
    for present in (True, False):
        request = Request()
        resource_logs = request.resource_logs.add()
        scope_logs = resource_logs.scope_logs.add()
        scope_logs.log_records.add()
        if present:
            (resource_logs.resource if level == "resource" else scope_logs.scope).SetInParent()
        assert Request.FromString(otlp_wire.encode(decoded([request]))) == request


ORDER = {
    "resourceLogs": [
        {
            "resource": {
                "attributes": [
                    {"key": "service.name", "value": {"stringValue": "shop"}},
                    {"key": "process.command_args", "value": {"arrayValue": {"values": [{"stringValue": "-v"}, {}]}}},
                ],
                "droppedAttributesCount": 2,
            },
            "scopeLogs": [
                {
                    "scope": {"name": "shop.orders", "version": "1.2.0"},
                    "logRecords": [
                        {
                            "timeUnixNano": "1723456789000000001",
                            "observedTimeUnixNano": "1723456789000000002",
                            "severityNumber": 17,
                            "severityText": "ERROR",
                            "body": {"stringValue": "order 77 failed: paid twice"},
                            "attributes": [
                                {"key": "order.total", "value": {"doubleValue": 12.5}},
                                {"key": "order.count", "value": {"intValue": "9007199254740993"}},
                                {"key": "order.gift", "value": {"boolValue": False}},
                                {"key": "order.token", "value": {"bytesValue": "AAEC"}},
                            ],
                            "flags": 1,
                            "traceId": "0af7651916cd43dd8448eb211c80319c",
                            "spanId": "b7ad6b7169203331",
                        },
                        {
                            "timeUnixNano": "1723456789000000003",
                            "severityNumber": 9,
                            "body": {
                                "kvlistValue": {
                                    "values": [
                                        {"key": "page", "value": {"stringValue": "/checkout"}},
                                        {"key": "ratio", "value": {"doubleValue": "NaN"}},
                                    ]
                                }
                            },
                            "eventName": "browser.page_view",
                        },
                    ],
                    "schemaUrl": "https://opentelemetry.io/schemas/1.26.0",
                }
            ],
        }
    ]
}


def test_a_log_and_an_event_come_back_as_they_were_written() -> None:
    """OTLP JSON → LogBatch → OTLP JSON, value for value."""
    body = orjson.dumps(ORDER)
    batch = otlp_wire.decode_payloads([otlp_wire.json_to_protobuf(body)])
    assert orjson.loads(otlp_wire.encode_json(batch)) == ORDER
    assert batch.attribute("order.count", ValueKind.INT).to_list() == [9007199254740993, None]
    assert batch.resource_attribute("service.name").to_list() == ["shop", "shop"]
    assert batch.column("event_name").to_list() == ["", "browser.page_view"]
    assert otlp_wire.any_json(batch.column("body_any")).to_list() == [None, '{"page":"/checkout","ratio":"NaN"}']
