"""Valid things to damage: requests made with the official classes, with every field and every kind of value."""

from __future__ import annotations

import random
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

TEXTS = [
    "",
    "a",
    "naïve ✓",
    "x" * 300,
    "\x1b[31mred\x1b[0m",
    'line\nline "quoted" \\',
    "GET /api/users/42 HTTP/1.1 502",
    '{"level":"error"}',
]


def _value(rng: random.Random, value: Any, depth: int) -> None:
    kind = rng.choice(["string", "bool", "int", "double", "bytes", "none", *(["array", "kvlist"] if depth < 4 else [])])
    if kind == "string":
        value.string_value = rng.choice(TEXTS)
    elif kind == "bool":
        value.bool_value = rng.random() < 0.5
    elif kind == "int":
        value.int_value = rng.choice([0, -1, 2**63 - 1, -(2**63), rng.getrandbits(20)])
    elif kind == "double":
        value.double_value = rng.choice([0.0, -0.0, 1e308, 5e-324, float("inf"), float("nan"), rng.random()])
    elif kind == "bytes":
        value.bytes_value = rng.randbytes(rng.randrange(20))
    elif kind == "array":
        for _ in range(rng.randrange(4)):
            _value(rng, value.array_value.values.add(), depth + 1)
        value.array_value.SetInParent()
    elif kind == "kvlist":
        for _ in range(rng.randrange(4)):
            pair = value.kvlist_value.values.add(key=rng.choice(["a", "b", "", "a.b"]))
            _value(rng, pair.value, depth + 1)
        value.kvlist_value.SetInParent()


def _attributes(rng: random.Random, owner: Any) -> None:
    for _ in range(rng.randrange(4)):
        _value(rng, owner.attributes.add(key=rng.choice(["a", "http.route", "", "exception.type", "k" * 50])).value, 0)


def request(rng: random.Random) -> ExportLogsServiceRequest:
    """A valid request of up to a dozen records."""
    message = ExportLogsServiceRequest()
    for _ in range(rng.randrange(1, 3)):
        group = message.resource_logs.add(schema_url=rng.choice(["", "https://opentelemetry.io/schemas/1.38.0"]))
        _attributes(rng, group.resource)
        for _ in range(rng.randrange(1, 3)):
            scope = group.scope_logs.add()
            scope.scope.name = rng.choice(TEXTS)
            _attributes(rng, scope.scope)
            for _ in range(rng.randrange(4)):
                record = scope.log_records.add(
                    time_unix_nano=rng.choice([0, 1_700_000_000_000_000_000, 2**64 - 1]),
                    severity_number=rng.randrange(25), severity_text=rng.choice(["", "INFO", "fatal"]),
                    event_name=rng.choice(["", "device.app.lifecycle"]), flags=rng.getrandbits(32),
                )  # fmt: skip
                _value(rng, record.body, 0)
                _attributes(rng, record)
                if rng.random() < 0.5:
                    record.trace_id, record.span_id = rng.randbytes(16), rng.randbytes(8)
    return message


def protobuf(rng: random.Random) -> bytes:
    """A valid request on the wire."""
    return request(rng).SerializeToString()


def json_text(rng: random.Random) -> str:
    """A valid request as OTLP JSON (ids in hex, as OTLP wants them)."""
    document = json_format.MessageToDict(request(rng))
    for group in document.get("resourceLogs", []):
        for scope in group.get("scopeLogs", []):
            for record in scope.get("logRecords", []):
                for name, size in (("traceId", 16), ("spanId", 8)):
                    if name in record:
                        record[name] = rng.randbytes(size).hex()
    import json

    return json.dumps(document)
