"""A part of a payload holds exactly those records, each with its resource and scope."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

import otlp_wire

SHAPES = {
    "one scope": [[7]],
    "two scopes": [[3, 4]],
    "empty groups at every place": [[], [0], [0, 2, 0], [0, 0], [3, 0, 1], [], [0]],
    "a resource for each record": [[1]] * 6,
    "nothing": [[0], []],
}
Row = tuple[int, str, str]


def request(shape: list[list[int]]) -> ExportLogsServiceRequest:
    message, number = ExportLogsServiceRequest(), 0
    for resource, scopes in enumerate(shape):
        resource_logs = message.resource_logs.add(schema_url=f"r{resource}")
        for scope, records in enumerate(scopes):
            scope_logs = resource_logs.scope_logs.add(schema_url=f"r{resource}s{scope}")
            for _ in range(records):
                scope_logs.log_records.add(time_unix_nano=number)
                number += 1
    return message


def rows(body: bytes) -> list[Row]:
    return [
        (record.time_unix_nano, resource.schema_url, scope.schema_url)
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_part(shape: list[list[int]]) -> None:
    body = request(shape).SerializeToString()
    whole = rows(body)
    for first in range(len(whole) + 2):
        assert rows(otlp_wire.cut(body, first, None)) == whole[first:]
        for count in range(len(whole) + 2):
            assert rows(otlp_wire.cut(body, first, count)) == whole[first : first + count]


def test_groups_outside_are_left_out() -> None:
    """Else each of many pieces would carry all of them."""
    part = ExportLogsServiceRequest.FromString(otlp_wire.cut(request([[1, 1]] * 50).SerializeToString(), 41, 2))
    assert [len(resource.scope_logs) for resource in part.resource_logs] == [1, 1]


def test_bytes_that_are_no_request() -> None:
    with pytest.raises(otlp_wire.Undecodable):
        otlp_wire.cut(b"\xff" * 20, 0, 1)
