"""A status line is anybody's word: what each destination says when it has taken a request, and what is somebody else's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from collector.component import Context
from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.transport import cloudflare
from collector.transport.http_answers import verdict
from collector.transport.http_client import HttpAnswer
from collector.transport.otlp_http import TAKEN as OTLP
from exporters.awscloudwatchlogs.answers import verdicts as cloudwatch_verdicts
from exporters.azure_monitor.answers import verdicts as insights_verdicts
from exporters.chronicle.exporter import TAKEN as CHRONICLE
from exporters.clickhouse.answers import insert_verdict
from exporters.d1.verdicts import verdict_of as d1_verdict
from exporters.datadog.exporter import TAKEN as DATADOG
from exporters.elasticsearch.answers import verdicts as bulk_verdicts
from exporters.googlecloud.answers import verdicts as google_verdicts
from exporters.loki.exporter import TAKEN as LOKI
from exporters.sentinel.exporter import TAKEN as SENTINEL
from exporters.splunk_hec.answers import ACKNOWLEDGEMENTS, WELL, read
from exporters.splunk_hec.answers import verdict as hec_verdict
from exporters.webhook.config import HttpConfig
from exporters.webhook.exporter import HttpExporter

PAGE = "<!DOCTYPE html><html><title>Sign in</title></html>"
JSON, HTML, TEXT, PROTOBUF = "application/json", "text/html; charset=utf-8", "text/plain", "application/x-protobuf"


def webhook(**options):
    exporter = HttpExporter(
        HttpConfig.model_validate({"url": "https://x.example", **options}), Context("http", Path("nowhere"))
    )
    return lambda answer: exporter.classify(answer)[0]


EXPORTERS = {
    "splunk_hec": lambda answer: hec_verdict(answer, read(answer)),
    "otlp_http": lambda answer: verdict(answer, taken=OTLP),
    "datadog": lambda answer: verdict(answer, taken=DATADOG),
    "loki": lambda answer: verdict(answer, taken=LOKI),
    "awscloudwatchlogs": lambda answer: cloudwatch_verdicts(
        answer, np.arange(1, dtype=np.uint32), np.arange(0, dtype=np.uint32)
    )[0],
    "googlecloud": lambda answer: google_verdicts(answer, None)[0],
    "azure_monitor": lambda answer: insights_verdicts(answer, 1)[0],
    "sentinel": lambda answer: verdict(answer, taken=SENTINEL),
    "chronicle": lambda answer: verdict(answer, taken=CHRONICLE),
    "elasticsearch": lambda answer: bulk_verdicts(answer, np.arange(1, dtype=np.uint32))[0],
    "clickhouse": insert_verdict,
    "d1": lambda answer: d1_verdict(cloudflare.read(answer), 1),
    "kv": lambda answer: cloudflare.verdict(cloudflare.read(answer)),
    "http": webhook(),
    "http, json": webhook(success_body="json"),
}
WHO = {
    "splunk_hec": "Splunk", "otlp_http": "an OTLP server", "datadog": "Datadog", "loki": "Loki", "sentinel": "Azure Monitor",
    "awscloudwatchlogs": "CloudWatch Logs", "chronicle": "Google", "googlecloud": "Google", "azure_monitor": "Application Insights", "elasticsearch": "Elasticsearch", "d1": "Cloudflare", "kv": "Cloudflare",
    "clickhouse": "ClickHouse", "http": "the intake", "http, json": "the intake",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTERS)
@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (200, HTML, PAGE),
        (202, HTML, PAGE),
        (203, "application/xhtml+xml", PAGE),
        (200, TEXT, PAGE),
        (200, "", f"\ufeff\n<!-- proxy -->\n{PAGE}"),
        (200, JSON, "<HTML><body>Welcome"),
        (200, HTML, "<p>You are offline"),
    ],
)
def test_a_page_is_no_delivery(name, status, content_type, body):
    """Nothing counts as delivered, everything is kept, and people are told who answered."""
    found = EXPORTERS[name](HttpAnswer(status, {"Content-Type": content_type}, body.encode()))
    said = content_type.partition(";")[0] or "a body of no type"
    assert found == Blocked(f"answered {status} with {said}: a proxy or sign-in page, not {WHO[name]}")


@pytest.mark.parametrize("name", [name for name in EXPORTERS if not name.startswith("http")])
def test_a_page_with_400_is_about_the_connection(name):
    """`The plain HTTP request was sent to HTTPS port` makes no record a dead letter."""
    found = EXPORTERS[name](HttpAnswer(400, {"Content-Type": HTML}, b"<html><h1>400 Bad Request</h1></html>"))
    assert isinstance(found, Blocked)
    assert "a proxy's page" in found.reason


def test_413_is_about_the_size_whoever_says_it():
    """nginx in front of an intake answers with a page."""
    answer = HttpAnswer(413, {"Content-Type": HTML}, b"<html>")
    assert isinstance(verdict(answer, taken=DATADOG), Split)


ACK = '{"text":"Success","code":0,"ackId":7}'
FINE = '{"success":true,"errors":[],"result":[{"success":true,"meta":{},"results":[]}]}'
ANSWERS = {
    "splunk_hec": [
        (200, JSON, '{"text":"Success","code":0}', Ok),
        (200, JSON, ACK, Ok),
        (200, HTML, '{"text":"Success","code":0}', Ok),  # behind a proxy that calls everything HTML
        (200, JSON, '{"text":"Success","code":200}', Ok),  # Fluent Bit, OpenObserve
        (200, JSON, '"OK"', Ok),  # otelcol's receiver, for years
        (200, "", "", Ok),
        (204, "", "", Ok),
        (200, JSON, '{"text":"Server is busy","code":9}', Retry),
        (200, JSON, '{"text":"Invalid token","code":4}', Blocked),
        (200, JSON, '{"text":"Invalid data format","code":6}', Split),
        (200, JSON, '{"login":"/sso"}', Blocked),
        (200, JSON, "[]", Blocked),
        (200, TEXT, "It works!", Blocked),
    ],
    "otlp_http": [
        (200, PROTOBUF, "", Ok),
        (200, PROTOBUF, "\n\x02\x08\x05", Ok),
        (200, "", "\n\x02\x08\x05", Ok),
        (200, JSON, "{}", Ok),
        (200, JSON, '{"partialSuccess":{"rejectedLogRecords":"1"}}', Ok),
        (200, JSON, '{"since":"2.0"}', Ok),  # members of a later OTLP
        (200, TEXT, "{}", Ok),
        (202, "", "", Ok),
        (204, "", "", Ok),
        (200, JSON, '{"code":16,"message":"no such key"}', Blocked),
        (200, JSON, '{"error":"unauthorized"}', Blocked),
        (200, JSON, "null", Blocked),
        (200, TEXT, "fine", Blocked),
        (200, PROTOBUF, "not protobuf", Blocked),
    ],
    "datadog": [
        (202, JSON, "{}", Ok),
        (200, JSON, "{}", Ok),
        (200, "", "", Ok),
        (202, JSON, '{"errors":["API key is invalid"]}', Blocked),
        (204, "", "", Blocked),
        (202, TEXT, "Welcome", Blocked),
    ],
    "loki": [(204, "", "", Ok), (200, JSON, "{}", Ok), (200, TEXT, "ok", Blocked), (202, "", "", Blocked)],
    "awscloudwatchlogs": [
        (200, JSON, "{}", Ok),
        (204, "", "", Blocked),
        (202, JSON, "{}", Blocked),
        (200, TEXT, "ok", Blocked),
    ],
    "sentinel": [(204, "", "", Ok), (200, "", "", Blocked), (202, JSON, "{}", Blocked)],
    "chronicle": [
        (200, JSON, "{}", Ok),
        (200, "", "", Ok),
        (200, JSON, '{"error":{"code":403,"message":"no"}}', Blocked),
        (204, "", "", Blocked),
        (200, TEXT, "ok", Blocked),
    ],
    "googlecloud": [
        (200, JSON, "{}", Ok),
        (200, "", "", Ok),
        (200, JSON, '{"error":{"code":403,"message":"no"}}', Blocked),
        (204, "", "", Blocked),
        (200, TEXT, "ok", Blocked),
    ],
    "azure_monitor": [
        (200, JSON, '{"itemsReceived":1,"itemsAccepted":1,"errors":[]}', Ok),
        (
            206,
            JSON,
            '{"itemsReceived":1,"itemsAccepted":0,"errors":[{"index":0,"statusCode":400,"message":"no"}]}',
            Reject,
        ),
        (200, JSON, "{}", Blocked),
        (200, "", "", Blocked),
        (204, "", "", Blocked),
        (200, TEXT, "ok", Blocked),
    ],
    "elasticsearch": [
        (200, JSON, '{"errors":false}', Ok),
        (200, JSON, "{}", Retry),
        (200, "", "", Retry),
        (204, "", "", Blocked),
        (202, JSON, "{}", Blocked),
    ],
    "clickhouse": [  # a header of its own says that it was ClickHouse
        (200, "", "", Blocked),
        (204, "", "", Blocked),
        (200, JSON, "{}", Blocked),
        (200, TEXT, "Ok.", Blocked),
    ],
    "d1": [
        (200, JSON, FINE, Ok),
        (200, JSON, FINE.replace('{"success":true,"meta"', '{"success":false,"meta"'), Retry),
        (200, JSON, '{"success":true,"errors":[],"result":null}', Retry),
        (200, JSON, "{}", Retry),
        (200, "", "", Retry),
    ],
    "kv": [(200, JSON, FINE, Ok), (200, JSON, '{"success":false}', Retry), (200, "", "", Retry)],
    "http": [
        (200, "", "", Ok),
        (204, "", "", Ok),
        (200, TEXT, "ok", Ok),
        (200, HTML, "ok", Ok),  # PHP
        (200, "application/xml", "<?xml version='1.0'?><response/>", Ok),
        (200, JSON, '{"error":"no"}', Ok),  # whatever it is: `success_body: json` reads it
    ],
    "http, json": [
        (200, JSON, '{"ok":"true"}', Ok),
        (204, "", "", Ok),
        (200, JSON, '{"ok":"false"}', Blocked),
        (200, JSON, '{"success":false}', Blocked),
        (200, JSON, '{"status":"error"}', Blocked),
        (200, TEXT, "ok", Blocked),
    ],
}


@pytest.mark.parametrize(
    ("name", "status", "content_type", "body", "wanted"),
    [(name, *case) for name, cases in ANSWERS.items() for case in cases],
)
def test_what_a_destination_says(name, status, content_type, body, wanted):
    """By what each documents, and by what real intakes of its protocol say."""
    found = EXPORTERS[name](HttpAnswer(status, {"Content-Type": content_type}, body.encode()))
    assert isinstance(found, wanted), found


def test_a_webhook_may_take_every_page():
    """`success_body: any` looks at the status alone."""
    answer = HttpAnswer(200, {"Content-Type": HTML}, PAGE.encode())
    assert webhook(success_body="any")(answer) == Ok()


def test_a_redirect_names_the_host_alone():
    """A URL's query may hold a session or a code."""
    answer = HttpAnswer(302, {"Location": "https://u:p@login.example/sso?code=s3cret"}, b"")
    assert verdict(answer) == Blocked(
        "302 Found: a redirect to login.example, perhaps a sign-in page; redirects are not followed"
    )


@pytest.mark.parametrize(
    ("taken", "status", "content_type", "body", "succeeded"),
    [
        (WELL, 200, JSON, '{"text":"HEC is healthy","code":17}', True),
        (WELL, 200, JSON, '{"text":"Success","code":200}', True),
        (WELL, 200, "", "", True),
        (WELL, 200, JSON, '{"text":"Server is busy","code":9}', False),
        (WELL, 200, HTML, PAGE, False),
        (WELL, 503, JSON, '{"text":"HEC is unhealthy","code":18}', False),
        (ACKNOWLEDGEMENTS, 200, JSON, '{"acks":{"5":true}}', True),
        (ACKNOWLEDGEMENTS, 200, HTML, PAGE, False),
        (ACKNOWLEDGEMENTS, 200, JSON, "{}", False),
        (ACKNOWLEDGEMENTS, 200, "", "", False),
    ],
)
def test_splunks_other_calls(taken, status, content_type, body, succeeded):
    """Health and acknowledgements are read like the answer to events."""
    assert read(HttpAnswer(status, {"Content-Type": content_type}, body.encode()), taken).succeeded == succeeded
