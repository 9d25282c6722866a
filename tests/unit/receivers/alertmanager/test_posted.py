"""Posted alerts as Alertmanager takes and refuses them, and the events that they become."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from collector.alert_commands import ANNOTATIONS, ENDS, LABELS, RECEIVED
from collector.errors import InvalidPayload
from collector.receivers.alertmanager.config import AlertmanagerReceiverConfig
from collector.receivers.alertmanager.events import reader, severity
from collector.receivers.alertmanager.posted import Posted, posted
from otlp_wire import read_payloads

SECOND = 1_000_000_000
NOW = 1_772_366_400 * SECOND  # 2026-03-01T12:00:00Z
TIMEOUT = 300 * SECOND
PROMETHEUS = {
    "labels": {"alertname": "HighErrorRate", "instance": "10.0.0.7:9090", "job": "shop", "severity": "page", "env": "production"},
    "annotations": {"summary": "errors of shop are at 12 %", "runbook_url": "https://runbooks.example/shop"},
    "startsAt": "2026-03-01T11:59:00.123Z", "endsAt": "2026-03-01T12:04:00.123456789Z",
    "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up",
}  # fmt: skip
"""As Prometheus 3 posts it."""


def taken(*alerts: Any) -> tuple[list[Posted], list[str]]:
    return posted(json.dumps(list(alerts)).encode(), NOW, TIMEOUT)


def test_prometheus_is_understood() -> None:
    (alert,), bad = taken(PROMETHEUS)
    assert bad == []
    assert (alert.starts - (NOW - 60 * SECOND), alert.ends - (NOW + 240 * SECOND)) == (123_000_000, 123_456_000)
    assert list(alert.labels) == sorted(PROMETHEUS["labels"])
    assert alert.url == PROMETHEUS["generatorURL"]


@pytest.mark.parametrize(
    ("said", "starts", "ends"),
    [
        ({}, NOW, NOW + TIMEOUT),
        ({"startsAt": "0001-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00.000Z"}, NOW, NOW + TIMEOUT),
        ({"startsAt": "2026-03-01T13:00:00+02:00"}, NOW - 3600 * SECOND, NOW + TIMEOUT),
        ({"endsAt": "2026-03-01T11:00:00Z"}, NOW - 3600 * SECOND, NOW - 3600 * SECOND),
    ],
    ids=["none", "Go's zero", "a zone", "an end alone"],
)
def test_times_that_are_missing_are_as_alertmanager_makes_them(said: dict[str, str], starts: int, ends: int) -> None:
    (alert,), _ = taken({"labels": {"alertname": "x"}, **said})
    assert (alert.starts, alert.ends) == (starts, ends)


BAD: list[tuple[Any, str]] = [
    (7, "an object is needed"),
    ({}, "at least one label pair required"),
    ({"labels": {"a": ""}}, "at least one label pair required"),
    ({"labels": {"a": 7}}, "labels: 'a' is no name with a text"),
    ({"labels": {"": "x"}}, "labels: '' is no name with a text"),
    ({"labels": [], "annotations": {}}, "labels: an object of at most 64 texts is needed"),
    ({"labels": {f"l{n}": "x" for n in range(65)}}, "labels: an object of at most 64 texts is needed"),
    ({"labels": {"a": "x" * 5000}}, "labels: 'a' is too long"),
    ({"labels": {"a": "x"}, "startsAt": "2026-03-01T12:00:00Z", "endsAt": "2026-03-01T11:00:00Z"}, "start time must be before end time"),
    ({"labels": {"a": "x"}, "startsAt": "yesterday"}, "startsAt: a time such as"),
    ({"labels": {"a": "x"}, "startsAt": "2026-03-01T12:00:00"}, "startsAt: a time such as"),
    ({"labels": {"a": "x"}, "endsAt": 7}, "endsAt: a time such as"),
]  # fmt: skip


@pytest.mark.parametrize(("alert", "why"), BAD, ids=[str(n) for n in range(len(BAD))])
def test_what_is_none_is_told_and_the_others_are_taken(alert: Any, why: str) -> None:
    good, (bad,) = taken(PROMETHEUS, alert, PROMETHEUS)
    assert len(good) == 2
    assert bad.startswith(f"alert 1: {why}")


@pytest.mark.parametrize("body", [b"{", b"{}", b"null", b"\xff"])
def test_a_body_is_a_list(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        posted(body, NOW, TIMEOUT)


def test_a_url_that_is_none_is_left_out() -> None:
    (alert,), bad = taken({**PROMETHEUS, "generatorURL": "javascript:alert(1)"})
    assert (alert.url, bad) == ("", [])


LEVELS: list[tuple[dict[str, str], int]] = [
    ({"severity": "critical"}, 18),
    ({"severity": "warning"}, 13),
    ({"severity": "info"}, 9),
    ({"severity": "error"}, 17),
    ({"severity": "page"}, 21),
    ({"severity": "P3"}, 5),
    ({"priority": "warning"}, 13),
    ({"severity": "unheard of"}, 13),
    ({}, 13),
]


@pytest.mark.parametrize(("labels", "number"), LEVELS, ids=[str(n) for n in range(len(LEVELS))])
def test_how_bad_it_is_stands_in_a_label(labels: dict[str, str], number: int) -> None:
    config = AlertmanagerReceiverConfig(severities={"page": "critical", "P3": "debug"})
    assert severity(config, Posted({"alertname": "x", **labels}, {}, 1, 2))[1] == number


def test_an_alert_is_an_event_with_its_labels_as_attributes() -> None:
    config = AlertmanagerReceiverConfig(severities={"page": "critical"})
    hostile = {"alertname": "x", "logboom.issue.id": "forged", "logboom.alert.ends": "0", "app": "cart"}
    alerts, _ = taken(PROMETHEUS, {"labels": hostile})
    received = reader(config, alerts, NOW)(b"")
    batch, _ = read_payloads([received.body])
    assert received.records == 2
    assert batch.column("event_name").to_list() == [RECEIVED, RECEIVED]
    assert batch.column("body").to_list() == ["errors of shop are at 12 %", "x"]
    assert batch.column("severity_number").to_list() == [21, 13]
    assert batch.column("time_unix_nano").to_list()[1] == NOW
    assert batch.resource_attribute_text("service.name").to_list() == ["shop", "cart"]
    assert batch.attribute_text("deployment.environment.name").to_list() == ["production", None]
    assert batch.attribute_text("instance").to_list() == ["10.0.0.7:9090", None]
    assert batch.attribute_text("logboom.triage.rule").to_list() == ["HighErrorRate", "x"]
    assert batch.attribute_text("logboom.issue.id").to_list() == [None, None], "a label is no word of ours"
    assert batch.attribute_text(ENDS).to_list()[1] == str(NOW + TIMEOUT)
    assert orjson.loads(batch.attribute_text(LABELS)[0]) == PROMETHEUS["labels"]
    assert orjson.loads(batch.attribute_text(ANNOTATIONS)[0]) == PROMETHEUS["annotations"]
