"""The loki exporter against the documented push API: labels, lines, tenants, and every answer."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.row_batch import Nested, Row, batch_of
from collector.testing.text_batch import text_batch
from counterparts import sending
from counterparts.fault_proxy import proxied, status
from counterparts.loki import Loki
from counterparts.on_thread import on_thread
from exporters.loki import FACTORY
from exporters.loki.config import LokiConfig
from exporters.loki.labels import tenant
from exporters.loki.names import normalized
from exporters.loki.streams import push
from otlp_wire import any_from_python

NOW = 1_700_000_000_123_456_789


@pytest.fixture(scope="module")
def shared():
    with on_thread(Loki()) as service:
        yield service


@pytest.fixture
def loki(shared):
    shared.entries.clear()
    shared.times.clear()
    return shared


def config(**more):
    return LokiConfig.model_validate({"endpoint": "https://loki.example", **more})


def streams(rows, **more):
    """(labels, [(time, line)]) of each stream."""
    pushed = json.loads(push(batch_of(rows), config(**more), NOW))["streams"]
    return [(each["stream"], [(int(time), line) for time, line in each["values"]]) for each in pushed]


def row(name="a", own=(), resource=(("service.name", "web"),), **fields):
    return Row(
        name, list(own), list(resource), fields={"time_unix_nano": NOW, "body": "text", "severity_number": 0, **fields}
    )


def test_a_record_is_a_line_of_its_stream():
    """Default labels; the line holds what the Collector's did, and no attribute that is a label."""
    resource = [
        ("service.name", "web"),
        ("service.namespace", "shop"),
        ("service.instance.id", "i1"),
        ("host.name", "h"),
    ]
    made = row("a", [("http.route", "/a"), ("n", 3), ("level", "bad")], resource, severity_number=17, severity_text="ERR",
               trace_id=b"\1" * 16, span_id=b"\2" * 8, flags=1, body='a "b"')  # fmt: skip
    ((labels, ((time, line),)),) = streams([made])
    assert labels == {"exporter": "OTLP", "job": "shop/web", "instance": "i1", "level": "bad"}
    assert time == NOW
    assert json.loads(line) == {
        "body": 'a "b"', "traceid": "01" * 16, "spanid": "02" * 8, "severity": "ERR", "flags": 1,
        "attributes": {"http.route": "/a", "n": 3},
        "resources": dict(resource),
    }  # fmt: skip


def test_severities_become_levels_and_nothing_is_no_level():
    """By number; without a number there is none, whatever the attribute says."""
    numbers = {1: "TRACE", 6: "DEBUG2", 9: "INFO", 16: "WARN4", 17: "ERROR", 24: "FATAL4", 0: None, 99: None}
    found = streams([row(str(number), severity_number=number) for number in numbers])
    assert [labels.get("level") for labels, lines in found for _ in lines] == [*dict.fromkeys(numbers.values())] + [
        None
    ] * (list(numbers.values()).count(None) - 1)
    ((labels, ((_, line),)),) = streams([row(own=[("level", "mine")])])
    assert "level" not in labels
    assert json.loads(line)["attributes"] == {"level": "mine"}


def test_hints_name_labels_and_go():
    """Of the record and of its resource; names become Prometheus'; a name that nobody has is no label."""
    own = [("loki.attribute.labels", "event.domain, 1st,gone"), ("event.domain", "pay"), ("1st", 7), ("k", "v"),
           ("loki.resource.labels", "host.name")]  # fmt: skip
    resource = [("service.name", "web"), ("loki.resource.labels", "service.name"), ("host.name", "h"), ("os", "x")]
    ((labels, ((_, line),)),) = streams([row("a", own, resource)])
    assert labels == {
        "exporter": "OTLP", "job": "web", "service_name": "web", "host_name": "h", "event_domain": "pay", "key_1st": "7",
    }  # fmt: skip
    assert json.loads(line) == {"body": "text", "attributes": {"k": "v"}, "resources": {"os": "x"}}


def test_records_of_one_label_set_are_one_stream_in_their_order():
    """Also when other hints stand between them."""
    rows = [row("a", body="1"), row("b", [("loki.attribute.labels", "u"), ("u", "x")], body="2"), row("c", body="3")]
    found = streams(rows, format="raw")
    assert [[line for _, line in lines] for _, lines in found] == [["1", "3"], ["2"]]


def test_a_record_without_a_label_gets_one():
    """Loki would refuse the push."""
    off = dict.fromkeys(("exporter", "job", "instance", "level"), False)
    assert [labels for labels, _ in streams([row()], default_labels_enabled=off)] == [{"exporter": "OTLP"}]
    fixed = streams([row()], default_labels_enabled=off, labels={"cluster": "eu1"})
    assert [labels for labels, _ in fixed] == [{"cluster": "eu1"}]


def test_times_fall_back():
    """The observed one, then now."""
    found = streams([row("a", time_unix_nano=0, observed_time_unix_nano=5), row("b", time_unix_nano=0)])
    assert [time for _, lines in found for time, _ in lines] == [5, NOW]


