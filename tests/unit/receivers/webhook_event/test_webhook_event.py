"""The webhook_event receiver: records as the Collector's receiver makes them, who may post, its answers."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import hmac
import http.client
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from pydantic import ValidationError

from collector.component import Kind
from collector.errors import Exhausted, TooLarge, Unavailable
from collector.receivers.webhook_event import FACTORY
from collector.receivers.webhook_event.records import WebhookRecords
from collector.registry import default_registry
from collector.release import release
from collector.testing.intake import MemoryIntake
from collector.transport.probe import ask
from counterparts.examples import examples
from counterparts.json_door import attributes, door, records
from otlp_wire import inspect

ADDRESS = {"endpoint": "127.0.0.1:0"}
SECRET = "It's a Secret to Everybody"  # GitHub's own example
HELLO = b"Hello, World!"
SIGNED = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def webhooks(**options: Any) -> WebhookRecords:
    return WebhookRecords(FACTORY.config.model_validate({**ADDRESS, **options}), "webhook_event/x")


def bodies(body: bytes, **options: Any) -> list[str]:
    """The texts of a body's records."""
    made = webhooks(**options)
    received = made.received(body, made.around(b"", []))
    assert not received.records or inspect(received.body).records == received.records
    return [record.get("body", "") for record in records(received.body)]


def posting(**options: Any):
    return door(FACTORY, "webhook_event", {**ADDRESS, **options})


LINES = b'{ "name": "francis", "city": "newyork" }\n{ "name": "john", "city": "paris" }\na third line\n'
SPLITS = {
    "whole": ({}, LINES, [LINES.decode()]),
    "lines": ({"split_logs_at_newline": True}, LINES, LINES.decode().split("\n")[:-1]),
    "blank lines": ({"split_logs_at_newline": True}, b"a\n\n \nb", ["a", "b"]),
    "documents": (
        {"split_logs_at_json_boundary": True}, b'{ "a": "x", "b": [1,\n2] }\n{ "c": 1 }{"d":{}}', ['{ "a": "x", "b": [1,\n2] }', '{ "c": 1 }', '{"d":{}}'],
    ),
    "documents that are none": ({"split_logs_at_json_boundary": True}, b"no json {}", ["no json {}"]),
    "text behind a document": ({"split_logs_at_json_boundary": True}, b'{"a":1} and more', ['{"a":1}', "and more"]),
    "an array": ({"split_logs_at_json_boundary": True}, b"[{},{}] 5 null", ["[{},{}]", "5", "null"]),
    "no UTF-8": ({}, b"a\xffb", ["a\ufffdb"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SPLITS)
def test_what_of_a_body_is_a_record(name):
    """Text, as it was posted."""
    options, body, texts = SPLITS[name]
    assert bodies(body, **options) == texts


def test_headers_that_stand_in_each_record_make_no_gigabytes():
    """A body of lines does not become as many times its headers."""
    made = webhooks(split_logs_at_newline=True, convert_headers_to_attributes=True)
    around = made.around(b"", [(b"x-long", b"a" * 60_000)])
    assert made.received(b"x\n" * 100, around).records == 100
    with pytest.raises(TooLarge, match="records of more than 64 MiB"):
        made.received(b"x\n" * 2_000, around)


def test_parameters_that_carry_credentials_are_no_attributes():
    """What the options name as such stays out of records, as the headers do."""
    auth = {"authenticator": "api_keys", "request_params": ["key"]}
    made = webhooks(auth=auth)
    assert made.around(b"key=lb_secret&env=prod&key=other", []).resource == (("env", "prod"),)


@settings(max_examples=examples(200))
@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from(['{"a":1}', "[", "{}", "5", '"x', " ", "\n", "\\", "]"]), max_size=12).map(
        lambda parts: "".join(parts).encode()
    )
)
def test_nothing_of_a_body_is_lost(body):
    """However it is split: all that is no white space is in its records."""
    plain = lambda text: "".join(text.split())  # noqa: E731
    wanted = plain(body.decode("utf-8", "replace"))
    for options in ({}, {"split_logs_at_newline": True}, {"split_logs_at_json_boundary": True}):
        assert plain("".join(bodies(body, **options))) == wanted


