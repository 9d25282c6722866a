"""An object as a record: the whole of it as the body."""

from __future__ import annotations

import pytest

from collector.receivers.k8s_objects.objects import record
from collector.transport.kubernetes.discovery import Resource
from counterparts.json_door import records
from otlp_wire.record_writing import request

PODS = Resource("pods", "", "v1")
FOUND = {
    "kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "b"}, "generation": 3},
    "spec": {"containers": [{"name": "main", "ready": True, "cpu": 0.5}], "none": None},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["", "ADDED", "MODIFIED", "DELETED"])
def test_body_and_attributes(kind: str) -> None:
    """Of a change the object and what happened to it, and the two attributes of an event."""
    made = record(kind, FOUND, PODS)
    told = records(request({made.resource: [made.record]}))[0]
    assert told["body"] == ({"type": kind, "object": FOUND} if kind else FOUND)
    assert told["resource"] == {"k8s.namespace.name": "shop"}
    named = {"event.domain": "k8s", "event.name": "web"} if kind else {}
    assert told["attributes"] == {"k8s.resource.name": "pods", **named}


def test_what_is_in_no_namespace() -> None:
    """Has no attribute for one."""
    made = record("", {"metadata": {"name": "n1"}}, Resource("nodes", "", "v1", namespaced=False))
    assert made.resource == ()
