"""What a record becomes in Cloud Logging, read back by Google's own message."""

from __future__ import annotations

import json

import pytest
from google.cloud.logging_v2.types import LogEntry
from google.protobuf import json_format

from collector.testing.row_batch import Nested, Row, batch_of
from exporters.googlecloud.config import GoogleCloudConfig
from exporters.googlecloud.entries import entries
from exporters.googlecloud.resources import TYPES
from exporters.googlecloud.splitting import MOST_BYTES
from otlp_wire import any_from_python

NOW = 1_700_000_000_000_000_001
REPORTED = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"


def config(**log):
    return GoogleCloudConfig.model_validate({"project": "shop", "log": {"default_log_name": "app", **log}})


def read(text):
    """As Google reads it: a name twice, an unknown one or a wrong type raises."""
    message = LogEntry.pb(LogEntry())
    json_format.Parse(text, message)
    return json_format.MessageToDict(message)


def written(*rows, **log):
    return [read(text) for text in entries(batch_of(rows), config(**log), "shop").texts]


def row(own=(), resource=(), name="a", scope=("", "", ()), **fields):
    return Row(name, list(own), list(resource), scope, fields={"severity_number": 0, **fields})


def test_a_record_whole():
    """Each field in its place."""
    resource = [("service.name", "web"), ("service.namespace", ""), ("host.id", "h1"), ("os.type", "linux")]
    own = [("user", "bob"), ("n", 7), ("ok", True), ("list", Nested(any_from_python([1, "a"]))), ("gcp.log_name", "a/b c"),
           ("gcp.other", "x")]  # fmt: skip
    (entry,) = written(
        row(own, resource, scope=("lib", "1.2", ()), severity_number=17, severity_text="Error", trace_id=b"\1" * 16,
            span_id=b"\2" * 8, flags=1, event_name="login", body='say "hi"\n')
    )  # fmt: skip
    assert entry == {
        "logName": "projects/shop/logs/a%2Fb%20c",
        "resource": {"type": "generic_node", "labels": {"location": "global", "namespace": "", "node_id": "h1"}},
        "timestamp": "2023-11-14T22:13:20.000000001Z",
        "severity": "ERROR",
        "labels": {
            "service.name": "web", "instrumentation_source": "lib", "instrumentation_version": "1.2", "event.name": "login",
            "user": "bob", "n": "7", "ok": "true", "list": '[1,"a"]',
        },
        "trace": f"projects/shop/traces/{'01' * 16}",
        "spanId": "02" * 8,
        "traceSampled": True,
        "insertId": "a",
        "textPayload": 'say "hi"\n',
    }  # fmt: skip


SEVERITIES = {0: None, 1: "DEBUG", 8: "DEBUG", 9: "INFO", 10: "INFO", 11: "NOTICE", 12: "NOTICE", 13: "WARNING", 16: "WARNING",
              17: "ERROR", 20: "ERROR", 21: "CRITICAL", 22: "CRITICAL", 23: "ALERT", 24: "EMERGENCY"}  # fmt: skip
WORDS = {"ALERT": "ALERT", "Debug2": "DEBUG", "warning": "WARNING", "notice": "NOTICE", "fatal": "CRITICAL", "info3": "NOTICE",
         "Default": None, "loud": None}  # fmt: skip


def test_severities():
    """By number; without one by the text, where that is one that Google or OpenTelemetry knows."""
    numbers = written(*(row(name=str(n), severity_number=n, severity_text="ALERT" if n else "") for n in SEVERITIES))
    assert [one.get("severity") for one in numbers] == list(SEVERITIES.values())
    words = written(*(row(name=word, severity_text=word) for word in WORDS))
    assert [one.get("severity") for one in words] == list(WORDS.values())


BODIES = {
    "text": ({"body": "x"}, {"textPayload": "x"}),
    "none": ({"body": None}, {}),
    "empty": ({"body": ""}, {}),
    "map": ({"a": {"b": [1, None]}}, {"jsonPayload": {"a": {"b": [1, None]}}}),
    "array": (["a", 1], {"textPayload": '["a",1]'}),
    "number": (42, {"textPayload": "42"}),
    "bytes": (b"\0\1", {"textPayload": "AAE="}),
}


@pytest.mark.parametrize("case", BODIES)
def test_payloads(case):
    """A map is a JSON payload, all else is text."""
    body, wanted = BODIES[case]
    fields = body if case in ("text", "none", "empty") else {"body": None, "body_any": any_from_python(body)}
    (entry,) = written(row(**fields))
    assert {name: value for name, value in entry.items() if name.endswith("Payload")} == wanted