def test_more_than_a_request_may_hold():
    for options in ({"split_logs_at_newline": True}, {"split_logs_at_json_boundary": True}):
        with pytest.raises(TooLarge):
            bodies(b"1\n" * 100_001, **options)
    assert len(bodies(b"[" * 100_000, split_logs_at_json_boundary=True)) == 1


def test_query_and_scope():
    """Parameters are the resource, the first of a name; the scope says which receiver it was."""
    made = webhooks()
    received = made.received(b"x", made.around(b"a=1&a=2&b=&c=%20x", []))
    [group] = ExportLogsServiceRequest.FromString(received.body).resource_logs
    [scope] = group.scope_logs
    assert attributes(group.resource.attributes) == {"a": "1", "c": " x"}
    assert (scope.scope.name, scope.scope.version) == ("otlp/webhook_event", release())
    assert attributes(scope.scope.attributes) == {"source": "webhook_event/x", "receiver": "webhook_event"}


HEADERS = [(b"host", b"h"), (b"x-github-event", b"push"), (b"x-github-event", b"ping"), (b"user-agent", b"GitHub"), (b"authorization", b"Bearer x"),
           (b"x-hub-signature-256", b"y"), (b"x-mine", b"z"), (b"cookie", b"c")]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, {}),
        ({"convert_headers_to_attributes": True}, {"header.X-Github-Event": ["push", "ping"], "header.User-Agent": ["GitHub"], "header.X-Mine": ["z"]}),
        ({"header_attribute_regex": "^X-(Github|Hub)"}, {"header.X-Github-Event": ["push", "ping"]}),
        ({"convert_headers_to_attributes": True, "required_header": {"key": "X-Mine", "value": "z"}}, {"header.X-Github-Event": ["push", "ping"], "header.User-Agent": ["GitHub"]}),
    ],
    ids=["none", "all", "some", "not the required"],
)  # fmt: skip
def test_headers(options, wanted):
    """Named as Go writes them, a list of values each; no credential ever."""
    made = webhooks(**options)
    [record] = records(made.received(b"x", made.around(b"", HEADERS)).body)
    assert record.get("attributes", {}) == wanted


def test_answers():
    """As the Collector's: nothing but a status, or a text as JSON."""
    with posting(path="hook", health_path="well") as running:
        found = running.post("/hook?team=a", '{"a":1}')
        assert (found.status, found.body) == (200, b"")
        assert running.post("/well", b"", "GET").json == {"text": "Webhookevent receiver is healthy"}
        assert running.post("/events", b"x").status == 404
        assert running.post("/hook", b"", "GET").status == 405
        found = running.post("/hook", b"")
        assert (found.status, found.json) == (400, "request body content length is zero")
        assert running.post("/hook", gzip.compress(b"packed"), content_encoding="gzip").status == 200
        assert running.post("/hook", b"x", content_encoding="gzip").status == 400
        found = running.post("/hook", b"x", content_encoding="br")
        assert (found.status, found.json) == (415, "unsupported Content-Encoding: br")
        assert running.post("/hook", gzip.compress(b" " * (5 << 20)), content_encoding="gzip").status == 413
        assert [(record["body"], record.get("resource")) for record in running.records] == [
            ('{"a":1}', {"team": "a"}),
            ("packed", None),
        ]


