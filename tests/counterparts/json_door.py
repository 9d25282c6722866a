"""A receiver over HTTP, such as `json`, on a free port with a journal in memory behind it, and what it took as plain values."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.admission.admission import Admission
from collector.admission.steps import Check, checks
from collector.component import Context, Factory
from collector.domains.resolver import DomainResolver, DomainRules
from collector.receivers.json import FACTORY
from collector.testing.intake import MemoryIntake


def plain(value: Any) -> Any:
    """An AnyValue as what it means."""
    member = value.WhichOneof("value")
    if member == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
    if member == "array_value":
        return [plain(item) for item in value.array_value.values]
    return getattr(value, member) if member else None


def attributes(pairs: Any) -> dict[str, Any]:
    """Attributes by their keys."""
    return {pair.key: plain(pair.value) for pair in pairs}


def records(payload: bytes) -> list[dict[str, Any]]:
    """Each record of a payload: what it says, without what it does not."""
    found = []
    for group in ExportLogsServiceRequest.FromString(payload).resource_logs:
        for scope in group.scope_logs:
            for record in scope.log_records:
                said = {
                    "time": record.time_unix_nano, "severity": record.severity_number, "severity_text": record.severity_text,
                    "body": plain(record.body), "attributes": attributes(record.attributes),
                    "resource": attributes(group.resource.attributes), "trace_id": record.trace_id.hex(),
                    "span_id": record.span_id.hex(), "flags": record.flags, "event": record.event_name,
                    "dropped": record.dropped_attributes_count,
                }  # fmt: skip
                found.append({name: value for name, value in said.items() if value not in (0, "", None, {})})
    return found


@dataclass(frozen=True)
class Answer:
    """What a sender got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's document."""
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Door:
    """A running receiver."""

    address: str
    intake: MemoryIntake
    admission: Admission

    def post(self, path: str, body: bytes | str, method: str = "POST", **headers: str) -> Answer:
        """One request; header names are written with `_`."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body if isinstance(body, bytes) else body.encode(), named)
        with contextlib.closing(connection), connection.getresponse() as answer:
            return Answer(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())

    @property
    def records(self) -> list[dict[str, Any]]:
        """All that is in the journal."""
        return [record for payload in self.intake.payloads for record in records(payload.body)]


@contextlib.contextmanager
def door(
    factory: Factory[Any], protocol: str, options: Mapping[str, Any], *, rules: DomainRules | None = None,
    extensions: Mapping[str, Any] | None = None, intake: MemoryIntake | None = None,
    before: Sequence[Check] = (), behind: Sequence[Check] = (),
) -> Iterator[Door]:  # fmt: skip
    """A started receiver that listens over HTTP; it is shut down at the end."""
    kept = intake or MemoryIntake()
    admission = Admission(checks(DomainResolver(rules or DomainRules()), before, behind), kept)
    config = factory.config.model_validate(options)
    receiver = factory.create(config, Context(factory.name, Path(), extensions=extensions or {}))
    receiver.start(admission)
    try:
        yield Door(receiver.endpoints()[protocol], kept, admission)
    finally:
        receiver.shutdown(5.0)


def json_door(overrides: Mapping[str, Any] | None = None, **around: Any) -> contextlib.AbstractContextManager[Door]:
    """The `json` receiver so."""
    return door(FACTORY, "json", {"endpoint": "127.0.0.1:0", **(overrides or {})}, **around)
