"""Every event is valid in the version that it claims: the corpus, the demo's traffic, and records made to break it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList

from collector.batch import LogBatch
from collector.cli.traffic.payloads import templates
from collector.component import Context
from collector.documents.ocsf import ocsf_json
from collector.documents.options import OcsfConfig, OcsfVersion
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.samples import FIELDS, batch_of
from collector.testing import row_batch
from collector.testing.row_batch import Nested, Row
from collector.testing.work import FakeWork
from counterparts.examples import examples
from counterparts.ocsf_schema import problems
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage

ROOT = Path(__file__).parents[4]
VERSIONS = get_args(OcsfVersion)
each_version = pytest.mark.parametrize("version", VERSIONS)


def events(batch: LogBatch, version: Any) -> list[dict[str, Any]]:
    """The events, after the judge had nothing to say about any of them."""
    texts = ocsf_json(batch, OcsfConfig(version=version, raw_data=True)).to_list()
    assert len(texts) == len(batch)
    wrong = [(text, found) for text in texts if (found := problems(text))]
    assert wrong == []
    return [json.loads(text) for text in texts]


def triaged(batch: LogBatch) -> LogBatch:
    """As it leaves a pipeline."""
    batch = Categorize(CategorizeConfig(), Context("categorize", ROOT)).process(batch, FakeWork())
    return Triage(TriageConfig(), Context("triage", ROOT)).process(batch, FakeWork())


@cache
def corpus() -> LogBatch:
    """All records of the corpus, triaged."""
    return triaged(batch_of(list(_samples())))


def _samples() -> Iterator[dict[str, Any]]:
    folders = [ROOT / "tests" / "corpus" / name for name in ("blind", "held_out", "records")]
    for path in sorted(path for folder in folders for path in folder.glob("*.yaml")):
        for system in yaml.safe_load(path.read_text("utf-8")):
            for record in system["records"]:
                sample = {key: value for key, value in record.items() if key in FIELDS}
                yield sample | {"resource": {**system.get("resource", {}), **sample.get("resource", {})}}


@cache
def traffic() -> LogBatch:
    """A thousand records of the demo's services, triaged."""
    bodies = [template.numbered(at) for at, template in enumerate(templates(3, 100, 10))]
    entries = [Entry("j", at, "a.example", "otlp", body, 100, 1_800_000_000_000, b"") for at, body in enumerate(bodies)]
    return triaged(decode(entries).batch)


def classes(found: list[dict[str, Any]]) -> Counter[int]:
    return Counter(event["class_uid"] for event in found)


@pytest.mark.slow
@each_version
def test_corpus(version: str) -> None:
    """Over 400 records of 80 systems: valid, and of the classes that their attributes speak for."""
    found = classes(events(corpus(), version))
    if version >= "1.4.0":
        assert found.keys() == {0, 4002, 6008}
        assert 100 < found[6008] < found[0]
        assert found[4002] > 10


@pytest.mark.slow
@each_version
def test_traffic(version: str) -> None:
    """The demo's services: every error is one."""
    batch = traffic()
    found = events(batch, version)
    severe = int((batch.column("severity_number") >= 17).sum())
    requests = int(batch.column("body").str.contains(" HTTP/1.1").sum())
    if version >= "1.4.0":
        assert classes(found)[6008] >= severe > 20
    assert classes(found)[4002] == requests > 20
    assert classes(found)[0] > 300