REPORTS = {
    "text": ({"body": 'a "b"'}, {"@type": REPORTED, "message": 'a "b"'}),
    "none": ({"body": None}, {"@type": REPORTED, "message": ""}),
    "map": ({"body": None, "body_any": any_from_python({"m": 1})}, {"@type": REPORTED, "m": 1}),
    "empty map": ({"body": None, "body_any": any_from_python({})}, {"@type": REPORTED}),
    "one with a type": (
        {"body": None, "body_any": any_from_python({"@type": "x", "m": 1})},
        {"@type": REPORTED, "m": 1},
    ),
}


@pytest.mark.parametrize("case", REPORTS)
def test_errors_are_reported_where_that_is_wanted(case):
    """From ERROR on, by number or word; others stay as they are."""
    fields, wanted = REPORTS[case]
    rows = [row(severity_number=17, **fields), row(name="b", severity_text="error", **fields), row(name="c", **fields)]
    found = written(*rows, error_reporting_type=True)
    assert [one.get("jsonPayload") for one in found[:2]] == [wanted, wanted]
    assert found[2] == written(rows[2])[0]


GCE = {"cloud.platform": "gcp_compute_engine", "cloud.availability_zone": "eu-1a", "host.id": "7"}
POD = {"k8s.cluster.name": "c", "cloud.region": "eu", "k8s.namespace.name": "n", "k8s.pod.name": "p"}
RESOURCES = {
    "gce": (GCE, "gce_instance", {"zone": "eu-1a", "instance_id": "7"}),
    "container": ({**POD, "k8s.container.name": "w"}, "k8s_container",
                  {"location": "eu", "cluster_name": "c", "namespace_name": "n", "pod_name": "p", "container_name": "w"}),
    "gke, zonal": ({**POD, "cloud.platform": "gcp_kubernetes_engine", "cloud.availability_zone": "eu-1a"}, "k8s_pod",
                   {"location": "eu-1a", "cluster_name": "c", "namespace_name": "n", "pod_name": "p"}),
    "node": ({"k8s.cluster.name": "c", "k8s.node.name": "n1"}, "k8s_node", {"location": "", "cluster_name": "c", "node_name": "n1"}),
    "cluster": ({"k8s.cluster.name": "c"}, "k8s_cluster", {"location": "", "cluster_name": "c"}),
    "app engine": ({"cloud.platform": "gcp_app_engine", "faas.name": "f", "faas.version": "2"}, "gae_app",
                   {"location": "", "module_id": "f", "version_id": "2"}),
    "ec2": ({"cloud.platform": "aws_ec2", "host.id": "i-1", "cloud.region": "us-1", "cloud.account.id": "9"}, "aws_ec2_instance",
            {"instance_id": "i-1", "region": "us-1", "aws_account": "9"}),
    "bare metal": ({"cloud.platform": "gcp_bare_metal_solution", "cloud.region": "r", "host.id": "b"},
                   "baremetalsolution.googleapis.com/Instance", {"location": "r", "instance_id": "b"}),
    "task": ({"service.name": "s", "service.instance.id": "1", "service.namespace": "ns"}, "generic_task",
             {"location": "global", "namespace": "ns", "job": "s", "task_id": "1"}),
    "function": ({"faas.name": "f", "faas.instance": "i", "service.name": "unknown_service:f"}, "generic_task",
                 {"location": "global", "namespace": "", "job": "f", "task_id": "i"}),
    "nameless task": ({"service.name": "unknown_service:py", "service.instance.id": "1"}, "generic_task",
                      {"location": "global", "namespace": "", "job": "unknown_service:py", "task_id": "1"}),
    "node by name": ({"host.name": "h", "service.name": "s"}, "generic_node",
                     {"location": "global", "namespace": "", "node_id": "h"}),
    "nothing": ({}, "generic_node", {"location": "global", "namespace": "", "node_id": ""}),
}  # fmt: skip


def test_monitored_resources():
    """As the Collector's exporter decides, all in one batch."""
    found = written(*(row(name=name, resource=list(given.items())) for name, (given, _, _) in RESOURCES.items()))
    assert {name: one["resource"] for name, one in zip(RESOURCES, found, strict=True)} == {
        name: {"type": kind, "labels": labels} for name, (_, kind, labels) in RESOURCES.items()
    }
    assert {kind for _, kind, _ in RESOURCES.values()} == set(TYPES)


def test_a_label_of_two_origins_stands_once():
    """The resource's stays, then the scope's, then the event's name."""
    own = [("service.name", "mine"), ("instrumentation_source", "mine"), ("event.name", "mine"), ("k", "v")]
    rows = [
        row(own, [("service.name", "web")], name="a", scope=("lib", "", ()), event_name="e"),
        row(own, [], name="b"),
        row(own, [("service.name", "")], name="c"),
    ]
    assert [one["labels"] for one in written(*rows)] == [
        {"service.name": "web", "instrumentation_source": "lib", "event.name": "e", "k": "v"}, dict(own), dict(own),
    ]  # fmt: skip