LOGFMT = [
    ({"body": 'a "b"'}, 'msg="a \\"b\\"" resource_service.name=web'),
    ({"body": "level=info took=3ms"}, "level=info took=3ms resource_service.name=web"),
    ({"body": None}, "resource_service.name=web"),
    ({"body": None, "body_any": any_from_python({"k": 1})}, 'msg="{\\"k\\":1}" resource_service.name=web'),
    ({"severity_text": "ERR", "flags": 1}, "msg=text severity=ERR flags=1 resource_service.name=web"),
    ({"body": "two\nlines"}, 'msg="two\\nlines" resource_service.name=web'),
]


@pytest.mark.parametrize(("fields", "line"), LOGFMT)
def test_logfmt(fields, line):
    assert [text for _, lines in streams([row(**fields)], format="logfmt") for _, text in lines] == [line]


def test_logfmt_has_attributes_of_every_kind():
    own = [
        ("s", "x y"),
        ("b", True),
        ("i", 3),
        ("d", 1.5),
        ("bad key=", "v"),
        ("m", Nested(any_from_python({"k": [1]}))),
    ]
    ((_, ((_, line),)),) = streams([row("a", own)], format="logfmt")
    assert line == (
        'msg=text attribute_s="x y" attribute_b=true attribute_i=3 attribute_d=1.5 attribute_badkey=v '
        'attribute_m="{\\"k\\":[1]}" resource_service.name=web'
    )


def test_the_form_of_lines_is_a_hint_too():
    """The resource's before the record's; what is no form is JSON."""
    raw = row("a", [("loki.format", "logfmt")], [("loki.format", "raw")])
    assert [line for _, lines in streams([raw]) for _, line in lines] == ["text"]
    assert [line for _, lines in streams([row("a", [("loki.format", "xml")])]) for _, line in lines] == [
        '{"body":"text","resources":{"service.name":"web"}}'
    ]


def test_a_tenant_is_named_by_a_hint(loki, tmp_path):
    """The resource's attribute, else the record's; it goes as a header, and the hint does not go at all."""
    rows = [
        row("a", [("loki.tenant", "org")], [("loki.tenant", "team"), ("team", "t1")]),
        row("b", [("loki.tenant", "org"), ("org", "o1")]),
        row("c"),
    ]
    assert tenant(batch_of(rows), config()).to_list() == ["t1", "o1", None]
    given = {"endpoint": loki.url, "format": "json"}
    assert sending.verdicts(FACTORY, given, tmp_path, *(batch_of([each]) for each in rows)) == [Ok()] * 3
    assert [entry.tenant for entry in loki.entries] == ["t1", "o1", ""]
    assert "loki." not in "".join(entry.line for entry in loki.entries)


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_pushes_arrive(loki, tmp_path, compression):
    """All records, once, also when they are pushed again."""
    batch = text_batch([f"r{n}" for n in range(1000)])
    given = {"endpoint": f"{loki.url}/loki/api/v1/push", "compression": compression, "format": "raw"}
    assert sending.verdicts(FACTORY, given, tmp_path, batch, batch) == [Ok(), Ok()]
    assert [entry.line for entry in loki.entries] == [f"r{n}" for n in range(1000)]


def test_what_loki_refuses_is_looked_for(loki, tmp_path):
    """Its words stand in the reason."""
    (found,) = sending.verdicts(FACTORY, {"endpoint": loki.url}, tmp_path, text_batch(["fine", "too long"]))
    assert isinstance(found, Split)
    assert found.reason.startswith("400 Bad Request: entry ")
    assert found.reason.endswith(": Max entry size exceeded")


ANSWERS = [
    (429, {"Retry-After": "7"}, Retry("429 Too Many Requests", after_secs=7.0, throttled=True)),
    (500, {}, Retry("500 Internal Server Error")),
    (401, {}, Blocked("401 Unauthorized")),
    (404, {}, Blocked("404 Not Found")),
    (413, {}, Split("413 Request Entity Too Large", too_large=True)),
]


@pytest.mark.parametrize(("code", "headers", "expected"), ANSWERS)
def test_answers(loki, tmp_path, code, headers, expected):
    with proxied(loki.url) as proxy:
        proxy.faults.append(status(code, headers))
        (found,) = sending.verdicts(FACTORY, {"endpoint": proxy.url}, tmp_path, text_batch(["x"]))
    assert (type(found), found.reason.partition(":")[0]) == (type(expected), expected.reason)
    if isinstance(expected, Retry):
        assert (found.after_secs, found.throttled) == (expected.after_secs, expected.throttled)


def test_names():
    given = {
        "service.name": "service_name",
        "1st": "key_1st",
        "_x": "key_x",
        "__name__": "__name__",
        "ünï": "key_n_",
        "ok_1": "ok_1",
    }
    assert {name: normalized(name) for name in given} == given


BAD = [
    {"endpoint": ""},
    {"endpoint": "https://x.example", "labels": {"a.b": "c"}},
    {"endpoint": "http://far.example", "headers": {"authorization": "Bearer s"}},
    {"endpoint": "https://x.example", "compression": "zstd"},
]


@pytest.mark.parametrize("options", BAD)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(ValidationError):
        LokiConfig.model_validate(options)


def test_the_path_is_added():
    paths = {"http://l:3100": "http://l:3100/loki/api/v1/push", "http://l/insert/loki/api/v1/push": None}
    assert [config(endpoint=given).url for given in paths] == [path or given for given, path in paths.items()]
