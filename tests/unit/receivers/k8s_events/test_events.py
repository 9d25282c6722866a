"""An event as a record: the Collector's attributes, severities and times."""

from __future__ import annotations

from typing import Any

import pytest

from collector.ingress.written import Written
from collector.receivers.k8s_events import FACTORY
from collector.receivers.k8s_events.events import SCOPE, Events
from collector.transport.kubernetes.discovery import Resource
from counterparts.followed_cluster import event
from counterparts.json_door import records
from counterparts.received_otlp import records as scoped
from otlp_wire.record_writing import request, scope_field

KIND = Resource("events", "", "v1")
SECOND = 1_767_225_600 * 10**9  # 2026-01-01


def written(found: dict[str, Any], events: Events | None = None, kind: str = "ADDED") -> Written | None:
    return (events or Events()).record(kind, found, KIND)


def record(**fields: Any) -> dict[str, Any]:
    made = written(event(1, **fields))
    assert made is not None
    return records(request({made.resource: [made.record]}))[0]


def test_every_attribute() -> None:
    """What the Collector's receiver sets, and empty texts where the event says nothing."""
    found = record(
        metadata={"name": "web.17a", "namespace": "shop", "uid": "u-1", "creationTimestamp": "2026-01-01T00:00:00Z"},
        involvedObject={
            "kind": "Pod", "namespace": "shop", "name": "web", "uid": "u-2", "apiVersion": "v1", "resourceVersion": "77", "fieldPath": "spec.containers{main}",
        },
        source={"component": "kubelet", "host": "n1"}, reason="BackOff", message="Back-off restarting", type="Warning", count=3, action="Restart",
        reportingComponent="kubelet", reportingInstance="n1",
    )  # fmt: skip
    assert found["resource"] == {
        "k8s.node.name": "n1", "k8s.object.kind": "Pod", "k8s.object.name": "web", "k8s.object.uid": "u-2",
        "k8s.object.fieldpath": "spec.containers{main}", "k8s.object.api_version": "v1", "k8s.object.resource_version": "77",
    }  # fmt: skip
    assert found["attributes"] == {
        "k8s.event.reason": "BackOff", "k8s.event.action": "Restart", "k8s.event.start_time": "2026-01-01 00:00:00 +0000 UTC",
        "k8s.event.name": "web.17a", "k8s.event.uid": "u-1", "k8s.namespace.name": "shop", "k8s.event.reporting_controller": "kubelet",
        "k8s.event.reporting_instance": "n1", "k8s.event.count": 3,
    }  # fmt: skip
    assert (found["body"], found["severity"], found["severity_text"]) == ("Back-off restarting", 13, "Warning")
    assert found["time"] == SECOND


def test_what_is_not_said() -> None:
    """No count, no known severity, no time; nulls are nothing."""
    found = record(
        type="Odd", count=0, source=None, involvedObject=None, message=None, lastTimestamp=None, eventTime=None, metadata={"name": "e"}
    )  # fmt: skip
    assert not {"severity", "severity_text", "time"} & found.keys()
    assert found.get("body", "") == ""
    assert found["attributes"]["k8s.event.start_time"] == "0001-01-01 00:00:00 +0000 UTC"
    assert "k8s.event.count" not in found["attributes"]
    assert set(found["resource"].values()) == {""}


@pytest.mark.parametrize(("kind", "number"), [("Normal", 9), ("warning", 13), ("Error", 17), ("CRITICAL", 21), ("", 0)])
def test_severities(kind: str, number: int) -> None:
    """By type, whatever its case."""
    assert record(type=kind).get("severity", 0) == number


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"eventTime": "2026-01-01T00:00:01.250000Z"}, SECOND + 1_250_000_000),
        ({"eventTime": None}, SECOND),
        ({"lastTimestamp": None, "firstTimestamp": "2026-01-01T00:00:05Z"}, SECOND + 5_000_000_000),
        ({"lastTimestamp": "0001-01-01T00:00:00Z"}, 0),
        ({"lastTimestamp": "yesterday"}, 0),
    ],
)
def test_times(times: dict[str, Any], expected: int) -> None:
    """eventTime, then lastTimestamp, then firstTimestamp."""
    assert record(**times).get("time", 0) == expected


def test_the_scope_is_the_collectors() -> None:
    """Rules that were written for it find it."""
    made = written(event(1))
    assert made is not None
    told = scoped([request({made.resource: [made.record]}, scope_field(SCOPE, "0.1.0", {}))])
    assert told[0]["scope"] == {"name": SCOPE, "version": "0.1.0"}


@pytest.mark.parametrize(("interval", "told"), [("0s", 4), ("10s", 2), ("-1s", 1)])
def test_events_that_are_counted_on(interval: str, told: int) -> None:
    """Each time, at most each so often, never again."""
    now = [0.0]
    events = Events(FACTORY.config.model_validate({"dedup_interval": interval}).dedup_interval, lambda: now[0])
    found = [written(event(1), events)]
    for at in (5.0, 9.0, 10.0):
        now[0] = at
        found.append(written(event(1, count=2), events, "MODIFIED"))
    assert len([one for one in found if one is not None]) == told
