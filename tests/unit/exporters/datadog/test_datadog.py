"""The datadog exporter against the documented intake: entries, limits, and every answer."""

from __future__ import annotations

import asyncio
import json
import time

import polars as pl
import pytest
from pydantic import ValidationError

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.row_batch import Nested, Row, batch_of
from collector.testing.text_batch import text_batch
from counterparts import sending
from counterparts.datadog import KEY, Intake
from counterparts.fault_proxy import proxied, status
from counterparts.on_thread import on_thread
from exporters.datadog import FACTORY
from exporters.datadog.entries import Writer
from otlp_wire import any_from_python

NOW = 1_700_000_000_123_456_789
HOUR = 3600 * 10**9


@pytest.fixture(scope="module")
def shared():
    with on_thread(Intake()) as service:
        yield service


@pytest.fixture
def intake(shared):
    shared.entries.clear()
    yield shared
    assert shared.complaints == []


def config(url="https://proxy.example", **more):
    return FACTORY.config.model_validate({"endpoint": url, "api": {"key": KEY}, **more})


def verdicts(tmp_path, given, *batches):
    """What each batch leads to."""
    return sending.verdicts(FACTORY, given, tmp_path, *batches)


def entries(batch, now=NOW, **more):
    return [json.loads(text) for text in Writer(config(**more)).entries(batch, now)]


def test_a_record_becomes_an_entry():
    """What Datadog reads, what correlates with traces, and all the rest; names that clash stand apart."""
    row = Row(
        "01ABC",
        [
            ("logboom.triage.level", "critical"), ("http.route", "/a"), ("status", "lost"), ("n", 2**60 + 1),
            ("deep", Nested(any_from_python({"a": [1, "x"]}))), ("logboom.component", "Auth, the Validator"),
        ],
        [("service.name", "web"), ("host.name", "h1"), ("deployment.environment.name", "production")],
        fields={
            "time_unix_nano": NOW, "trace_id": bytes(8) + (5).to_bytes(8), "span_id": (2**63).to_bytes(8),
            "severity_number": 18, "severity_text": "ERR2", "body": 'a "b"\n', "event_name": "e",
        },
    )  # fmt: skip
    (found,) = entries(batch_of([row]), tags=["team:shop"])
    assert found == {
        "message": 'a "b"\n', "ddsource": "opentelemetry", "hostname": "h1", "service": "web", "status": "error",
        "ddtags": "team:shop,domain:tamyla.com,env:production,level:critical,component:Auth_the_Validator",
        "timestamp": 1_700_000_000_123,
        "otel": {
            "timestamp": str(NOW), "severity_number": 18, "severity_text": "ERR2", "event_name": "e",
            "trace_id": "00" * 15 + "05", "span_id": "8000000000000000", "record_id": "01ABC",
        },
        "dd": {"trace_id": "5", "span_id": str(2**63)},
        "resource": {"service.name": "web", "host.name": "h1", "deployment.environment.name": "production"},
        "attributes": {"status": "lost"}, "http.route": "/a", "n": 2**60 + 1, "deep": {"a": [1, "x"]},
        "logboom.triage.level": "critical", "logboom.component": "Auth, the Validator",
    }  # fmt: skip


def test_a_bare_record_is_an_entry_too():
    """No body, no host, no service, no attributes, no ids; a map as body is its JSON."""
    bare = {"body": None, "time_unix_nano": 0, "severity_number": 0, "domain": None}
    rows = [Row("a", fields=bare), Row("b", fields={**bare, "body_any": any_from_python({"k": 1})})]
    assert entries(batch_of(rows)) == [
        {
            "message": message, "ddsource": "opentelemetry", "ddtags": "", "status": "info", "resource": {},
            "otel": {"timestamp": "0", "record_id": name},
        }
        for message, name in (("", "a"), ('{"k":1}', "b"))
    ]  # fmt: skip


STATUSES = {0: "info", 1: "debug", 4: "debug", 8: "debug", 9: "info", 12: "info", 13: "warn", 16: "warn", 17: "error",
            20: "error", 21: "critical", 24: "critical", 99: "info", -5: "info"}  # fmt: skip


def test_severities_become_statuses():
    """By range, whatever a sender writes."""
    batch = batch_of([Row("a", fields={"severity_number": number}) for number in STATUSES])
    assert [entry["status"] for entry in entries(batch)] == list(STATUSES.values())