def test_which_attributes_of_resources_become_labels():
    """Those of services, unless turned off, and what filters meet: prefix and expression both."""
    resource = [("service.name", "web"), ("custom.a", "1"), ("custom.b", "2"), ("x.a", "3"), ("event.name", "no")]
    filters = [{"prefix": "custom.", "regex": "a$"}, {"regex": "^event"}]
    (found,) = written(row(resource=resource), resource_filters=filters)
    assert found["labels"] == {"service.name": "web", "custom.a": "1"}
    (found,) = written(row(resource=resource), service_resource_labels=False, resource_filters=[{"prefix": "s"}])
    assert found["labels"] == {"service.name": "web"}
    assert "labels" not in written(row(resource=resource), service_resource_labels=False)[0]


REQUEST = {"requestMethod": "GET", "requestUrl": "/a?b=\"c\"", "status": "404", "responseSize": 12, "cacheHit": True,
           "latency": "1m2.5s", "unknown": 1}  # fmt: skip
TOLD = {
    "requestMethod": "GET",
    "requestUrl": '/a?b="c"',
    "status": 404,
    "responseSize": "12",
    "cacheHit": True,
    "latency": "62.500s",
}
LATENCIES = {
    "250ms": "0.250s",
    "3us": "0.000003s",
    "7µs": "0.000007s",
    "1.5s": "1.500s",
    "2h": "7200s",
    "0s": None,
    "5": None,
    "x5s": None,
}


def test_requests_and_places_in_code():
    """From a map, from JSON in a text or in bytes; numbers may stand as text. What can't be read is left out."""
    place = {"file": "a.py", "line": 12, "function": "f"}
    shapes = [Nested(any_from_python(REQUEST)), json.dumps(REQUEST), json.dumps(REQUEST).encode()]
    places = [
        Nested(any_from_python(place)),
        json.dumps({**place, "line": "12"}),
        b'{"file":"a.py","line":12,"function":"f"}',
    ]
    given = zip(shapes, places, strict=True)
    rows = [row([("gcp.http_request", a), ("gcp.source_location", b)], name=str(n)) for n, (a, b) in enumerate(given)]
    found = written(*rows, row([("gcp.http_request", "no JSON"), ("gcp.source_location", 7)], name="z"))
    assert [one["httpRequest"] for one in found[:3]] == [TOLD] * 3
    assert [one["sourceLocation"] for one in found[:3]] == [{"file": "a.py", "line": "12", "function": "f"}] * 3
    assert not found[3].keys() & {"httpRequest", "sourceLocation", "labels"}


def test_latencies():
    """Go's durations; what is none is left out."""
    rows = [row([("gcp.http_request", json.dumps({"status": 1, "latency": text}))], name=text) for text in LATENCIES]
    assert [one["httpRequest"].get("latency") for one in written(*rows)] == list(LATENCIES.values())


def test_sampled_by_flag_or_attribute():
    """Either says yes; only the attribute says no, which is the default there."""
    rows = [
        row([("gcp.trace_sampled", True)], name="a"),
        row(name="b", flags=1),
        row([("gcp.trace_sampled", False)], name="c"),
    ]
    assert [one.get("traceSampled") for one in written(*rows)] == [True, True, None]


def test_the_resource_names_its_project():
    """In log and trace; as a segment of the path, whatever it holds."""
    rows = [
        row(resource=[("gcp.project.id", name)], name=name, trace_id=b"\1" * 16) for name in ("other", "", "a/logs/b")
    ]
    assert [one["logName"] for one in written(*rows)] == [
        f"projects/{name}/logs/app" for name in ("other", "shop", "a%2Flogs%2Fb")
    ]
    assert written(rows[0])[0]["trace"].startswith("projects/other/traces/")


def test_what_an_entry_cannot_hold_becomes_several():
    """Cut between characters, each part with an id of its own; a text that fits stays one."""
    long = "äöü€😀" * 40_000
    made = entries(batch_of([row(name="a"), row(name="b", body=long), row(name="c")]), config(), "shop")
    found = [read(text) for text in made.texts]
    parts = [one for one in found if "split" in one]
    assert made.owners.tolist() == [0, *[1] * len(parts), 2]
    assert "".join(one["textPayload"] for one in parts) == long
    assert [one["insertId"] for one in parts] == [f"b.{n}" for n in range(len(parts))]
    assert {(one["split"]["uid"], one["split"]["totalSplits"]) for one in parts} == {("b", len(parts))}
    assert all(len(one["textPayload"].encode()) <= MOST_BYTES for one in parts)
    assert len(parts) == -(-len(long.encode()) // (MOST_BYTES - 400))
