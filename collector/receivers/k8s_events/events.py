"""An event of the core's group → a record, as the OpenTelemetry Collector's receiver maps it.

Source: Kubernetes API, Event v1; opentelemetry-collector-contrib, receiver/k8seventsreceiver: names and order of the times.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from collector.ingress.written import Written
from collector.transport.kubernetes.discovery import Resource
from collector.transport.kubernetes.lists import Object
from otlp_wire.record_writing import (
    attribute_field,
    body_field,
    observed_field,
    severity_fields,
    time_field,
)

SCOPE = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/k8seventsreceiver"
_SEVERITIES = {"normal": 9, "warning": 13, "error": 17, "critical": 21}
_NANOS, _MICROS = 10**9, 10**3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = "0001-01-01 00:00:00 +0000 UTC"
_MOST_KNOWN = 10_000


class Events:
    """Makes records of events; from the threads of all namespaces.

    Args:
        dedup_secs: an event that is counted on is a record again after so long at the earliest; 0: each time; negative: never.
        clock: monotonic seconds.
    """

    def __init__(self, dedup_secs: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._dedup_secs, self._clock = dedup_secs, clock
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def record(self, kind: str, found: Object, resource: Resource) -> Written | None:  # noqa: ARG002
        """None: it was told too short a time ago."""
        if self._dedup_secs and self._known(kind, _text(found["metadata"], "uid")):
            return None
        return Written(_resource(found), b"".join(_fields(found)))

    def _known(self, kind: str, uid: str) -> bool:
        now = self._clock()
        with self._lock:
            last = self._last.get(uid, -float("inf"))
            if kind == "MODIFIED" and (self._dedup_secs < 0 or now - last < self._dedup_secs):
                return True
            self._last.pop(uid, None)
            self._last[uid] = now
            if len(self._last) > _MOST_KNOWN:
                del self._last[next(iter(self._last))]
        return False


def _resource(event: Object) -> tuple[tuple[str, str], ...]:
    about = event.get("involvedObject") or {}
    return (
        ("k8s.node.name", _text(event.get("source") or {}, "host")),
        ("k8s.object.kind", _text(about, "kind")),
        ("k8s.object.name", _text(about, "name")),
        ("k8s.object.uid", _text(about, "uid")),
        ("k8s.object.fieldpath", _text(about, "fieldPath")),
        ("k8s.object.api_version", _text(about, "apiVersion")),
        ("k8s.object.resource_version", _text(about, "resourceVersion")),
    )


def _fields(event: Object) -> list[bytes]:
    kind, meta = _text(event, "type"), event["metadata"]
    number = _SEVERITIES.get(kind.lower(), 0)
    at = _at(event)
    attributes: dict[str, Any] = {
        "k8s.event.reason": _text(event, "reason"),
        "k8s.event.action": _text(event, "action"),
        "k8s.event.start_time": _written_time(_text(meta, "creationTimestamp")),
        "k8s.event.name": _text(meta, "name"),
        "k8s.event.uid": _text(meta, "uid"),
        "k8s.namespace.name": _text(event.get("involvedObject") or {}, "namespace"),
        "k8s.event.reporting_controller": _text(event, "reportingComponent"),
        "k8s.event.reporting_instance": _text(event, "reportingInstance"),
    }
    if type(event.get("count")) is int and event["count"]:
        attributes["k8s.event.count"] = event["count"]
    return [
        *([time_field(at)] if at else []),
        observed_field(time.time_ns()),
        severity_fields(number, kind) if number else b"",
        body_field(_text(event, "message")),
        *(attribute_field(key, value) for key, value in attributes.items()),
    ]


def _at(event: Object) -> int:
    """When it happened, ns; 0 where it does not say."""
    times = (_parsed(_text(event, name)) for name in ("eventTime", "lastTimestamp", "firstTimestamp"))
    found = next((one for one in times if one is not None), None)
    return _nanos(found) if found is not None and found > _EPOCH else 0


def _nanos(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * _NANOS + since.microseconds * _MICROS


def _parsed(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _written_time(text: str) -> str:
    """As Go writes a time."""
    found = _parsed(text)
    return found.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC") if found is not None else _NEVER


def _text(found: Object, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
