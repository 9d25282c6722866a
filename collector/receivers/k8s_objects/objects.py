"""An object → a record, as the OpenTelemetry Collector's receiver maps it.

Source: opentelemetry-collector-contrib, receiver/k8sobjectsreceiver.
"""

from __future__ import annotations

import time

from collector.ingress.written import Written
from collector.transport.kubernetes.discovery import Resource
from collector.transport.kubernetes.lists import Object
from otlp_wire.record_writing import attribute_field, body_field, observed_field

SCOPE = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/k8sobjectsreceiver"


def record(kind: str, found: Object, resource: Resource) -> Written:
    """The object as the body; of a change the object and what happened to it."""
    namespace, name = found["metadata"].get("namespace"), found["metadata"].get("name")
    fields = [observed_field(time.time_ns()), attribute_field("k8s.resource.name", resource.name)]
    if kind and name:
        fields += [attribute_field("event.domain", "k8s"), attribute_field("event.name", name)]
    fields.append(body_field({"type": kind, "object": found} if kind else found))
    return Written((("k8s.namespace.name", namespace),) if namespace else (), b"".join(fields))
