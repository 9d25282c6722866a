"""OTLP payloads made with the official classes, good and broken."""

from __future__ import annotations

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


def payload(records: int = 1, text: str = "hello") -> bytes:
    """One resource, one scope, `records` records."""
    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    resource_logs.resource.attributes.add(key="service.name").value.string_value = "checkout"
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = "test"
    for number in range(records):
        record = scope_logs.log_records.add(time_unix_nano=1_700_000_000_000_000_000 + number, severity_number=9)
        record.body.string_value = f"{text} {number}"
        record.attributes.append(KeyValue(key="http.route", value=AnyValue(string_value="/api/users/{id}")))
    return bytes(request.SerializeToString())


def field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """A protobuf varint."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def record(content: bytes) -> bytes:
    """A request with one record, given as its serialised fields."""
    return field(1, field(2, field(2, content)))


def nested(depth: int) -> bytes:
    """A record whose body is an array in an array, `depth` times."""
    value = field(1, b"x")
    for _ in range(depth):
        value = field(5, field(1, value))
    return record(field(5, value))
