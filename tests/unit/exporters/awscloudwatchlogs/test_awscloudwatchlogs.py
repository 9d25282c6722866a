"""The awscloudwatchlogs exporter against moto's CloudWatch Logs: groups, streams, events, order; and every answer of the documentation."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import boto3
import numpy as np
import orjson
import pytest
from moto.server import ThreadedMotoServer
from pydantic import ValidationError

from collector.component import Context
from collector.errors import LogboomError
from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.testing.row_batch import Nested, Row, batch_of
from collector.transport.http_answers import NotSent
from collector.transport.http_client import HttpAnswer
from counterparts import sending
from exporters.awscloudwatchlogs import FACTORY
from exporters.awscloudwatchlogs.answers import EMPTY, verdicts
from exporters.awscloudwatchlogs.config import AwsCloudWatchLogsConfig
from exporters.awscloudwatchlogs.events import EVENT_BYTES, events, records
from exporters.awscloudwatchlogs.streams import keys, streams
from otlp_wire import any_from_python

MS = 1_000_000
NOW = time.time_ns() // (60_000 * MS) * 60_000 * MS
NAMES = {"log_group_name": "/shop/{ServiceName}", "log_stream_name": "{PodName}-logs"}
JSON = {"Content-Type": "application/x-amz-json-1.1"}
ORDER, NONE = np.array([2, 0, 1, 3], np.uint32), np.empty(0, np.uint32)


@pytest.fixture(scope="module")
def aws():
    """A client of the server's own."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield boto3.client(
        "logs", endpoint_url=f"http://{host}:{port}", region_name="eu-west-1", aws_access_key_id="k", aws_secret_access_key="s"
    )  # fmt: skip
    server.stop()


@pytest.fixture(autouse=True)
def keys_of_environment(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)


def config(**more):
    return AwsCloudWatchLogsConfig.model_validate(
        {"log_group_name": "g", "log_stream_name": "s", "region": "eu-west-1", **more}
    )


def row(body="x", at=NOW, own=(), resource=(), **fields):
    return Row(
        "r", list(own), list(resource), fields={"time_unix_nano": at, "body": body, "severity_number": 0, **fields}
    )


def told(aws, group, stream):
    """(time, message) of a stream's events."""
    found = aws.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    return [(event["timestamp"], event["message"]) for event in found]


