"""What an OTLP server answered, read by a client: partial success, `google.rpc.Status`, RetryInfo.

Broken answers never raise: an answer that cannot be read says nothing.
Source: OTLP specification, "Partial Success", "Failures", "Throttling".
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class PartialSuccess:
    """Records that the server took out of an accepted request; 0 with a message is a warning."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """`google.rpc.Status` of a refused request; `retry_delay_secs` is None without RetryInfo."""

    code: int = 0
    message: str = ""
    retry_delay_secs: float | None = None


def read_partial_success(body: bytes) -> PartialSuccess:
    """Of a serialised `ExportLogsServiceResponse`."""
    if not body:
        return PartialSuccess()
    try:
        found = ExportLogsServiceResponse.FromString(body).partial_success
    except DecodeError:
        return PartialSuccess()
    return PartialSuccess(found.rejected_log_records, found.error_message[:_MAX_TEXT])


def read_partial_success_json(body: bytes) -> PartialSuccess:
    """Of the same in OTLP JSON; the count may be text."""
    found = _object(_json(body).get("partialSuccess"))
    try:
        rejected = int(str(found.get("rejectedLogRecords", 0)))
    except ValueError:
        rejected = 0
    return PartialSuccess(rejected, str(found.get("errorMessage", ""))[:_MAX_TEXT])


def is_response(body: bytes) -> bool:
    """Whether it is a serialised `ExportLogsServiceResponse`; an empty one is."""
    try:
        ExportLogsServiceResponse.FromString(body)
    except DecodeError:
        return False
    return True


def read_failure(body: bytes) -> Failure:
    """Of a serialised `google.rpc.Status` (HTTP body, or the `grpc-status-details-bin` trailer)."""
    try:
        status = status_pb2.Status.FromString(body)
    except DecodeError:
        return Failure()
    delay = None
    for detail in status.details:
        info = error_details_pb2.RetryInfo()
        if detail.Is(info.DESCRIPTOR) and _unpacks(detail.value, info):
            delay = max(0.0, info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    return Failure(status.code, status.message[:_MAX_TEXT], delay)


def read_failure_json(body: bytes) -> Failure:
    """Of the same in proto3 JSON."""
    status = _json(body)
    code = status.get("code")
    return Failure(code if isinstance(code, int) else 0, str(status.get("message", ""))[:_MAX_TEXT])


def _unpacks(value: bytes, info: error_details_pb2.RetryInfo) -> bool:
    try:
        info.ParseFromString(value)
    except DecodeError:
        return False
    return True


def _json(body: bytes) -> dict[str, object]:
    try:
        return _object(orjson.loads(body))
    except orjson.JSONDecodeError:
        return {}


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
