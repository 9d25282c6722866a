"""Requests of traces, metrics and profiles, which are carried as they are: each travels as the body of one log record.

    ExportTraceServiceRequest ──receive──► ExportLogsServiceRequest { one record, its body these bytes } ──opened──► the same bytes

So journal, ledger, outbox and dead letters know nothing of it, and requests join: several in a row are one message of protobuf (not
those of profiles, which delivery keeps apart: each has a dictionary, in which its numbers are positions). The record has a time, that
of nobody, so that a request which is sent twice is found to be one.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.profiles.v1development import profiles_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from collector.errors import InvalidPayload, TooLarge
from collector.outcomes import Ok
from otlp_wire.inspection import byte_gate
from otlp_wire.json_reading import read_message
from otlp_wire.json_schema import Mismatch
from otlp_wire.merged import merged
from otlp_wire.messages import AnyValue, ExportLogsServiceRequest
from otlp_wire.receiving import Received
from otlp_wire.repairs import Repairs
from otlp_wire.text_repair import with_readable_text
from otlp_wire.wire_fields import Malformed

if TYPE_CHECKING:
    from collector.batch import LogBatch

_REQUESTS: Final[dict[str, Any]] = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "profiles": profiles_service_pb2.ExportProfilesServiceRequest,
}
CARRIED = tuple(_REQUESTS)
"""The signals beside logs."""
METHODS = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "profiles": "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
}
"""Signal → its unary method of gRPC."""
_NOBODYS_TIME = 1
_IDS = frozenset({"traceId", "spanId", "parentSpanId"})
MOST_OBJECTS = 500_000
"""Objects of a request in JSON: four megabytes of spans have some hundred thousand, of empty ones two millions, which take a hundred times their bytes."""


def protobuf_reader(signal: str) -> Callable[[bytes], Received]:
    """What makes a record of a request in protobuf. Raises `InvalidPayload`, which never quotes the body."""
    return partial(_read_protobuf, signal)


def json_reader(signal: str) -> Callable[[bytes], Received]:
    """The same of OTLP JSON, which becomes protobuf here: ids are hexadecimal, unknown keys ignored. Raises `TooLarge`, too."""
    return partial(_read_json, signal)


def opened(batch: LogBatch) -> Sequence[bytes]:
    """The requests that the records of a batch carry, in their order."""
    return [AnyValue.FromString(body).bytes_value for body in batch.column("body_any").drop_nulls()]


def joined(batch: LogBatch) -> bytes:
    """The same as one request: messages of protobuf in a row are one."""
    return b"".join(opened(batch))


def as_json(signal: str, body: bytes) -> bytes:
    """A request as OTLP JSON: enumerations are numbers, ids hexadecimal. What is no request of that signal is an error of the caller's."""
    message = _REQUESTS[signal].FromString(body)
    return orjson.dumps(_with_hex_ids(MessageToDict(message, use_integers_for_enums=True)))


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: b64decode(inner).hex() if key in _IDS and isinstance(inner, str) else _with_hex_ids(inner)
            for key, inner in value.items()
        }
    return [_with_hex_ids(each) for each in value] if isinstance(value, list) else value


def taken(answer: Ok, signal: str) -> Ok:
    """The verdict on requests of which the server left out something: what it counts (spans, points) are no records here, so it is told."""
    if not answer.rejected:
        return answer
    return Ok(0, f"the server left out {answer.rejected} of the {signal}: {answer.warning}".removesuffix(": "), 1)


def _read_protobuf(signal: str, body: bytes) -> Received:
    with byte_gate(len(body)):
        try:
            merged(_REQUESTS[signal]).FromString(body)  # spans and points themselves may take a hundred times the bytes
        except DecodeError:
            return _read_repaired(_REQUESTS[signal], body)
        return _record_of(body)


def _read_repaired(request: Any, body: bytes) -> Received:
    """Text that was cut within a character is common, and a request with it would be lost: its sender takes a refusal for final."""
    repairs = Repairs()
    try:
        body = with_readable_text(request.DESCRIPTOR, memoryview(body), repairs)
        merged(request).FromString(body)
    except (DecodeError, Malformed):
        name = request.DESCRIPTOR.name
        raise InvalidPayload(f"invalid protobuf: the body is not an {name} (truncated or malformed)") from None
    return _record_of(body)._replace(repairs=repairs)


def _read_json(signal: str, body: bytes) -> Received:
    request = _REQUESTS[signal]
    if body.count(b"{") > MOST_OBJECTS:
        raise TooLarge(f"more than {MOST_OBJECTS} objects in one request: send smaller batches")
    with byte_gate(len(body)):
        try:
            document = orjson.loads(body)
            return _record_of(request(**read_message(document, request.DESCRIPTOR)).SerializeToString())
        except orjson.JSONDecodeError:
            raise InvalidPayload("invalid OTLP JSON: the document can't be read") from None
        except Mismatch as mismatch:
            raise InvalidPayload(f"invalid OTLP JSON: a value is not {mismatch.expected}") from None


def _record_of(body: bytes) -> Received:
    if not body:
        return Received(b"", 0, 0, Repairs())
    record = {"time_unix_nano": _NOBODYS_TIME, "body": {"bytes_value": body}}
    request = ExportLogsServiceRequest(resource_logs=[{"scope_logs": [{"log_records": [record]}]}])
    return Received(request.SerializeToString(), 1, 2, Repairs())
