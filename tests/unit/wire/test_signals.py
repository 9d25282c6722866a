"""Requests of other signals as bodies of records: the same bytes come out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.errors import InvalidPayload, TooLarge
from collector.outcomes import Ok
from otlp_wire import read_payloads, tells_times
from otlp_wire.merged import merged as one_of_each
from otlp_wire.signals import CARRIED, MOST_OBJECTS, joined, json_reader, opened, protobuf_reader, taken
from otlp_wire.wire_fields import varint


def spans(*names: str) -> ExportTraceServiceRequest:
    made = [{"name": name, "trace_id": b"t" * 16, "span_id": b"s" * 8} for name in names]
    return ExportTraceServiceRequest(resource_spans=[{"scope_spans": [{"spans": made}]}])


def test_what_goes_in_comes_out() -> None:
    """Each request is one record; several are one message."""
    requests = [spans("a", "b").SerializeToString(), spans("c").SerializeToString()]
    received = [protobuf_reader("traces")(request) for request in requests]
    assert [one.records for one in received] == [1, 1]
    batch, _ = read_payloads([one.body for one in received])
    assert opened(batch) == requests
    found = ExportTraceServiceRequest.FromString(joined(batch))
    assert [group.scope_spans[0].spans[0].name for group in found.resource_spans] == ["a", "c"]


def test_a_request_that_is_sent_twice_can_be_told() -> None:
    """Its record has a time, and a sender's is looked for only then."""
    assert tells_times(protobuf_reader("traces")(spans("a").SerializeToString()).body)


def test_an_empty_request_is_no_record() -> None:
    assert [protobuf_reader(signal)(b"").records for signal in CARRIED] == [0, 0, 0]
    assert json_reader("traces")(b"{}").records == 0


def test_json_becomes_protobuf() -> None:
    """Ids are hexadecimal, integers may be texts."""
    span = {"traceId": "74" * 16, "spanId": "73" * 8, "parentSpanId": "70" * 8, "name": "a", "kind": 2, "x": 1}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [{**span, "startTimeUnixNano": "1544712660000000000"}]}]}]}
    batch, _ = read_payloads([json_reader("traces")(json.dumps(document).encode()).body])
    found = ExportTraceServiceRequest.FromString(joined(batch)).resource_spans[0].scope_spans[0].spans[0]
    assert (found.trace_id, found.span_id, found.parent_span_id) == (b"t" * 16, b"s" * 8, b"p" * 8)
    assert (found.start_time_unix_nano, found.kind) == (1544712660000000000, 2)
    point = {"asInt": "7", "timeUnixNano": 5}
    metric = {"name": "m", "sum": {"dataPoints": [point], "aggregationTemporality": 2, "isMonotonic": True}}
    metrics = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})
    batch, _ = read_payloads([json_reader("metrics")(metrics.encode()).body])
    sums = ExportMetricsServiceRequest.FromString(joined(batch)).resource_metrics[0].scope_metrics[0].metrics[0].sum
    assert (sums.data_points[0].as_int, sums.is_monotonic) == (7, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[]",
        b'"x"',
        b'{"resourceSpans": 1}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "xyz"}]}]}]}',
    ],
)
def test_json_that_means_nothing_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload, match="invalid OTLP JSON"):
        json_reader("traces")(body)


@pytest.mark.parametrize("signal", CARRIED)
def test_what_is_no_request_is_refused(signal: str) -> None:
    with pytest.raises(InvalidPayload, match="is not an Export"):
        protobuf_reader(signal)(b"\x0a\xff")


def test_text_that_is_cut_within_a_character_costs_nothing_else() -> None:
    """As in logs: the request would be refused, and lost, for it."""
    request = spans("größe", "b").SerializeToString().replace("ö".encode(), b"\xc3x")
    received = protobuf_reader("traces")(request)
    assert received.repairs.counts == {"text": 1}
    assert received.repairs.message().startswith("resource_spans.scope_spans.spans.name is not UTF-8")
    batch, _ = read_payloads([received.body])
    found = ExportTraceServiceRequest.FromString(joined(batch)).resource_spans[0].scope_spans[0]
    assert [span.name for span in found.spans] == ["gr\ufffdxße", "b"]
    assert {(span.trace_id, span.span_id) for span in found.spans} == {(b"t" * 16, b"s" * 8)}


@pytest.mark.parametrize("signal", CARRIED)
def test_what_is_nested_without_end_is_refused(signal: str) -> None:
    """Whatever stands in it, and whoever reads it."""
    nested = b""
    for _ in range(3000):
        nested = _sized(b"\x2a", _sized(b"\x0a", nested))
    attribute = _sized(b"\x0a", _sized(b"\x0a", b"\xff") + _sized(b"\x12", nested))
    with pytest.raises(InvalidPayload, match="is not an Export"):
        protobuf_reader(signal)(_sized(b"\x0a", _sized(b"\x0a", attribute)))


def _sized(tag: bytes, content: bytes) -> bytes:
    return tag + varint(len(content)) + content


def test_a_request_is_checked_without_an_object_for_each_span() -> None:
    """Spans of two bytes would take a hundred times that; what is checked is the same."""
    request = spans("größe", "b").SerializeToString()
    merged = one_of_each(ExportTraceServiceRequest)
    assert merged.FromString(request).resource_spans.scope_spans.spans.name == "b"
    for at in range(len(request)):
        for byte in (0, 0x0A, 0x0B, 0x7F, 0xFF):
            changed = request[:at] + bytes([byte]) + request[at + 1 :]
            assert reads(merged, changed) == reads(ExportTraceServiceRequest, changed), changed


def reads(message: Any, body: bytes) -> bool:
    try:
        message.FromString(body)
    except DecodeError:
        return False
    return True


def test_what_a_server_leaves_out_is_told() -> None:
    """Spans are no records of ours: the request was delivered."""
    assert taken(Ok(), "traces") == Ok()
    assert taken(Ok(3, "too old"), "traces") == Ok(0, "the server left out 3 of the traces: too old", 1)


def test_json_of_too_many_objects_is_refused_unread() -> None:
    """Each would be an object here."""
    spans_of = b'{"resourceSpans":[{"scopeSpans":[{"spans":[%s]}]}]}'
    with pytest.raises(TooLarge, match="send smaller batches"):
        json_reader("traces")(spans_of % b",".join([b"{}"] * MOST_OBJECTS))
    assert json_reader("traces")(spans_of % b",".join([b"{}"] * 1000)).records == 1
