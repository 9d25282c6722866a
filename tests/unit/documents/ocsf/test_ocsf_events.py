"""Which class a record becomes, and where its attributes go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.documents.ocsf import ocsf_json
from collector.documents.options import OcsfConfig, OcsfVersion
from collector.samples import Sample, batch_of
from counterparts.ocsf_schema import problems

NEWEST: OcsfVersion = "1.8.0"
SERVICE = {"service.name": "shop"}
EXCHANGE = {"http.request.method": "GET", "http.response.status_code": 200, "url.path": "/a"}
USER = {"user.name": "ada"}
CALL = {**USER, "client.address": "10.0.0.1", "rpc.service": "shop.Orders", "rpc.method": "Place"}


def event(sample: Sample, version: OcsfVersion = NEWEST, **options: Any) -> Any:
    """The one event of a sample; valid, or the test ends here."""
    (text,) = ocsf_json(batch_of([sample]), OcsfConfig(version=version, **options)).to_list()
    assert problems(text) == []
    return json.loads(text)


def found(value: Any, path: str) -> Any:
    """`http_request.url.path` of an event; None where something on the way is missing."""
    for key in path.split("."):
        value = None if value is None else value[int(key)] if isinstance(value, list) else value.get(key)
    return value


CLASSES: dict[str, tuple[Sample, int]] = {
    "an ordinary line": ({"body": "hello"}, 0),
    "no body at all": ({}, 0),
    "a critical line is no finding": ({"attributes": {"logboom.triage.level": "critical"}}, 0),
    "error by severity": ({"severity": "ERROR"}, 600801),
    "fatal": ({"severity": "FATAL"}, 600801),
    "warning": ({"severity": "WARN"}, 0),
    "handled exception": ({"severity": "INFO", "attributes": {"exception.type": "E"}}, 600801),
    "error by category": ({"attributes": {"logboom.error_type": "exception"}}, 600801),
    "category none": ({"attributes": {"logboom.error_type": "none"}}, 0),
    "finished exchange": ({"attributes": EXCHANGE}, 400203),
    "exchange logged as error": ({"severity": "ERROR", "attributes": {**EXCHANGE, "http.response.status_code": 500}}, 400203),
    "status sent as text": ({"attributes": {**EXCHANGE, "http.response.status_code": "404"}}, 400203),
    "older names": ({"attributes": {"http.method": "POST", "http.status_code": 201, "http.target": "/a"}}, 400206),
    "patch": ({"attributes": {**EXCHANGE, "http.request.method": "PATCH"}}, 400209),
    "unheard-of method": ({"attributes": {**EXCHANGE, "http.request.method": "BREW"}}, 400299),
    "line within a request": ({"attributes": {"http.request.method": "GET", "url.path": "/a"}}, 0),
    "impossible status": ({"attributes": {**EXCHANGE, "http.response.status_code": 7}}, 0),
    "access log": ({"body": '10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/2.0" 404 612 "-" "zgrab"', "severity": "WARN"}, 400203),
    "access log without its time": ({"body": '10.0.0.1 - - "POST /a HTTP/1.1" 201 12'}, 400206),
    "a line that only looks like one": ({"body": 'sent "GET / HTTP/1.1" 200'}, 0),
    "call of an operation": ({"attributes": CALL}, 600300),
    "call over HTTP": ({"attributes": {**USER, "client.address": "::1", "http.request.method": "PUT", "http.route": "/a/{id}"}}, 600303),
    "call without a user": ({"attributes": {key: CALL[key] for key in CALL if key != "user.name"}}, 0),
    "login event": ({"event_name": "user.login", "attributes": USER, "resource": SERVICE}, 300201),
    "logout event": ({"event_name": "session.sign-out", "attributes": USER, "resource": SERVICE}, 300202),
    "posted login": ({"attributes": {**USER, **EXCHANGE, "http.request.method": "POST", "url.path": "/api/login"}, "resource": SERVICE}, 300201),
    "login form is shown": ({"attributes": {**USER, **EXCHANGE, "url.path": "/api/login"}, "resource": SERVICE}, 400203),
    "login by triage": ({"attributes": {**USER, "logboom.triage.rule": "security/login-failed"}, "resource": SERVICE}, 300201),
    "login of nobody": ({"event_name": "user.login", "resource": SERVICE}, 0),
    "login nowhere": ({"event_name": "user.login", "attributes": USER}, 0),
    "blogging in is no login": ({"event_name": "blogin.posted", "attributes": USER, "resource": SERVICE}, 0),
    "alert": ({"event_name": "logboom.alert"}, 200401),
    "issue opened": ({"event_name": "logboom.issue.opened"}, 200401),
    "issue came back": ({"event_name": "logboom.issue.regressed"}, 200402),
    "issue resolved": ({"event_name": "logboom.issue.resolved", "severity": "ERROR"}, 200403),
    "aggregate is no alert": ({"event_name": "logboom.aggregate"}, 0),
    "another's alert": ({"event_name": "shop.alert"}, 0),
}  # fmt: skip


@pytest.mark.parametrize(("sample", "type_uid"), CLASSES.values(), ids=CLASSES)
def test_class(sample: Sample, type_uid: int) -> None:
    """Class and activity in one number."""
    assert event(sample)["type_uid"] == type_uid


FALLING_BACK: dict[str, tuple[Sample, OcsfVersion, int]] = {
    "errors before 1.4": ({"severity": "ERROR"}, "1.3.0", 0),
    "errors from 1.4 on": ({"severity": "ERROR"}, "1.4.0", 600801),
    "1.2 wants both ends": ({"attributes": EXCHANGE, "resource": SERVICE}, "1.2.0", 0),
    "both ends": ({"attributes": {**EXCHANGE, "client.address": "10.0.0.1"}, "resource": SERVICE}, "1.2.0", 400203),
    "1.3 wants the destination": ({"attributes": EXCHANGE, "resource": SERVICE}, "1.3.0", 400203),
    "which nobody names": ({"attributes": EXCHANGE}, "1.3.0", 0),
    "patch is Other before 1.6": ({"attributes": {**EXCHANGE, "http.request.method": "PATCH"}}, "1.5.0", 400299),
}


@pytest.mark.parametrize(("sample", "version", "type_uid"), FALLING_BACK.values(), ids=FALLING_BACK)
def test_versions(sample: Sample, version: OcsfVersion, type_uid: int) -> None:
    """A class is used only where its required fields can be filled from what was sent."""
    assert event(sample, version)["type_uid"] == type_uid


CLIENT_SIDE = {
    "http.request.method": "GET",
    "http.response.status_code": 503,
    "url.full": "https://u:p@api.example:8443/x?y#z",
}
PLACES: dict[str, tuple[Sample, dict[str, Any]]] = {
    "server side": (
        {"attributes": {**EXCHANGE, "client.address": "10.0.0.1", "client.port": 4711, "user.name": "ada", "user.email": "a@b.co",
                        "user_agent.original": "curl", "url.query": "q=1", "http.request.body.size": 7}, "resource": SERVICE},
        {"src_endpoint": {"ip": "10.0.0.1", "port": 4711}, "dst_endpoint": {"svc_name": "shop"}, "status": "Success",
         "http_request.user_agent": "curl", "http_request.url": {"path": "/a", "query_string": "q=1"}, "http_request.body_length": 7,
         "http_response.code": 200, "actor.user": {"name": "ada", "email_addr": "a@b.co"}, "status_code": "200", "unmapped": None},
    ),
    "access log": (
        {"body": '10.0.0.1 - ada [01/Jan/2026:00:00:00 +0000] "GET /a?b=1 HTTP/1.1" 503 612 "https://from/" "curl/8"', "resource": SERVICE},
        {"src_endpoint": {"ip": "10.0.0.1"}, "dst_endpoint": {"svc_name": "shop"}, "actor.user.name": "ada", "status": "Failure",
         "http_request": {"http_method": "GET", "url": {"path": "/a", "query_string": "b=1"}, "version": "1.1", "user_agent": "curl/8"},
         "http_response": {"code": 503, "body_length": 612}, "unmapped": None},
    ),
    "what was sent wins over the line": (
        {"body": '10.0.0.1 - - "GET /a HTTP/1.1" 503 612', "attributes": {**EXCHANGE, "http.request.method": "PUT"}},
        {"http_request.http_method": "PUT", "http_response.code": 200, "src_endpoint": None},
    ),
    "client side": (
        {"attributes": CLIENT_SIDE, "resource": SERVICE},
        {"src_endpoint": {"svc_name": "shop"}, "dst_endpoint": {"hostname": "api.example"}, "status": "Failure",
         "http_request.url.url_string": CLIENT_SIDE["url.full"]},
    ),
    "the peer of a server": (
        {"attributes": {**EXCHANGE, "network.peer.address": "10.0.0.1", "network.peer.port": 4711, "network.local.address": "::7"},
         "resource": SERVICE},
        {"src_endpoint": {"ip": "10.0.0.1", "port": 4711}, "dst_endpoint": {"ip": "::7", "svc_name": "shop"}, "unmapped": None},
    ),
    "the peer of a client": (
        {"attributes": {**CLIENT_SIDE, "network.peer.address": "10.0.0.2", "network.peer.port": 8443}, "resource": SERVICE},
        {"src_endpoint": {"svc_name": "shop"}, "dst_endpoint": {"ip": "10.0.0.2", "port": 8443}, "unmapped": None},
    ),
    "a server with a name and an address": (
        {"attributes": {**CLIENT_SIDE, "server.address": "api.example", "server.port": 8443, "net.peer.ip": "10.0.0.2", "net.peer.port": 9}},
        {"src_endpoint": None, "dst_endpoint": {"ip": "10.0.0.2", "hostname": "api.example", "port": 8443},
         "unmapped.attributes": {"net.peer.port": 9}},
    ),
    "a proxy is not the client": (
        {"attributes": {**EXCHANGE, "client.address": "2001:db8::1", "network.peer.address": "10.0.0.2", "network.peer.port": 9}},
        {"src_endpoint": {"ip": "2001:db8::1"}, "unmapped.attributes": {"network.peer.address": "10.0.0.2", "network.peer.port": 9}},
    ),
    "an exchange that failed with an exception": (
        {"severity": "ERROR", "attributes": {**EXCHANGE, "http.response.status_code": 500, "exception.message": "no stock"}},
        {"status": "Failure", "status_code": "500", "status_detail": "no stock", "unmapped": None},
    ),
    "a remote call that was refused": (
        {"attributes": {**CALL, "rpc.grpc.status_code": 7}}, {"status": "Failure", "status_code": "7", "unmapped": None},
    ),
    "a remote call that worked": ({"attributes": {**CALL, "rpc.grpc.status_code": 0}}, {"status": "Success"}),
    "access log with its virtual host": (
        {"body": 'shop.example:443 ::1 - - [01/Jan/2026:00:00:00 +0000] "GET /a HTTP/1.1" 200 612'},
        {"src_endpoint": {"ip": "::1"}, "dst_endpoint": {"hostname": "shop.example", "port": 443}, "http_response.code": 200},
    ),
    "addresses of the machine": (
        {"resource": {"host.name": "web-1", "host.ip": ["127.0.0.1", "10.0.0.5", "fe80::1"]}},
        {"device.ip": "10.0.0.5", "unmapped.resource": {"host.ip": ["127.0.0.1", "10.0.0.5", "fe80::1"]}},
    ),
    "an address that is neither IP nor host": (
        {"attributes": {**EXCHANGE, "client.address": "unix:/run/x"}, "resource": SERVICE},
        {"src_endpoint": {"name": "unix:/run/x"}, "observables": None},
    ),
    "a port that is none stays behind": (
        {"attributes": {**EXCHANGE, "client.address": "10.0.0.1", "client.port": 70_000}},
        {"src_endpoint": {"ip": "10.0.0.1"}, "unmapped.attributes": {"client.port": 70_000}},
    ),
    "error": (
        {"severity": "ERROR", "body": "boom", "attributes": {"exception.type": "ValueError", "exception.message": "no", "n": 1}},
        {"status": "Failure", "status_code": "ValueError", "status_detail": "no", "message": "boom", "unmapped.attributes": {"n": 1}},
    ),
    "machine, process and cloud": (
        {"resource": {"host.name": "web-1", "host.id": "i-1", "os.type": "linux", "os.version": "6", "process.pid": 7,
                      "cloud.provider": "aws", "cloud.region": "eu-1", "cloud.account.id": "42", "k8s.pod.name": "p"}},
        {"device": {"type_id": 0, "type": "Unknown", "hostname": "web-1", "uid": "i-1",
                    "os": {"name": "linux", "type_id": 200, "version": "6"}},
         "actor.process.pid": 7, "cloud": {"provider": "aws", "region": "eu-1", "account": {"uid": "42"}},
         "metadata.profiles": ["cloud", "host"], "unmapped.resource": {"k8s.pod.name": "p"}},
    ),
    "a machine whose name no DNS knows": (
        {"resource": {"host.name": "my_host!"}},
        {"device.name": "my_host!", "device.hostname": None},
    ),
    "a cloud without provider is no cloud": (
        {"resource": {"cloud.region": "eu-1"}},
        {"cloud": None, "metadata.profiles": None, "unmapped.resource": {"cloud.region": "eu-1"}},
    ),
    "identity": (
        {"body": "x", "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "scope": "shop.auth",
         "event_name": "e", "severity_text": "INFO", "severity": 9, "time_unix_nano": 1_700_000_000_123_456_789, "resource": SERVICE},
        {"time": 1_700_000_000_123, "metadata.original_time": "1700000000123456789", "metadata.tenant_uid": "default",
         "metadata.correlation_uid": "0af7651916cd43dd8448eb211c80319c", "metadata.log_name": "shop.auth",
         "metadata.log_provider": "shop", "metadata.event_code": "e", "metadata.log_level": "INFO",
         "unmapped": {"span_id": "b7ad6b7169203331"}},
    ),
    "triage": (
        {"severity": "ERROR", "attributes": {"logboom.triage.level": "critical", "logboom.triage.rule": "data/deadlock",
                                             "logboom.component": "DataService"}},
        {"severity": "Critical", "enrichments.0.type": "triage", "enrichments.0.name": "metadata.uid",
         "enrichments.0.data": {"triage.level": "critical", "triage.rule": "data/deadlock", "component": "DataService"}},
    ),
    "finding": (
        {"event_name": "logboom.issue.opened", "body": "Deadlocks", "time_unix_nano": 5_000_000,
         "attributes": {"logboom.issue.id": "i-7", "logboom.triage.rule": "data/deadlock", "logboom.triage.level": "critical"}},
        {"finding_info": {"uid": "i-7", "title": "Deadlocks", "created_time": 5,
                          "analytic": {"name": "data/deadlock", "type": "Rule", "type_id": 1}}, "status": "New"},
    ),
    "failed login": (
        {"event_name": "user.login.failed", "attributes": {**USER, "client.address": "10.0.0.9"}, "resource": SERVICE},
        {"status": "Failure", "user": {"name": "ada"}, "service": {"name": "shop"}, "src_endpoint": {"ip": "10.0.0.9"}},
    ),
    "login that worked": (
        {"attributes": {**USER, **EXCHANGE, "http.request.method": "POST", "url.path": "/login"}, "resource": SERVICE},
        {"status": "Success", "user.name": "ada", "http_response.code": 200},
    ),
    "login of unknown end": (
        {"event_name": "user.login", "attributes": USER, "resource": SERVICE}, {"status": None, "status_id": None},
    ),
    "a body that is a map": ({"body": {"a": [1]}}, {"message": '{"a":[1]}', "unmapped.body": {"a": [1]}}),
    "an event's name stands for a map": ({"body": {"a": 1}, "event_name": "order.placed"}, {"message": "order.placed"}),
    "an attribute of the wrong kind": (
        {"severity": "ERROR", "attributes": {"exception.type": 7}},
        {"status_code": None, "unmapped.attributes": {"exception.type": 7}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sample", "wanted"), PLACES.values(), ids=PLACES)
def test_places(sample: Sample, wanted: dict[str, Any]) -> None:
    """Each attribute in its field; what has none under `unmapped`."""
    made = event(sample)
    assert {path: found(made, path) for path in wanted} == wanted


SEVERITIES = {
    "unset": ({}, "Unknown"),
    "debug": ({"severity": "DEBUG"}, "Informational"),
    "info": ({"severity": "INFO"}, "Informational"),
    "warning": ({"severity": "WARN"}, "Medium"),
    "error": ({"severity": "ERROR"}, "High"),
    "fatal": ({"severity": "FATAL"}, "Fatal"),
    "triage raises": ({"severity": "INFO", "attributes": {"logboom.triage.level": "critical"}}, "Critical"),
    "triage lowers": ({"severity": "ERROR", "attributes": {"logboom.triage.level": "info"}}, "Informational"),
    "critical and fatal": ({"severity": "FATAL", "attributes": {"logboom.triage.level": "critical"}}, "Fatal"),
    "a level that is none": ({"severity": "WARN", "attributes": {"logboom.triage.level": "odd"}}, "Medium"),
}  # fmt: skip


@pytest.mark.parametrize(("sample", "wanted"), SEVERITIES.values(), ids=SEVERITIES)
def test_severity(sample: Sample, wanted: str) -> None:
    """The level of triage, where there is one, else the severity number."""
    assert event(sample)["severity"] == wanted


def test_observables() -> None:
    """Addresses, hosts, users and URLs are listed under the path where they stand."""
    sample = {"attributes": {**CLIENT_SIDE, **USER, "server.address": "10.0.0.2"}, "resource": SERVICE}
    assert {(one["name"], one["type_id"], one["value"]) for one in event(sample)["observables"]} == {
        ("dst_endpoint.ip", 2, "10.0.0.2"),
        ("actor.user.name", 4, "ada"),
        ("http_request.url.url_string", 6, CLIENT_SIDE["url.full"]),
    }


def test_an_address_without_a_field_can_be_observed() -> None:
    """A Base Event has no endpoints; who asks for an address still finds it."""
    made = event({"attributes": {"client.address": "10.0.0.7"}})
    (one,) = made["observables"]
    assert (found(made, "unmapped.attributes"), one["name"], one["value"]) == (
        {"client.address": "10.0.0.7"},
        "unmapped.attributes.client.address",
        "10.0.0.7",
    )


def test_long_body_is_whole_in_unmapped() -> None:
    """A message holds 65,535 characters."""
    body = "é" * 65_536
    made = event({"body": body}, "1.1.0", raw_data=True)
    assert (len(made["message"]), made["unmapped"]["body"], "raw_data" in made) == (65_535, body, False)


def test_options() -> None:
    """The product's name can be one's own, raw data can be asked for."""
    made = event({"body": "x"}, product='SOC "A"', vendor="Acme", raw_data=True)
    assert (made["metadata"]["product"]["name"], made["metadata"]["product"]["vendor_name"]) == ('SOC "A"', "Acme")
    assert made["raw_data"] == "x"


def test_each_record_gets_its_own_event() -> None:
    """Classes are laid out apart and put back in order."""
    samples = [sample for sample, _ in CLASSES.values()] * 3
    texts = ocsf_json(batch_of(samples), OcsfConfig(version=NEWEST)).to_list()
    assert [json.loads(text)["type_uid"] for text in texts] == [uid for _, uid in CLASSES.values()] * 3
    uids = [json.loads(text)["metadata"]["uid"] for text in texts]
    assert uids == sorted(set(uids))


ALIKE = [True, 1, 1.0, "1", 0, False, 0.0, -0.0, "", [1], [True], None]


@pytest.mark.parametrize("many", [1, 300])
def test_resources_that_look_alike_are_not_mixed_up(many: int) -> None:
    """What was worked out for a resource serves those that are the same, and only those; twice, so that it was kept."""
    for value in [*ALIKE, *ALIKE]:
        resource = {"n": value, **{f"k{at}": "v" for at in range(many)}}
        made = event({"resource": resource})["unmapped"]["resource"]
        assert repr(made["n"]) == repr(value)
        assert len(made) == many + 1