def test_an_empty_body_in_chunks():
    """Its length is not told: it is empty all the same."""
    with posting() as running:
        connection = http.client.HTTPConnection(running.address, timeout=30)
        connection.request("POST", "/events", iter([]), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        with contextlib.closing(connection), connection.getresponse() as answer:
            assert (answer.status, json.loads(answer.read())) == (400, "request body content length is zero")


def test_required_headers():
    """Each of them, before the body is read."""
    several = [{"key": "X-One", "value": "1"}, {"key": "X-Two", "value": "2"}]
    with posting(required_headers=several, required_header={"key": "X-Gitlab-Token", "value": "s3cret"}) as running:
        good = {"x_gitlab_token": "s3cret", "x_one": "1", "x_two": "2"}
        assert running.post("/events", b"x", **good).status == 200
        for key in good:
            for headers in ({**good, key: "other"}, {name: value for name, value in good.items() if name != key}):
                found = running.post("/events", b"x", **headers)
                assert (found.status, found.json) == (
                    401,
                    "request was missing required header or incorrect header value",
                )
        assert len(running.records) == 1


def test_signatures():
    """GitHub's example; a body that was changed, a signature of another, none."""
    options = {"hmac_signature": {"secret": SECRET, "header": "X-Hub-Signature-256", "prefix": "sha256="}}
    with posting(**options) as running:
        assert running.post("/events", HELLO, x_hub_signature_256=f"sha256={SIGNED}").status == 200
        packed = gzip.compress(HELLO)
        assert (
            running.post("/events", packed, content_encoding="gzip", x_hub_signature_256=f"sha256={SIGNED}").status
            == 200
        )
        other = hmac.new(b"other", HELLO, hashlib.sha256).hexdigest()
        for body, signature in (
            (b"Hello, World?", f"sha256={SIGNED}"),
            (HELLO, SIGNED),
            (HELLO, f"sha256={other}"),
            (HELLO, ""),
        ):
            found = running.post("/events", body, **({"x_hub_signature_256": signature} if signature else {}))
            assert (found.status, found.json) == (401, "X-Hub-Signature-256 is missing or wrong")
        assert [record["body"] for record in running.records] == ["Hello, World!"] * 2


@pytest.mark.parametrize(("refusal", "status"), [(Exhausted("slow down"), 429), (Unavailable("full"), 503)])
def test_hints(refusal, status):
    """A limit of the domain, our own state: when to come again."""
    with door(FACTORY, "webhook_event", ADDRESS, intake=MemoryIntake(refusal)) as running:
        found = running.post("/events", b"x")
        assert (found.status, "retry-after" in found.headers) == (status, True)


def test_equal_webhooks_of_different_teams_are_none_of_one_another():
    with posting(header_attribute_regex="X-Event") as running:
        for path, headers in (
            ("/events?a=1", {}),
            ("/events?a=2", {}),
            ("/events", {"x_event": "a"}),
            ("/events", {"x_event": "b"}),
        ):
            assert running.post(path, b"x", **headers).status == 200
        assert len({payload.digest for payload in running.intake.payloads}) == 4


def test_the_probe_is_answered():
    """Also where a header is asked for; it becomes no record."""
    for options in ({}, {"required_header": {"key": "X-One", "value": "1"}}):
        config = FACTORY.config.model_validate({**ADDRESS, **options})
        with posting(**options) as running:
            assert ask(config.probes()["webhook_event"], running.address, 10.0) == ""
            assert running.records == []
            assert running.admission.statistics().refused_requests == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"header_attribute_regex": "("}, "not an expression of RE2"),
        ({"split_logs_at_newline": True, "split_logs_at_json_boundary": True}, "exclude each other"),
        ({"path": "/a", "health_path": "a"}, "must be different paths"),
        ({"required_header": {"key": "X"}}, "required_header.value"),
        ({"hmac_signature": {"secret": "x"}}, "hmac_signature.header"),
    ],
)  # fmt: skip
def test_options_that_are_refused(options, said):
    with pytest.raises(ValidationError, match=said.replace(".", r"[.\s]")):
        FACTORY.config.model_validate({**ADDRESS, **options})


def test_both_names():
    """The Collector's old one, too; an address is needed."""
    registry = default_registry()
    assert registry.find(Kind.RECEIVER, "webhookevent") is registry.find(Kind.RECEIVER, "webhook_event")
    with pytest.raises(ValidationError, match="endpoint"):
        FACTORY.config.model_validate({})
    assert FACTORY.config.model_validate({**ADDRESS, "required_header": {"key": "", "value": ""}}).required() == []
