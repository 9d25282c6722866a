"""OTLP over gRPC as a client: the method, and what each answer means for delivery.

    OK                                                      ok (with partial success: what the server left out);
                                                            blocked when what comes with it is not OTLP's answer
    CANCELLED DEADLINE_EXCEEDED ABORTED OUT_OF_RANGE        retry, not before RetryInfo's delay
    UNAVAILABLE DATA_LOSS
    UNKNOWN INTERNAL                                        retry (otelcol drops: the request may be fine)
    RESOURCE_EXHAUSTED                                      retry, with fewer calls at once (as for UNAVAILABLE and
                                                            DEADLINE_EXCEEDED); without RetryInfo and about a size: split
    INVALID_ARGUMENT                                        split: the record to blame is found and set aside
    UNAUTHENTICATED PERMISSION_DENIED NOT_FOUND …           blocked: credential, address or configuration

Source: OTLP specification, "Failures"; what it lets a client drop is kept here.
"""

from __future__ import annotations

import re

from collector.outcomes import Blocked, Ok, Retry, Split, Verdict
from collector.transport.grpc_client import GrpcAnswer
from collector.transport.http_answers import NotSent
from otlp_wire.answers import is_response, read_failure, read_partial_success

EXPORT_LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
"""Unary: ExportLogsServiceRequest → ExportLogsServiceResponse."""

_NAMES = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
_RETRYABLE = frozenset({"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"})
_BUSY = frozenset({"DEADLINE_EXCEEDED", "UNAVAILABLE"})
_SERVER_FAULT = frozenset({"UNKNOWN", "INTERNAL"})
_SIZE = re.compile(r"larger than|too (large|big|many|long)|\bsize\b|max(imum)? ", re.IGNORECASE)
_MAX_MESSAGE = 300


def verdict_of(answer: GrpcAnswer | Exception) -> Verdict:
    """The meaning of what a call came to."""
    if isinstance(answer, NotSent):
        return answer.verdict
    if isinstance(answer, Exception):
        return Retry("no answer within the timeout" if isinstance(answer, TimeoutError) else type(answer).__name__)
    return verdict(answer)


def verdict(answer: GrpcAnswer) -> Verdict:
    """The meaning of one answer."""
    name = _NAMES[answer.code] if answer.code < len(_NAMES) else str(answer.code)
    if name == "OK" and not is_response(answer.body):
        return Blocked("OK, but the answer is not OTLP's")
    if name == "OK":
        partial = read_partial_success(answer.body)
        return Ok(partial.rejected, partial.message)
    reason = f"{name}: {answer.message[:_MAX_MESSAGE]}" if answer.message else name
    delay = read_failure(answer.details).retry_delay_secs if answer.details else None
    if name in _RETRYABLE or name in _SERVER_FAULT:
        return Retry(reason, after_secs=delay, throttled=name in _BUSY)
    if name == "RESOURCE_EXHAUSTED":
        too_large = delay is None and _SIZE.search(answer.message)
        return Split(reason, too_large=True) if too_large else Retry(reason, after_secs=delay, throttled=True)
    return Split(reason) if name == "INVALID_ARGUMENT" else Blocked(reason)
