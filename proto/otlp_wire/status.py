"""Answers of an OTLP server, as protobuf and as JSON: `partial_success`, and `google.rpc.Status` with RetryInfo.

Source: OTLP specification, "Partial Success", "Failures" (gRPC and HTTP) and "Throttling".
"""

from __future__ import annotations

import orjson
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

_RETRY_INFO_URL = "type.googleapis.com/google.rpc.RetryInfo"


def retry_info(delay_secs: float) -> bytes:
    """A serialised `google.rpc.RetryInfo`; the delay as whole seconds and nanoseconds, never negative."""
    serialised: bytes = _retry_info(delay_secs).SerializeToString()
    return serialised


def status(code: int, message: str, retry_after_secs: float | None = None) -> bytes:
    """A serialised `google.rpc.Status`, with RetryInfo in its details if there is a delay."""
    answer = status_pb2.Status(code=code, message=message)
    if retry_after_secs is not None:
        answer.details.add(type_url=_RETRY_INFO_URL, value=retry_info(retry_after_secs))
    serialised: bytes = answer.SerializeToString()
    return serialised


def status_json(code: int, message: str, retry_after_secs: float | None = None) -> bytes:
    """The same in proto3 JSON: an `Any` carries its `@type`, a `Duration` is text such as `1.250s`."""
    answer: dict[str, object] = {"code": code, "message": message}
    if retry_after_secs is not None:
        answer["details"] = [{"@type": _RETRY_INFO_URL, "retryDelay": _duration_text(retry_after_secs)}]
    return orjson.dumps(answer)


def partial_success(rejected: int, message: str) -> bytes:
    """A serialised `ExportLogsServiceResponse`; 0 rejected records and a message are a warning."""
    answer = ExportLogsServiceResponse()
    answer.partial_success.rejected_log_records = rejected
    answer.partial_success.error_message = message
    serialised: bytes = answer.SerializeToString()
    return serialised


def partial_success_json(rejected: int, message: str) -> bytes:
    """The same in OTLP JSON, where 64-bit integers are text."""
    told = {"rejectedLogRecords": str(rejected)} if rejected else {}
    return orjson.dumps({"partialSuccess": {**told, "errorMessage": message}})


def _retry_info(delay_secs: float) -> error_details_pb2.RetryInfo:
    info = error_details_pb2.RetryInfo()
    seconds, millis = _split(delay_secs)
    info.retry_delay.seconds, info.retry_delay.nanos = seconds, millis * 1_000_000
    return info


def _split(delay_secs: float) -> tuple[int, int]:
    """Seconds and milliseconds; finer would be noise."""
    return divmod(round(max(0.0, delay_secs) * 1000), 1000)


def _duration_text(delay_secs: float) -> str:
    seconds, millis = _split(delay_secs)
    return f"{seconds}.{millis:03d}s" if millis else f"{seconds}s"
