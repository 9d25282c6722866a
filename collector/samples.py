"""Records written by hand (tests of rules, `logboom explain`) → a `LogBatch`, by the way that real ones take.

body: connection refused            # any JSON value
severity: ERROR                     # a name or a number; `severity_text` beside it
attributes: {http.route: /login}
resource: {service.name: shop}
scope: shop.auth                    # the instrumentation scope's name
event_name: app.crash
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

import otlp_wire
from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.pipeline.decode import decode

Sample = Mapping[str, Any]
FIELDS = frozenset(
    [
        "body",
        "severity",
        "severity_number",
        "severity_text",
        "attributes",
        "resource",
        "scope",
        "event_name",
        "time_unix_nano",
        "trace_id",
        "span_id",
        "domain",
    ]
)
SEVERITIES = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}


ONE_RECORD = (
    b"\n+\n\n\n\x08\n\x01a\x12\x03\n\x01b\x12\x1d\n\x00\x12\x19\x10\t*\x0c\n\nGET /ready2\x07\n\x01n\x12\x02\x18\x01"
)
"""A request as it is received: a body, a severity, an attribute and a resource."""


class SampleError(ValueError):
    """The record is not written as it should be."""


def batch_of(samples: Sequence[Sample], domain: str = "default") -> LogBatch:
    """One batch with a row a sample, in order. Raises `SampleError`."""
    groups = [_group(sample) for sample in samples]
    request = orjson.dumps({"resourceLogs": groups})
    return batch_of_json(request, domain)


def batch_of_groups(groups: Sequence[tuple[Sample, Sequence[Sample]]], domain: str = "default") -> LogBatch:
    """As `batch_of`, of samples that have a resource and a scope in common, those of the first of each pair. Raises `SampleError`."""
    found = []
    for common, samples in groups:
        group = _group(common)
        group["scopeLogs"][0]["logRecords"] = [_group(sample)["scopeLogs"][0]["logRecords"][0] for sample in samples]
        found.append(group)
    return batch_of_json(orjson.dumps({"resourceLogs": found}), domain)


def batch_of_json(request: bytes, domain: str = "default") -> LogBatch:
    """A batch of an OTLP JSON `ExportLogsServiceRequest`. Raises `collector.errors.InvalidPayload`."""
    body = otlp_wire.json_to_protobuf(request)
    now_ms = int(time.time() * 1000)
    entry = Entry("0" * 16, 0, domain, "sample", body, otlp_wire.inspect(body).records, now_ms, bytes(16))
    return decode([entry]).batch


def one_record() -> LogBatch:
    """A batch to warm up with: what it takes to read JSON is not loaded for it."""
    return decode([Entry("0" * 16, 0, "default", "sample", ONE_RECORD, 1, int(time.time() * 1000), bytes(16))]).batch


def _group(sample: Sample) -> dict[str, Any]:
    unknown = sorted(set(sample) - FIELDS)
    if unknown:
        raise SampleError(f"a record has no field {unknown[0]!r}; it has {', '.join(sorted(FIELDS))}")
    record: dict[str, Any] = {
        "timeUnixNano": str(sample.get("time_unix_nano", 0)),
        "severityNumber": _severity(sample),
        "severityText": sample.get("severity_text", ""),
        "attributes": _pairs(sample.get("attributes") or {}),
        "eventName": sample.get("event_name", ""),
        "traceId": sample.get("trace_id", ""),
        "spanId": sample.get("span_id", ""),
    }
    if sample.get("body") is not None:
        record["body"] = _any(sample["body"])
    return {
        "resource": {"attributes": _pairs(sample.get("resource") or {})},
        "scopeLogs": [{"scope": {"name": sample.get("scope", "")}, "logRecords": [record]}],
    }


def _severity(sample: Sample) -> int:
    written = sample.get("severity", sample.get("severity_number", 0))
    if isinstance(written, int):
        return written
    name = str(written).upper()
    if name not in SEVERITIES:
        raise SampleError(f"unknown severity {written!r}; write one of {', '.join(SEVERITIES)} or a number")
    return SEVERITIES[name]


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": str(key), "value": _any(value)} for key, value in values.items()]


def _any(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case Mapping():
            return {"kvlistValue": {"values": _pairs(value)}}
        case list() | tuple():
            return {"arrayValue": {"values": [_any(item) for item in value]}}
        case _:
            return {"stringValue": str(value)}
