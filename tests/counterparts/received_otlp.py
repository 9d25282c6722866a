"""What a Collector's fileexporter wrote down, record by record, to be compared with what was sent."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from otlp_wire import json_to_protobuf

_NOTHING: tuple[object, ...] = ({}, b64encode(bytes(16)).decode(), b64encode(bytes(8)).decode())


def records(requests: Iterable[bytes]) -> list[dict[str, Any]]:
    """Each record with its resource and scope, in order; NaN is text here, and equals itself.

    Empty bodies and ids of zeros are left out: the Collector cannot tell them from none.
    """
    return [
        {
            "resource": group.get("resource", {}),
            "resource schema": group.get("schemaUrl", ""),
            "scope": scope.get("scope", {}),
            "scope schema": scope.get("schemaUrl", ""),
            "record": {name: value for name, value in record.items() if value not in _NOTHING},
        }
        for request in requests
        for group in MessageToDict(ExportLogsServiceRequest.FromString(request)).get("resourceLogs", [])
        for scope in group.get("scopeLogs", [])
        for record in scope.get("logRecords", [])
    ]


def written(path: Path) -> list[dict[str, Any]]:
    """The records of a file of OTLP JSON lines; a line that is being written is left out, and what is no UTF-8 is U+FFFD."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return records(json_to_protobuf(line.decode(errors="replace").encode()) for line in lines)
