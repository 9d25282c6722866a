"""Calls to Application Insights, and what each answer leads to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.testing.text_batch import text_batch
from collector.transport.http_client import HttpAnswer
from counterparts import sending
from counterparts.application_insights import KEY, ApplicationInsights
from counterparts.fault_proxy import lost_answer, proxied, status
from counterparts.on_thread import on_thread
from exporters.azure_monitor import FACTORY
from exporters.azure_monitor.answers import verdicts as read
from exporters.azure_monitor.config import VARIABLE, AzureMonitorConfig

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def shared():
    with on_thread(ApplicationInsights()) as service:
        yield service


@pytest.fixture
def azure(shared, monkeypatch) -> Iterator[ApplicationInsights]:
    monkeypatch.delenv(VARIABLE, raising=False)
    for seen in (shared.items, shared.complaints, shared.headers, shared.refused):
        seen.clear()
    shared.redirect = ""
    yield shared
    assert shared.complaints == []


def verdicts(tmp_path, url, *batches, **options):
    given = {"connection_string": f"InstrumentationKey={KEY};IngestionEndpoint={url}/", "timeout": "20s", **options}
    return sending.verdicts(FACTORY, given, tmp_path, *batches)


def messages(azure):
    return [item["data"]["baseData"]["message"] for item in azure.items]


def test_a_batch_is_one_call(azure, tmp_path):
    """Compressed, with the resource's key in each item."""
    assert verdicts(tmp_path, azure.url, text_batch(["a", "b"])) == [Ok()]
    assert (messages(azure), len(azure.headers), azure.headers[0]["Content-Encoding"]) == (["a", "b"], 1, "gzip")


def test_items_that_are_refused_alone(azure, tmp_path):
    """The others are taken; what may pass is sent again, what never will is a dead letter, what was sampled out is delivered."""
    azure.refused.update({
        "bad": (400, "109: Field 'time' on type 'Envelope' is older than the allowed min date"), "late": (500, "Internal"),
        "much": (429, "throttled"), "few": (206, "Telemetry sampled out."),
    })  # fmt: skip
    found = verdicts(tmp_path, azure.url, text_batch(["a", "bad", "late", "much", "few", "f"]))
    assert [(type(one), one.items.tolist()) for one in found[:2]] == [(Reject, [1]), (Retry, [2, 3])]
    assert found[0].reason.startswith("400 Bad Request: 109: Field 'time'")
    assert (found[1].throttled, found[2].rejected, messages(azure)) == (True, 1, ["a", "f"])


def test_a_key_that_nobody_knows_blocks(azure, tmp_path):
    """It is said of each item, and about none of them."""
    wrong = f"InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint={azure.url}"
    found = verdicts(tmp_path, azure.url, text_batch(["a", "b"]), connection_string=wrong)
    assert found == [Blocked("400 Bad Request: Invalid instrumentation key")]


def told(code, received, accepted, *errors, **headers):
    listed = ",".join(f'{{"index":{at},"statusCode":{status},"message":"{text}"}}' for at, status, text in errors)
    body = f'{{"itemsReceived":{received},"itemsAccepted":{accepted},"errors":[{listed}]}}'
    return HttpAnswer(code, {**JSON, **headers}, body.encode())


