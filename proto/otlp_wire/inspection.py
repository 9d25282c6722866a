"""What is at the door: is this payload valid, and how much is in it?

    counted   records stay bytes: how many, in how many groups
    checked   all records merged into one: texts, nesting, framing, wire types of groups, lengths of ids

upb builds objects for the whole payload, and of hostile bytes many. So payloads over 1 MiB are parsed one at a time, and
nothing of a parsed message outlives the call.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from google.protobuf.unknown_fields import UnknownFieldSet

from collector.errors import InvalidPayload, TooLarge
from otlp_wire.merged import CheckedRequest, CountedRequest, SevereRequest, SummedRequest
from otlp_wire.messages import DecodeError, ExportLogsServiceRequest

MAX_RECORDS = 100_000
"""Log records of one request. SDKs send 512, Collectors 8,192; a worker takes a second for so many."""
MAX_GROUPS = 100_000
MAX_WRITTEN_BYTES = 64 << 20
"""Of the records that a body becomes, or eight times that body: what is said once and stands in each (labels, a tag, headers) would
else make gigabytes of a megabyte."""
_LARGE_BYTES = 1 << 20
_one_large_payload = threading.Lock()

# Fields of our groups by number. A parser keeps a known field that has the wrong wire type as an unknown one, which
# would lose records in silence. The same holds for `instrumentation_library_logs` under its later number.
FORMER_SCOPE_LOGS = 1000
"""`ResourceLogs.deprecated_instrumentation_library_logs` of opentelemetry-proto 0.15 to 0.19; its messages are ScopeLogs."""
_KNOWN = {
    message.name: frozenset(field.number for field in message.fields)
    for message in (
        ExportLogsServiceRequest.DESCRIPTOR,
        ExportLogsServiceRequest.DESCRIPTOR.fields_by_name["resource_logs"].message_type,
        ExportLogsServiceRequest.DESCRIPTOR.fields_by_name["resource_logs"]
        .message_type.fields_by_name["scope_logs"]
        .message_type,
    )
}
_KNOWN["ResourceLogs"] |= {FORMER_SCOPE_LOGS}
_FEW = 16
"""Records whose ids are looked at one by one; in larger requests that costs a third of the check."""
_COUNTED, _SUMMED, _CHECKED = CountedRequest.FromString, SummedRequest.FromString, CheckedRequest.FromString
_TRACE_ID_BYTES, _SPAN_ID_BYTES = frozenset((0, 16)), frozenset((0, 8))


class Shape(NamedTuple):
    """How much a payload holds: log records, `ResourceLogs` and `ScopeLogs`."""

    records: int
    resources: int
    scopes: int

    @property
    def groups(self) -> int:
        """Resources and scopes."""
        return self.resources + self.scopes


def byte_gate(size: int) -> AbstractContextManager[Any]:
    """Held while `size` bytes are parsed: one large payload at a time in this process."""
    return _one_large_payload if size > _LARGE_BYTES else nullcontext()


def inspect(body: bytes, *, max_groups: int = MAX_GROUPS, max_records: int = MAX_RECORDS) -> Shape:
    """Count what is in an `ExportLogsServiceRequest`, and check it with the official parser.

    Raises:
        InvalidPayload: the bytes are not a valid request, or an id in it is not as long as it must be; the reason never
            quotes them.
        TooLarge: more than `max_groups` resources and scopes, or more than `max_records` records.
    """
    if len(body) <= _LARGE_BYTES:
        return _inspected(body, max_groups, max_records)
    with _one_large_payload:
        return _inspected(body, max_groups, max_records)


def counted(body: bytes) -> int:
    """Records of a request that is known to be one."""
    return sum(len(scope.log_records) for group in _COUNTED(body).resource_logs for scope in group.scope_logs)


def _inspected(body: bytes, max_groups: int, max_records: int) -> Shape:
    try:
        shape = _count(_COUNTED(body), max_groups, max_records)
        # Records whose ids are looked at one by one, or all together.
        if shape[0] > _FEW and _sums_fit(_checked_groups(_SUMMED(body))):
            return shape
        fit = ids_fit(_checked_groups(_CHECKED(body)))
    except DecodeError as error:
        raise InvalidPayload(_reason(str(error))) from None
    if not fit:
        raise InvalidPayload("invalid protobuf: a trace id must be of 16 bytes, a span id of 8")
    return shape


def _checked_groups(request: Any) -> Any:
    """All records of a `CheckedRequest` or `SummedRequest` as the one that they are; its groups are as they should be."""
    resource_logs = request.resource_logs
    scope_logs = resource_logs.scope_logs
    if len(UnknownFieldSet(request)) or len(UnknownFieldSet(resource_logs)) or len(UnknownFieldSet(scope_logs)):
        for group in (request, resource_logs, scope_logs):
            _check_wire_types(group)
    return scope_logs.log_records


def _sums_fit(record: Any) -> bool:
    """Whether the ids of all records are together as long as pairs of whole ones, and the first is no text. What this
    takes for right although it is not (lengths that make up for each other) is emptied when it is decoded, untold."""
    numbers = record.trace_id
    if len(numbers) != 2 * len(record.span_id):
        return False
    return not numbers or not numbers[0].to_bytes(8, "little").isascii()


def ids_fit(record: Any) -> bool:
    """Whether the trace and span ids of all records (the one of a `CheckedRequest`) are absent or whole."""
    return _TRACE_ID_BYTES.issuperset(map(len, record.trace_id)) and _SPAN_ID_BYTES.issuperset(map(len, record.span_id))


def severities(body: bytes) -> tuple[frozenset[int], frozenset[str]]:
    """The severity numbers and texts of a valid request, each once. For few requests."""
    with byte_gate(len(body)):
        record = _parse(SevereRequest, body).resource_logs.scope_logs.log_records
        return frozenset(record.severity_number), frozenset(record.severity_text)


def tells_times(body: bytes) -> bool:
    """Whether every record of a request carries its time or the time it was observed. A request that can't be read has
    no record without. Looks at each record: for few requests."""
    with byte_gate(len(body)):
        try:
            request = ExportLogsServiceRequest.FromString(body)
        except DecodeError:
            return True
        return all(
            record.time_unix_nano or record.observed_time_unix_nano
            for resource_logs in request.resource_logs
            for scope_logs in resource_logs.scope_logs
            for record in scope_logs.log_records
        )


def _parse(message: Any, body: bytes) -> Any:
    try:
        return message.FromString(body)
    except DecodeError as error:
        raise InvalidPayload(_reason(str(error))) from None


def _reason(text: str) -> str:
    if "UTF-8" in text:
        return "invalid protobuf: a text field is not UTF-8"
    if "Depth" in text:
        return "invalid protobuf: values are nested too deep"
    return "invalid protobuf: the body is not an ExportLogsServiceRequest (truncated or malformed)"


def _count(request: Any, max_groups: int, max_records: int) -> Shape:
    groups = request.resource_logs
    if len(groups) == 1 and max_groups > 1:
        parts = groups[0].scope_logs
        if len(parts) == 1:  # as most requests are: half of the steps in Python
            records = len(parts[0].log_records)
            if records > max_records:
                check_records(records, max_records)
            return Shape(records, 1, 1)
    return _count_groups(groups, max_groups, max_records)


def _count_groups(groups: Any, max_groups: int, max_records: int) -> Shape:
    records = scopes = 0
    resources = len(groups)
    for resource_logs in groups:
        parts = resource_logs.scope_logs
        scopes += len(parts)
        if resources + scopes > max_groups:
            raise TooLarge(f"more than {max_groups} resources and scopes in one request: send them in smaller batches")
        for scope_logs in parts:
            records += len(scope_logs.log_records)
    if records > max_records:
        check_records(records, max_records)
    return Shape(records, resources, scopes)


def check_records(records: int, max_records: int = MAX_RECORDS) -> None:
    """Raises `TooLarge` for a request of more records than that."""
    if records > max_records:
        raise TooLarge(
            f"{records} records in one request, the limit is {max_records}: send smaller batches (`send_batch_max_size` "
            "of a Collector's batch processor, OTEL_BLRP_MAX_EXPORT_BATCH_SIZE of an SDK)"
        )


def bounded(records: Iterable[bytes], sent: int) -> list[bytes]:
    """Records as they are written of a body of `sent` bytes. Raises `TooLarge` for more of them, or of their bytes, than a request may hold,
    before they are there."""
    kept: list[bytes] = []
    left = max(MAX_WRITTEN_BYTES, 8 * sent)
    for record in records:
        left -= len(record)
        if left < 0:
            raise TooLarge(
                f"records of more than {MAX_WRITTEN_BYTES >> 20} MiB of one request: what it says once stands in each of them; send "
                "smaller batches"
            )
        if len(kept) >= MAX_RECORDS:
            check_records(len(kept) + 1)
        kept.append(record)
    return kept


def _check_wire_types(message: Any) -> None:
    unknown = UnknownFieldSet(message)
    known = _KNOWN[message.DESCRIPTOR.name]
    for index in range(len(unknown)):
        field = unknown[index]
        if field.field_number in known:
            raise InvalidPayload(
                f"invalid protobuf: field {field.field_number} of {message.DESCRIPTOR.name} is not as it should be"
            )