def test_groups_and_streams_are_made(aws, tmp_path):
    """With retention and tags, once; events stand in the order of their times."""
    options = {
        **NAMES,
        "endpoint": aws.meta.endpoint_url,
        "region": "eu-west-1",
        "log_retention": 30,
        "tags": {"team": "shop"},
        "raw_log": True,
    }
    resource = [("service.name", "web"), ("pod", "web-1")]
    rows = [
        row("c", NOW + 2 * MS, resource=resource),
        row("a", NOW, resource=resource),
        row("b", NOW + MS, resource=resource),
    ]
    assert sending.verdicts(
        FACTORY, options, tmp_path, batch_of(rows), batch_of([row("d", NOW + 3 * MS, resource=resource)])
    ) == [Ok(), Ok()]
    assert told(aws, "/shop/web", "web-1-logs") == [((NOW // MS) + n, body) for n, body in enumerate("abcd")]
    [group] = aws.describe_log_groups(logGroupNamePrefix="/shop/web")["logGroups"]
    assert (group["retentionInDays"], aws.list_tags_log_group(logGroupName="/shop/web")["tags"]) == (
        30,
        {"team": "shop"},
    )


def test_a_group_whose_retention_was_refused_gets_it_later(monkeypatch):
    """The next attempt finds the group: its events would be kept, and paid for, for ever."""
    exporter = FACTORY.create(config(log_retention=30), Context("aws", None))
    there, asked, refusals = set(), [], ["ThrottlingException"]

    async def ask(operation, body):
        asked.append(operation)
        missing = {"PutLogEvents": {"group", "stream"}, "CreateLogStream": {"group"}}.get(operation, set()) - there
        error = "ResourceNotFoundException" if missing else ""
        if operation == "PutRetentionPolicy" and refusals:
            error = refusals.pop()
        if not error:
            there.update({"CreateLogGroup": {"group"}, "CreateLogStream": {"stream"}}.get(operation, set()))
        return HttpAnswer(400, JSON, orjson.dumps({"__type": f"a#{error}"})) if error else HttpAnswer(200, JSON, b"{}")

    monkeypatch.setattr(exporter, "_ask", ask)
    call = exporter.encode(batch_of([row("a")]))
    [first] = exporter.classify(asyncio.run(exporter.send(call)))
    assert isinstance(first, Retry)
    assert exporter.classify(asyncio.run(exporter.send(call))) == [Ok()]
    assert asked[-3:] == ["PutRetentionPolicy", "CreateLogStream", "PutLogEvents"]
    assert exporter.classify(asyncio.run(exporter.send(call))) == [Ok()]
    assert asked.count("CreateLogGroup") == 1


def test_a_stream_in_a_group_that_is_there(aws, tmp_path):
    aws.create_log_group(logGroupName="there")
    options = {
        "log_group_name": "there",
        "log_stream_name": "new",
        "endpoint": aws.meta.endpoint_url,
        "region": "eu-west-1",
    }
    assert sending.verdicts(FACTORY, options, tmp_path, batch_of([row("hello")])) == [Ok()]
    [(_, message)] = told(aws, "there", "new")
    assert json.loads(message) == {"body": "hello"}


def test_a_record():
    """All that it says, as the Collector's exporter writes it; what it does not say is left out."""
    full = row(
        "text", own=[("n", 5), ("t", "a\"b")], resource=[("service.name", "web")], severity_number=9, severity_text="INFO", flags=1,
        trace_id=bytes(range(16)), span_id=bytes(range(8)), dropped_attributes_count=2,
    )  # fmt: skip
    nested = row(None, body_any=any_from_python({"a": [1, None]}))
    found = [json.loads(text) for text in records(batch_of([full, nested, row(None)]))]
    assert found[0] == {
        "body": "text", "severity_number": 9, "severity_text": "INFO", "flags": 1, "dropped_attributes_count": 2,
        "trace_id": bytes(range(16)).hex(), "span_id": bytes(range(8)).hex(), "attributes": {"n": 5, "t": 'a"b'}, "resource": {"service.name": "web"},
    }  # fmt: skip
    assert found[1:] == [{"body": {"a": [1, None]}}, {}]


def test_names():
    """Of the placeholder's own attribute, else of the one that it stands for; else `undefined`."""
    rows = [
        row(resource=[("service.name", "web"), ("pod", "p")]),
        row(resource=[("ServiceName", "own"), ("service.name", "x"), ("pod", "")]),
        row(),
    ]
    found = streams(batch_of(rows), config(**NAMES))
    assert found.group.to_list() == ["/shop/web", "/shop/own", "/shop/undefined"]
    assert found.stream.to_list() == ["p-logs", "undefined-logs", "undefined-logs"]


def test_the_embedded_metric_format():
    """A body that names its group is sent there; with `raw_log` alone."""
    bodies = [
        '{"_aws":{"LogGroupName":"m","LogStreamName":"n"}}',
        '{"log_group_name":"v0"}',
        '{"_aws":{"LogStreamName":"n"}}',
        '"_aws" no json',
        "x",
    ]
    rows = [row(body) for body in bodies]
    found = streams(batch_of(rows), config(raw_log=True))
    assert (found.group.to_list(), found.stream.to_list()) == (["m", "v0", "g", "g", "g"], ["n", "s", "s", "s", "s"])
    assert streams(batch_of(rows), config()).group.to_list() == ["g"] * 5


def test_a_call_is_of_one_day():
    day = 86_400 * 10**9
    start = NOW // day * day
    found = keys(batch_of([row(at=start), row(at=start + day - 1), row(at=start + day)]), config())
    assert found[0] == found[1] != found[2]


def test_events_are_in_order_and_counted():
    """Positions of records go with them; what has nothing to say is none."""
    found = events(batch_of([row("c", NOW + 2 * MS), row("", NOW), row("ä", NOW)]), raw=True)
    assert orjson.loads(found.content) == [
        {"timestamp": NOW // MS, "message": "ä"},
        {"timestamp": NOW // MS + 2, "message": "c"},
    ]
    assert (found.order.tolist(), found.empty.tolist(), found.size_bytes) == ([2, 0], [1], 3 + 2 * EVENT_BYTES)


def test_nothing_to_say(aws, tmp_path):
    """Empty bodies are dead letters, and no call is made for them."""
    options = {
        "log_group_name": "empty",
        "log_stream_name": "s",
        "endpoint": aws.meta.endpoint_url,
        "region": "eu-west-1",
        "raw_log": True,
    }
    [verdict] = sending.verdicts(FACTORY, options, tmp_path, batch_of([row(""), row(None)]))
    assert (verdict.reason, verdict.items.tolist()) == (EMPTY, [0, 1])
    assert not aws.describe_log_groups(logGroupNamePrefix="empty")["logGroups"]


def test_too_much_for_a_call():
    """It is halved before anybody is asked."""
    exporter = FACTORY.create(config(raw_log=True), Context("x", Path()))
    for rows in ([row("x" * (600 << 10))] * 2, [row("x")] * 10_001):
        with pytest.raises(NotSent) as caught:
            asyncio.run(exporter.send(exporter.encode(batch_of(rows))))
        assert isinstance(caught.value.verdict, Split)
        assert caught.value.verdict.too_large


def refusal(name, status=400):
    return HttpAnswer(status, JSON, orjson.dumps({"__type": f"com.amazonaws.logs#{name}", "message": "why"}))


ANSWERS = {
    "InvalidParameterException": Split, "ValidationException": Split, "ThrottlingException": Retry, "LimitExceededException": Retry,
    "OperationAbortedException": Retry, "ServiceUnavailableException": Retry, "InvalidSequenceTokenException": Retry, "DataAlreadyAcceptedException": Ok,
    "AccessDeniedException": Blocked, "UnrecognizedClientException": Blocked, "ExpiredTokenException": Blocked, "ResourceNotFoundException": Blocked,
    "InvalidSignatureException": Blocked, "RequestEntityTooLargeException": Split,
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name):
    """By name, whatever the status."""
    [verdict] = verdicts(refusal(name), ORDER, NONE)
    assert type(verdict) is ANSWERS[name]
    assert isinstance(verdict, Ok) or f"{name}: why" in verdict.reason
    assert getattr(verdict, "throttled", False) == name.startswith(("Throttling", "LimitExceeded"))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (HttpAnswer(500, {}, b""), Retry), (HttpAnswer(503, {"Retry-After": "5"}, b""), Retry), (HttpAnswer(413, {}, b""), Split),
        (HttpAnswer(403, {}, b"<html>"), Blocked), (HttpAnswer(200, {"Content-Type": "text/html"}, b"<html>"), Blocked), (TimeoutError(), Retry),
        (HttpAnswer(200, JSON, b"{}"), Ok),
    ],
)  # fmt: skip
def test_answers_without_a_name(answer, kind):
    """By HTTP's table; a page of somebody else is no success."""
    [verdict] = verdicts(answer, ORDER, NONE)
    assert type(verdict) is kind


REJECTED = {
    "none": ({}, {}),
    "too old": ({"tooOldLogEventEndIndex": 2}, {"older": [0, 2]}),
    "expired, and too old": (
        {"tooOldLogEventEndIndex": 3, "expiredLogEventEndIndex": 1},
        {"retention": [2], "older": [0, 1]},
    ),
    "too new": ({"tooNewLogEventStartIndex": 2}, {"future": [1, 3]}),
    "both ends": ({"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3}, {"older": [2], "future": [3]}),
    "all": ({"expiredLogEventEndIndex": 4}, {"retention": [0, 1, 2, 3]}),
    "beyond all": ({"tooOldLogEventEndIndex": 9}, {"older": [0, 1, 2, 3]}),
    "words": ({"tooOldLogEventEndIndex": "x"}, {}),
}


@pytest.mark.parametrize("name", REJECTED)
def test_events_that_are_rejected(name):
    """By their records' positions; all others are delivered."""
    info, wanted = REJECTED[name]
    found = verdicts(HttpAnswer(200, JSON, orjson.dumps({"rejectedLogEventsInfo": info})), ORDER, NONE)
    if not wanted:
        assert found == [Ok()]
        return
    assert all(isinstance(verdict, Reject) for verdict in found)
    assert {
        word: verdict.items.tolist()
        for verdict in found
        for word in ("retention", "older", "future")
        if word in verdict.reason
    } == wanted


def test_empty_records_are_not_sent_again():
    """With the rest of their call."""
    nothing, again = verdicts(refusal("ThrottlingException"), np.array([0, 2], np.uint32), np.array([1], np.uint32))
    assert (nothing.items.tolist(), again.items.tolist(), again.throttled) == ([1], [0, 2], True)


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://logs.eu-west-1.amazonaws.com"), ({"region": "cn-north-1"}, "https://logs.cn-north-1.amazonaws.com.cn"),
        ({"endpoint": "logs.us-east-2.amazonaws.com"}, "https://logs.us-east-2.amazonaws.com"), ({"endpoint": "http://localhost:4566"}, "http://localhost:4566"),
    ],
)  # fmt: skip
def test_addresses(options, url):
    assert config(**options).url == url


def test_the_region_is_known():
    """By the option, the address, the environment; or it does not start."""
    assert config(region="", endpoint="https://logs.us-east-2.amazonaws.com").place == "us-east-2"
    exporter = FACTORY.create(config(region=""), Context("awscloudwatchlogs/x", Path()))
    with pytest.raises(LogboomError, match="awscloudwatchlogs/x: write `region`"):
        asyncio.run(exporter.start())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"log_group_name": "{Nope}"}, "{Nope} is none of"), ({"log_group_name": "a b"}, "a log group has"), ({"log_stream_name": "a:b"}, "neither : nor"),
        ({"log_retention": 2}, "log_retention"), ({"tags": {}}, "tags"), ({"tags": {"a": ""}}, "tags"), ({"external_id": "x"}, "goes with role_arn"),
    ],
)  # fmt: skip
def test_options_that_are_refused(options, said):
    with pytest.raises(ValidationError, match=said):
        config(**options)


def test_nested_attributes():
    """Maps stay maps."""
    [text] = records(batch_of([row(own=[("m", Nested(any_from_python({"a": 1})))])]))
    assert json.loads(text)["attributes"] == {"m": {"a": 1}}
