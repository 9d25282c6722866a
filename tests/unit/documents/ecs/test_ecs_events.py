"""What Elastic Security reads of a record: its kind, category and outcome, its ends, its rule."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from collector.documents.ecs import ecs_json
from collector.testing.row_batch import Nested, Row, batch_of
from otlp_wire import any_from_python


def said(attributes: dict[str, Any], derived: dict[str, str], fields: dict[str, Any]) -> dict[str, Any]:
    """The document of one record, dotted."""
    batch = batch_of([Row("0" * 26, list(attributes.items()), fields=fields)])
    [text] = ecs_json(batch.with_attributes({key: pl.Series([value]) for key, value in derived.items()}))
    return flat(json.loads(text))


def flat(node: dict[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in node.items():
        found |= flat(item, f"{path}{key}.") if isinstance(item, dict) else {path + key: item}
    return found


RULE, LEVEL = "logboom.triage.rule", "logboom.triage.level"
CASES: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, Any], dict[str, Any]]] = {
    "an ordinary line": (
        {}, {RULE: "severity/info"}, {"severity_number": 9},
        {"event.kind": "event", "event.category": None, "event.type": ["info"], "event.outcome": None,
         "event.severity": 9, "rule.id": "severity/info", "rule.category": "severity", "rule.ruleset": "logboom",
         "event.dataset": "logboom.logs", "ecs.version": "8.17.0", "organization.id": "tamyla.com"},
    ),
    "a failed login by rule": (
        {"client.address": "10.1.2.3", "client.port": 4711, "enduser.id": "u1"}, {RULE: "security/login-failed"}, {},
        {"event.category": ["authentication", "intrusion_detection"], "event.type": ["start", "info"],
         "event.outcome": "failure", "source.ip": "10.1.2.3", "source.port": 4711, "client.ip": "10.1.2.3",
         "user.id": "u1", "related.ip": ["10.1.2.3"], "related.user": ["u1"]},
    ),
    "a login by event name": (
        {"http.response.status_code": 200}, {}, {"event_name": "user.login"},
        {"event.category": ["authentication", "web"], "event.type": ["start", "access"], "event.outcome": "success",
         "event.action": "user.login"},
    ),
    "a logout": ({}, {}, {"event_name": "session.logout"}, {"event.category": ["authentication"], "event.type": ["end"]}),
    "an exchange that failed": (
        {"http.method": "GET", "http.status_code": "503", "net.peer.ip": "::1", "url.path": "/a"}, {}, {},
        {"event.category": ["web"], "event.type": ["access", "error"], "event.outcome": "failure",
         "http.response.status_code": 503, "http.request.method": "GET", "source.ip": "::1", "labels.net_peer_ip": "::1"},
    ),
    "a call that we made": (
        {"url.full": "https://pay.example/x", "network.peer.address": "203.0.113.9", "network.peer.port": 443,
         "network.local.address": "10.0.0.5"}, {}, {},
        {"destination.ip": "203.0.113.9", "destination.port": 443, "source.ip": "10.0.0.5", "source.port": None,
         "related.ip": ["10.0.0.5", "203.0.113.9"]},
    ),
    "an exception": (
        {"exception.type": "ValueError", "exception.stacktrace": "at line 1", "exception.message": "no"}, {},
        {"severity_number": 17},
        {"event.type": ["error"], "event.outcome": "failure", "error.type": "ValueError", "error.message": "no",
         "error.stack_trace": "at line 1"},
    ),
    "a slow query": ({"db.system": "postgresql"}, {}, {}, {"event.category": ["database"], "event.type": ["access"]}),
    "malware": (
        {}, {RULE: "security/malware"}, {}, {"event.category": ["malware"], "event.type": ["info"]},
    ),
    "a finding of ours": ({}, {}, {"event_name": "logboom.issue.opened"}, {"event.kind": "alert"}),
    "the sender knows better": (
        {"event.kind": "signal", "event.outcome": "unknown", "event.dataset": "nginx.access"}, {}, {"severity_number": 17},
        {"event.kind": "signal", "event.outcome": "unknown", "labels.event_dataset": "nginx.access"},
    ),
    "values that do not fit": (
        {"client.port": "https", "host.ip": "web-1", "event.kind": "odd", "client.address": "web-1", "process.pid": 1.5},
        {}, {},
        {"client.port": None, "labels.client_port": "https", "host.ip": None, "labels.host_ip": "web-1",
         "event.kind": "event", "labels.event_kind": "odd", "client.address": "web-1", "client.ip": None,
         "source.address": "web-1", "source.ip": None, "labels.process_pid": "1.5"},
    ),
    "numbers where texts stand": (
        {"user.id": 7, "thread.name": True, "my.own": 1.5}, {}, {},
        {"user.id": "7", "process.thread.name": "true", "labels.my_own": "1.5"},
    ),
    "lists and maps": (
        {"host.ip": Nested(any_from_python(["10.0.0.1", "::1"])), "user": Nested(any_from_python({"name": "ann"})),
         "rows": Nested(any_from_python([{"a": 1}]))}, {}, {},
        {"host.ip": ["10.0.0.1", "::1"], "user.name": "ann", "labels.rows": '[{"a":1}]'},
    ),
    "where in the code": (
        {"code.file.path": "a.py", "code.line.number": 7, "code.function.name": "f"}, {}, {},
        {"log.origin.file.name": "a.py", "log.origin.file.line": 7, "log.origin.function": "f"},
    ),
    "observed later": (
        {}, {}, {"time_unix_nano": 10**9, "observed_time_unix_nano": 2 * 10**9},
        {"@timestamp": "1970-01-01T00:00:01.000000000Z", "event.created": "1970-01-01T00:00:02.000000000Z"},
    ),
    "observed only": (
        {}, {}, {"time_unix_nano": 0, "observed_time_unix_nano": 2 * 10**9},
        {"@timestamp": "1970-01-01T00:00:02.000000000Z", "event.created": None},
    ),
    "a body that is a map": (
        {}, {}, {"body": None, "body_any": any_from_python({"a": 1})}, {"message": '{"a":1}'},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_fields(name):
    """These fields have these values; None = the field is not there."""
    attributes, derived, fields, expected = CASES[name]
    found = said(attributes, derived, fields)
    assert {key: found.get(key) for key in expected} == expected


def test_resources_and_records():
    """A host is named by its resource; what the record says wins; neighbours keep their own."""
    rows = [
        Row(
            "a" * 26,
            [("service.version", "2")],
            [("host.name", "web-1"), ("service.version", "1"), ("os.type", "linux")],
        ),
        Row("b" * 26, [], [("host.name", "web-2"), ("host.hostname", "own"), ("k8s.pod.name", "p")], ("lib", "1", [])),
    ]
    first, second = (flat(json.loads(text)) for text in ecs_json(batch_of(rows)))
    assert (first["host.name"], first["host.hostname"], first["service.version"]) == ("web-1", "web-1", "2")
    assert (first["host.os.type"], first["event.id"]) == ("linux", "a" * 26)
    assert (second["host.hostname"], second["labels.k8s_pod_name"], second["log.logger"]) == ("own", "p", "lib")
    assert "service.version" not in second


def test_no_records():
    """A batch of none gives none."""
    assert ecs_json(batch_of([Row("a" * 26)]).slice(0, 0)).to_list() == []