ODD_TEXTS = [
    "", " ", "x", "10.0.0.1", "999.1.1.1", "10.0.0.1 ", "::1", "fe80::1%eth0", "::ffff:10.1.2.3", "1:2:3:4:5:6:7:8", "::1::",
    "2001:0db8:0000:0000:0000:0000:0000:0001", "example.com", "-bad-.com", "a_b", "a@b.co", "a@b", "200", "0200", "-1", "70000",
    "https://u:p@h.example:8443/p?q#f", "https://[::1]/", "/login", "/logout/", "GET", "post", "BREW", "PATCH", '"\\\n\t\x00\x7f\u2028',
    '10.0.0.1 - ada [x] "GET /login?q HTTP/1.1" 200 5 "-" "curl"', '- - - "BREW * HTTP/2" 199 -', 'h - - "POST http://a/ HTTP/1.0" 599',
    "x" * 70_000, "é" * 65_535, "critical", "error", "failure", "linux", "security/login-failed", "Android",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.booleans(),
    st.sampled_from([0, 1, 80, 99, 100, 200, 404, 599, 600, 65_535, 65_536, -1, 1 << 40, -(1 << 63)]),
    st.floats(),
    st.none(),
    st.binary(max_size=3),
    st.just(Nested(AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k")])).SerializeToString())),
)
RECORD_KEYS = [
    "http.request.method", "http.method", "http.response.status_code", "http.status_code", "url.full", "http.url", "url.path",
    "url.scheme", "url.query", "url.domain", "http.route", "user_agent.original", "network.protocol.version", "http.request.body.size",
    "http.response.body.size", "client.address", "client.port", "source.address", "net.peer.ip", "server.address", "server.port",
    "user.name", "user.id", "user.email", "user.full_name", "enduser.id", "rpc.method", "rpc.service", "event.outcome",
    "exception.type", "exception.message", "exception.stacktrace", "error.type", "logboom.triage.level", "logboom.triage.rule",
    "logboom.error_type", "logboom.component", "logboom.issue.id", "deployment.environment.name", "anything", '"', "",
]  # fmt: skip
RESOURCE_KEYS = [
    "service.name", "host.name", "host.id", "os.type", "os.name", "os.version", "process.pid", "process.executable.name",
    "process.command_line", "cloud.provider", "cloud.region", "cloud.account.id", "cloud.availability_zone", "other",
]  # fmt: skip
EVENTS = ["", "user.login", "user.logout.failed", "session.signin", "logboom.alert", "logboom.issue.resolved",
          "logboom.issue.regressed", "logboom.issues", "x" * 66_000]  # fmt: skip
WHOLE = [
    ("http.request.method", "GET"), ("http.response.status_code", 200), ("url.path", "/login"), ("client.address", "10.0.0.1"),
    ("user.name", "ada"), ("rpc.method", "Call"), ("server.address", "example.com"), ("exception.type", "E"),
]  # fmt: skip
"""What makes a record more than a Base Event; what is drawn before it takes its place."""
FIELDS_OF_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "severity_number": st.integers(-1, 30),
        "severity_text": st.sampled_from(ODD_TEXTS),
        "event_name": st.sampled_from(EVENTS),
        "body": st.none() | st.sampled_from(ODD_TEXTS),
        "trace_id": st.sampled_from([b"", bytes(16), b"\x01" * 16]),
        "span_id": st.sampled_from([b"", bytes(8), b"\x02" * 8]),
        "time_unix_nano": st.sampled_from([0, 1, (1 << 64) - 1]),
        "observed_time_unix_nano": st.sampled_from([0, 1, (1 << 64) - 1]),
        "flags": st.sampled_from([0, (1 << 32) - 1]),
        "domain": st.none() | st.sampled_from(ODD_TEXTS),
    },
)
ROWS = st.builds(
    lambda attributes, resource, scope, fields: Row("id", attributes, resource, (scope, scope, attributes[:1]), fields),
    st.builds(
        lambda drawn, base: drawn + base,
        st.lists(st.tuples(st.sampled_from(RECORD_KEYS), VALUES), max_size=7),
        st.lists(st.sampled_from(WHOLE), max_size=len(WHOLE), unique=True) | st.just(WHOLE),
    ),
    st.builds(
        lambda drawn, base: drawn + base,
        st.lists(st.tuples(st.sampled_from(RESOURCE_KEYS), VALUES), max_size=5),
        st.just([("service.name", "shop"), ("host.name", "web-1"), ("cloud.provider", "aws")]) | st.just([]),
    ),
    st.sampled_from(ODD_TEXTS),
    FIELDS_OF_RECORDS,
)


@pytest.mark.slow
@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROWS, min_size=1, max_size=4), st.sampled_from(VERSIONS))
def test_anything(rows: list[Row], version: str) -> None:
    """Whatever a sender writes into attributes that we know, the event is valid."""
    events(row_batch.batch_of(rows), version)


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_no_attribute_is_lost(rows: list[Row]) -> None:
    """What a record and its resource said stands in a field, or under `unmapped` by its own name."""
    for row, event in zip(rows, events(row_batch.batch_of(rows), "1.5.0"), strict=True):
        unmapped = event.pop("unmapped", {})
        held = set(_leaves(event))
        for level, said in (("attributes", row.attributes), ("resource", row.resource)):
            for key, value in dict(reversed(said)).items():
                if key not in unmapped.get(level, {}):
                    assert (
                        str(value) in held
                        or str(value).lstrip("0") in held
                        or str(value).upper() in held
                        or key == "os.type"
                    ), (key, value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _leaves(below)
    else:
        yield str(value)


def test_an_empty_batch() -> None:
    """No records, no events."""
    assert ocsf_json(LogBatch.empty()).to_list() == []