SPLIT = "it does not say which items it left out"
TOLD = {
    "all taken": (told(200, 3, 3), [Ok()]),
    "fewer, and nobody says which": (told(200, 3, 2), [Split(f"200 OK: {SPLIT}")]),
    "an error about no item": (told(206, 3, 2, (3, 400, "x")), [Split(f"206 Partial Content: {SPLIT}")]),
    "an error without a place": (told(206, 3, 2, ("null", 400, "x")), [Split(f"206 Partial Content: {SPLIT}")]),
    "one that may not be written": (told(206, 3, 2, (0, 403, "no")), [Blocked("403 Forbidden: no")]),
    "a cap, and until when": (told(439, 3, 0, (0, 439, "cap"), **{"Retry-After": "60"}), [Retry("439: cap", after_secs=60, throttled=True)]),
    "a cap": (told(402, 3, 0, (0, 402, "Daily quota exceeded")), [Blocked("402 Payment Required: Daily quota exceeded")]),
    "too much": (told(429, 3, 0, **{"Retry-After": "5"}), [Retry("429 Too Many Requests", after_secs=5, throttled=True)]),
    "an error of theirs": (told(500, 3, 0, (0, 500, "oh")), [Retry("500 Internal Server Error: oh")]),
    "another's address": (HttpAnswer(404, {}, b""), [Blocked("404 Not Found")]),
    "a bad request that nobody explains": (HttpAnswer(400, JSON, b"{}"), [Split("400 Bad Request")]),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_what_each_answer_means(case):
    answer, wanted = TOLD[case]
    assert read(answer, 3) == wanted


def test_an_item_that_is_refused_is_a_dead_letter():
    """400 for the whole request names them, too, where none was taken."""
    (found,) = read(told(400, 2, 0, (0, 400, "no"), (1, 400, "no")), 2)
    assert (type(found), found.items.tolist(), found.reason) == (Reject, [0, 1], "400 Bad Request: no")


ANSWERS = [
    (429, {"Retry-After": "7"}, Retry, 7.0),
    (503, {}, Retry, None),
    (413, {}, Split, None),
    (402, {}, Blocked, None),
    (439, {"Retry-After": "9"}, Retry, 9.0),
]


@pytest.mark.parametrize(("code", "headers", "kind", "after"), ANSWERS, ids=lambda value: str(value)[:12])
def test_answers_without_a_body(azure, tmp_path, code, headers, kind, after):
    """By HTTP's table, and what is Azure's own."""
    with proxied(azure.url) as proxy:
        proxy.faults.append(status(code, headers))
        (found,) = verdicts(tmp_path, proxy.url, text_batch(["x"]))
    assert (type(found), getattr(found, "after_secs", None)) == (kind, after)


def test_a_redirect_of_azure_is_followed_and_kept(azure, tmp_path):
    """The next call goes there at once; once it fails there, calls go home again."""
    with on_thread(ApplicationInsights()) as other:
        azure.redirect = f"{other.url}/v2.1/track"
        assert verdicts(tmp_path, azure.url, text_batch(["a"]), text_batch(["b"])) == [Ok(), Ok()]
        assert (messages(other), len(azure.headers), azure.items) == (["a", "b"], 1, [])
        with proxied(other.url) as proxy:
            azure.redirect = f"{proxy.url}/v2.1/track"
            proxy.faults.append(lost_answer)
            found = verdicts(tmp_path, azure.url, text_batch(["c"]), text_batch(["d"]))
    assert ([type(one) for one in found], len(azure.headers)) == ([Retry, Ok], 3)


PLACES = [
    "https://evil.example/v2.1/track",
    "http://westeurope.in.applicationinsights.azure.com/v2.1/track",
    "https://evil.example/.monitor.azure.com",
    "https://user@westeurope.monitor.azure.com/v2.1/track",
    "https://notmonitor.azure.com/",
    "",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_redirect_to_others_is_not_followed(azure, tmp_path, place):
    """Records go to Azure, or to the host of the options, over TLS as before."""
    azure.redirect = place or "/v2.1/track"
    (found,) = verdicts(tmp_path, azure.url, text_batch(["a"]))
    assert isinstance(found, Blocked)
    assert found.reason.startswith("307 Temporary Redirect")


def test_two_places_that_send_to_each_other_end(azure, tmp_path):
    """It is a redirect, and blocks."""
    with on_thread(ApplicationInsights()) as other:
        azure.redirect, other.redirect = f"{other.url}/v2.1/track", f"{azure.url}/v2.1/track"
        (found,) = verdicts(tmp_path, azure.url, text_batch(["a"]))
    assert isinstance(found, Blocked)


ADDRESSES = {
    "a key": ({"instrumentation_key": KEY}, "https://dc.services.visualstudio.com/v2.1/track"),
    "a key and a proxy": ({"instrumentation_key": KEY, "endpoint": "http://localhost:8081/v2.1/track"}, "http://localhost:8081/v2.1/track"),
    "a key and a place": ({"instrumentation_key": KEY, "endpoint": "https://h.example/"}, "https://h.example/v2.1/track"),
    "the older version": ({"instrumentation_key": KEY, "endpoint": "https://h.example/v2/track"}, "https://h.example/v2/track"),
    "a string": ({"connection_string": f"InstrumentationKey={KEY}"}, "https://dc.services.visualstudio.com/v2.1/track"),
    "with a place": (
        {"connection_string": f" instrumentationkey = {KEY} ; IngestionEndpoint=https://we.in.example/;LiveEndpoint=https://l/;"},
        "https://we.in.example/v2.1/track",
    ),
    "with a suffix": ({"connection_string": f"InstrumentationKey={KEY};EndpointSuffix=ai.example"}, "https://dc.ai.example/v2.1/track"),
    "with suffix and location": (
        {"connection_string": f"InstrumentationKey={KEY};EndpointSuffix=ai.example;Location=we"}, "https://we.dc.ai.example/v2.1/track",
    ),
    "a string before a key": (
        {"connection_string": f"InstrumentationKey={KEY}", "instrumentation_key": "other", "endpoint": "https://h.example"},
        "https://dc.services.visualstudio.com/v2.1/track",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ADDRESSES)
def test_where_it_goes(case, monkeypatch):
    """As Microsoft's own exporters understand it."""
    monkeypatch.delenv(VARIABLE, raising=False)
    options, url = ADDRESSES[case]
    found = AzureMonitorConfig.model_validate(options).connection
    assert (found.key, found.url) == (KEY, url)


def test_the_variable_comes_first(monkeypatch):
    """As in the Collector; `validate` says so."""
    monkeypatch.setenv(VARIABLE, f"InstrumentationKey={KEY};IngestionEndpoint=https://env.example")
    for options in ({}, {"connection_string": "InstrumentationKey=other"}, {"instrumentation_key": "other"}):
        config = AzureMonitorConfig.model_validate(options)
        assert (config.connection.key, config.destination()) == (KEY, "https://env.example")
        assert list(config.notes()) == [f"the variable {VARIABLE} says where records go"]
    monkeypatch.delenv(VARIABLE)
    both = AzureMonitorConfig.model_validate(
        {"connection_string": f"InstrumentationKey={KEY}", "endpoint": "https://h.example"}
    )
    assert list(both.notes()) == ["the connection string says where records go, not `endpoint`"]


WRONG = {
    "nothing": ({}, "needs `connection_string`"),
    "no key": ({"connection_string": "IngestionEndpoint=https://h.example"}, "InstrumentationKey is missing"),
    "no pairs": ({"connection_string": "s3cret"}, "write Name=value"),
    "no address": ({"connection_string": f"InstrumentationKey={KEY};IngestionEndpoint=s3cret"}, "endpoint is not a URL"),
    "too long": ({"connection_string": f"InstrumentationKey={'k' * 4096}"}, "more than 4096 characters"),
    "no source": ({"instrumentation_key": KEY, "tag_mappings": {"cloud_role_instance": []}}, "at least 1 item"),
    "too many at once": ({"instrumentation_key": KEY, "maxbatchsize": 64_001}, "64000"),
    "another compression": ({"instrumentation_key": KEY, "compression": "zstd"}, "'gzip'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused(case, monkeypatch):
    """Without the connection string, which holds the key."""
    monkeypatch.delenv(VARIABLE, raising=False)
    options, said = WRONG[case]
    with pytest.raises(ValidationError) as caught:
        AzureMonitorConfig.model_validate(options)
    found = [error["msg"] for error in caught.value.errors()]
    assert any(said in message for message in found)
    assert "s3cret" not in str(found)


def test_the_collectors_batching_is_the_queues(monkeypatch):
    """`maxbatchsize` and `maxbatchinterval`, unless the queue says it itself."""
    monkeypatch.delenv(VARIABLE, raising=False)
    old = {"instrumentation_key": KEY, "maxbatchsize": 50, "maxbatchinterval": "3s", "customeventsenabled": True}
    batch = AzureMonitorConfig.model_validate(old).sending_queue.batch
    assert (batch.min_size, batch.max_size, batch.flush_timeout) == (50, 50, 3)
    both = {**old, "sending_queue": {"num_consumers": 2, "batch": {"flush_timeout": "20ms", "max_size": 60}}}
    queue = AzureMonitorConfig.model_validate(both).sending_queue
    assert (queue.batch.min_size, queue.batch.max_size, queue.batch.flush_timeout, queue.num_consumers) == (
        50,
        60,
        0.02,
        2,
    )
    assert AzureMonitorConfig.model_validate(old).custom_events_enabled