def test_records_that_datadog_would_drop_for_their_age_keep_their_time_elsewhere():
    """Older than 18 hours, but for five minutes: stamped at arrival, unless the options say to send them as they are."""
    old = NOW - (18 * 60 - 5) * 60 * 10**9 - 1
    batch = batch_of([Row("a", fields={"time_unix_nano": old}), Row("b", fields={"time_unix_nano": old + 1})])
    assert [entry.get("timestamp") for entry in entries(batch)] == [None, (old + 1) // 10**6]
    assert [entry["otel"]["timestamp"] for entry in entries(batch)] == [str(old), str(old + 1)]
    assert [entry["timestamp"] for entry in entries(batch, old_records="send")] == [old // 10**6, (old + 1) // 10**6]


def test_what_became_too_old_in_a_request_is_stamped_at_arrival(intake, tmp_path, monkeypatch):
    """A request is sent again for hours after it was encoded; then its records must not carry their time any more."""

    async def main():
        exporter = FACTORY.create(config(intake.url), Context("datadog", tmp_path))
        await exporter.start()
        now = NOW
        monkeypatch.setattr("exporters.datadog.exporter.time_ns", lambda: now)
        times = {"old": NOW - 20 * HOUR, "middle": NOW - 10 * HOUR, "new": NOW, "none": 0}
        rows = [Row(name, fields={"time_unix_nano": time}) for name, time in times.items()]
        request = exporter.encode(batch_of(rows))
        sent = []
        for now in (NOW, NOW + 7 * HOUR, NOW + 9 * HOUR, NOW + 19 * HOUR):  # noqa: B007  the clock reads it
            intake.entries.clear()
            assert exporter.classify(await exporter.send(request)) == [Ok()]
            sent.append([entry["otel"]["record_id"] for entry in intake.entries if "timestamp" in entry])
        await exporter.shutdown()
        return sent

    assert asyncio.run(main()) == [["middle", "new"], ["middle", "new"], ["new"], []]


def test_attributes_of_processors_clash_as_those_of_senders_do():
    """A derived column named as something that Datadog knows is not lost."""
    batch = batch_of([Row("a", [("host", "h")]), Row("b")])
    batch = batch.with_attributes({"status": pl.Series(["bad", None]), "free": pl.Series([None, 1])})
    a, b = entries(batch)
    assert a["attributes"] == {"host": "h", "status": "bad"}
    assert (a["status"], b["free"], "attributes" in b) == ("info", 1, False)


@pytest.mark.parametrize(
    "body", ["\0" * 600_000, '"' * 600_000, "x" + "\x1f" * 300_000 + "ä" * 50_000, "ä\0" * 190_000], ids=len
)
def test_escapes_do_not_make_an_entry_longer_than_datadog_takes(intake, tmp_path, body):
    """The end of the message goes, as little as needed, and its length stays known."""
    batch = batch_of([Row("a", [("k", "v")], fields={"body": body}), Row("b", [("k", "v")])])
    assert verdicts(tmp_path, config(intake.url), batch) == [Ok()]
    long, short = intake.entries
    assert body.startswith(long["message"])
    assert long["otel"]["truncated"] == len(body.encode())
    assert 999_900 < len(json.dumps(long, ensure_ascii=False, separators=(",", ":")).encode()) <= 1_000_000
    assert (short["message"], short["k"]) == ("text", "v")


def test_an_entry_that_cannot_be_cut_is_set_aside(intake, tmp_path):
    """Names alone over 1 MB: halved until it stands alone, a dead letter; the reason tells."""
    batch = batch_of([Row("a", [], [("service.name", "s" * 1_000_001)])])
    (found,) = verdicts(tmp_path, config(intake.url), batch)
    assert found == Split("an entry of 1000223 bytes: Datadog takes 1000000")
    assert intake.entries == []


def test_long_entries_are_cut_before_datadog_cuts_them(intake, tmp_path):
    """The message at a character; attributes are left out whole when the entry is still too long."""
    rows = [Row("a", fields={"body": "ä" * 600_000}), Row("b", [(f"k{n}", "v" * 200_000) for n in range(6)])]
    assert verdicts(tmp_path, config(intake.url), batch_of(rows)) == [Ok()]
    a, b = intake.entries
    assert (len(a["message"].encode()), a["otel"]["truncated"]) == (512 << 10, 1_200_000)
    assert b["attributes_left_out"] > 1_200_000
    assert "k0" not in b


@pytest.mark.parametrize("compression", ["gzip", "zstd", "deflate", "none"])
def test_bodies_arrive_in_every_compression(intake, tmp_path, compression):
    """All records, once."""
    batch = text_batch([f"r{n}" for n in range(1000)])
    assert verdicts(tmp_path, config(intake.url, compression=compression), batch) == [Ok()]
    assert [entry["message"] for entry in intake.entries] == [f"r{n}" for n in range(1000)]


def test_what_a_call_does_not_take_is_halved_first(intake, tmp_path):
    """More than 1,000 entries, more than 5 MB."""
    many, large = text_batch(["x"] * 1001), text_batch(["x" * 400_000] * 13)
    assert [type(found) for found in verdicts(tmp_path, config(intake.url), many, large)] == [Split, Split]
    assert intake.entries == []


ANSWERS = [
    (429, {"Retry-After": "7"}, Retry("429 Too Many Requests", after_secs=7.0, throttled=True)),
    (408, {}, Retry("408 Request Timeout")),
    (500, {}, Retry("500 Internal Server Error")),
    (401, {}, Blocked("401 Unauthorized")),
    (413, {}, Split("413 Request Entity Too Large")),
    (400, {}, Split("400 Bad Request")),
]


@pytest.mark.parametrize(("code", "headers", "wanted"), ANSWERS, ids=lambda value: str(value)[:12])
def test_answers_of_the_intake(intake, tmp_path, code, headers, wanted):
    """By HTTP's table."""
    with proxied(intake.url) as proxy:
        proxy.faults.append(status(code, headers))
        (found,) = verdicts(tmp_path, config(proxy.url), text_batch(["x"]))
    assert (type(found), getattr(found, "after_secs", None)) == (type(wanted), getattr(wanted, "after_secs", None))
    assert found.reason.startswith(wanted.reason)


def test_a_wrong_key_blocks_and_is_not_shown(intake, tmp_path):
    """The intake's own words."""
    found = verdicts(tmp_path, config(intake.url, api={"key": "another-key"}), text_batch(["x"]))
    assert found == [Blocked("403 Forbidden: API key is invalid")]
    assert "another-key" not in repr(config(api={"key": "another-key"}))


@pytest.mark.parametrize("site", ["datadoghq.com", "datadoghq.eu", "us5.datadoghq.com", "ddog-gov.com"])
def test_the_site_names_the_intake(site):
    """Unless an endpoint does."""
    given = FACTORY.config.model_validate({"api": {"key": KEY, "site": site}})
    assert given.url == f"https://http-intake.logs.{site}/api/v2/logs"


WRONG = {
    "no key": ({"api": {"key": ""}}, "api.key"),
    "more than a call holds": ({"sending_queue": {"batch": {"max_size": 5000}}}, "less than or equal to 1000"),
    "a foreign site": ({"api": {"key": KEY, "site": "evil.example"}}, "api.site"),
    "in the clear": ({"endpoint": "http://proxy.example"}, "use https://"),
    "a tag with a space": ({"tags": ["team: shop"]}, "tags.0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused(case):
    """With a sentence that names the option, and no key."""
    more, said = WRONG[case]
    with pytest.raises(ValidationError) as caught:
        config(**more)
    assert said in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_key_from_a_file_may_end_with_its_line(intake, tmp_path):
    """The line break is not sent: a header cannot hold it."""
    batch = text_batch(["x"])
    assert verdicts(tmp_path, config(intake.url, api={"key": f"{KEY}\n"}), batch) == [Ok()]


def test_now_is_now(intake, tmp_path):
    """A record of this moment keeps its own time."""
    now = time.time_ns()
    batch = batch_of([Row("a", fields={"time_unix_nano": now})])
    assert verdicts(tmp_path, config(intake.url), batch) == [Ok()]
    assert intake.entries[0]["timestamp"] == now // 10**6


def test_the_block_of_otelcol_means_the_same():
    """`logs.endpoint` and `logs.use_compression`, unless the exporter's own options say something else."""
    given = {"api": {"key": KEY}, "logs": {"endpoint": "https://a.example", "use_compression": False}}
    taken = FACTORY.config.model_validate(given)
    assert (taken.url, taken.compression) == ("https://a.example/api/v2/logs", "none")
    own = FACTORY.config.model_validate({**given, "endpoint": "https://b.example", "compression": "zstd"})
    assert (own.url, own.compression) == ("https://b.example/api/v2/logs", "zstd")
