"""Loki's `PushRequest` in protobuf, to plain values.

Source: grafana/loki, pkg/push/push.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from collector.errors import InvalidPayload
from otlp_wire.inspection import byte_gate
from otlp_wire.messages import DecodeError

_TYPES = {"string": 9, "int64": 3, "int32": 5, "message": 11}
_MESSAGES = {
    "Request": [("streams", 1, "message", "Stream", True)],
    "Stream": [("labels", 1, "string", "", False), ("entries", 2, "message", "Entry", True)],
    "Entry": [
        ("timestamp", 1, "message", "Timestamp", False), ("line", 2, "string", "", False),
        ("metadata", 3, "message", "Pair", True),
    ],
    "Timestamp": [("seconds", 1, "int64", "", False), ("nanos", 2, "int32", "", False)],
    "Pair": [("name", 1, "string", "", False), ("value", 2, "string", "", False)],
}  # fmt: skip
Line = tuple[int, str, dict[str, str]]
"""Nanoseconds since the epoch (0: not told), text, structured metadata."""


def read_push(body: bytes) -> Iterator[tuple[str, list[Line]]]:
    """(labels, such as `{app="x"}`, lines) of each stream. Raises `InvalidPayload`."""
    with byte_gate(len(body)):
        try:
            request = _request_class().FromString(body)
        except DecodeError:
            raise InvalidPayload("invalid protobuf: the body is not Loki's PushRequest") from None
        for stream in request.streams:
            yield (
                stream.labels,
                [
                    (_unix_nano(entry.timestamp), entry.line, {pair.name: pair.value for pair in entry.metadata})
                    for entry in stream.entries
                ],
            )


def _unix_nano(timestamp: Any) -> int:
    moment: int = timestamp.seconds * 1_000_000_000 + timestamp.nanos
    return moment if 0 < moment < 1 << 64 else 0


@cache
def _request_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="loki_push.proto", package="logboom.loki", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, of, repeated in fields:
            message.field.add(
                name=field, number=number, type=_TYPES[kind], label=3 if repeated else 1, type_name=f".logboom.loki.{of}" if of else None
            )  # fmt: skip
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("logboom.loki.Request"))
