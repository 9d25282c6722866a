"""The sentinel exporter against the documented services: documents, limits, tokens, and every answer."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.row_batch import Nested, Row, batch_of
from collector.testing.text_batch import text_batch
from counterparts import azure as cloud
from counterparts import sending
from counterparts.azure import Azure
from counterparts.fault_proxy import proxied, status
from counterparts.on_thread import on_thread
from exporters.sentinel import FACTORY
from exporters.sentinel.columns import objects
from exporters.sentinel.schema import TABLE
from otlp_wire import any_from_python

FIELD = 64 << 10


@pytest.fixture(scope="module")
def shared():
    with on_thread(Azure({name: kind for name, (kind, _) in TABLE.items()})) as services:
        yield services


@pytest.fixture
def services(shared):
    shared.records.clear()
    shared.complaints.clear()
    shared.tokens.clear()
    shared.lifetime_secs = 3599
    yield shared
    assert shared.complaints == []


def options(url, **more):
    return {
        "endpoint": url, "authority": url, "dcr_id": cloud.RULE, "stream": cloud.STREAM, "tenant_id": cloud.TENANT,
        "client_id": cloud.CLIENT, "client_secret": cloud.SECRET, **more,
    }  # fmt: skip


def verdicts(tmp_path, given, *batches):
    """What each batch leads to."""
    return sending.verdicts(FACTORY, given, tmp_path, *batches)


def test_a_record_becomes_the_row_of_the_table(services, tmp_path):
    """Typed columns, triage's findings, all that is left as JSON; 100 ns in `TimeGenerated`, all digits beside it."""
    row = Row(
        "01ABC",
        [
            ("logboom.triage.level", "critical"), ("logboom.component", "Auth"), ("n", 2**60 + 1), ("user", "ä\n\"x"),
            ("deep", Nested(any_from_python({"a": [1, b"\x00"]}))), ("user.id", 7),
        ],
        [("service.name", "web"), ("cloud.region", "eu")],
        ("scope", "1", ()),
        {"time_unix_nano": 1_700_000_000_123_456_789, "trace_id": bytes(range(16)), "severity_number": 17},
    )  # fmt: skip
    services.columns.update(UserId="string", Region="string")
    more = {"columns": {"UserId": "user.id", "Region": "cloud.region"}}
    assert verdicts(tmp_path, options(services.url, **more), batch_of([row])) == [Ok()]
    (found,) = services.records
    assert found == {
        "TimeGenerated": "2023-11-14T22:13:20.1234567Z", "RecordId": "01ABC", "Domain": "tamyla.com",
        "TimeUnixNano": 1_700_000_000_123_456_789, "SeverityNumber": 17, "Level": "critical",
        "Body": "text", "ServiceName": "web", "Component": "Auth", "TraceId": "000102030405060708090a0b0c0d0e0f",
        "ScopeName": "scope", "ScopeVersion": "1",
        "Attributes": {"n": 2**60 + 1, "user": 'ä\n"x', "deep": {"a": [1, "AA=="]}, "user.id": 7},
        "ResourceAttributes": {"service.name": "web", "cloud.region": "eu"}, "UserId": "7", "Region": "eu",
    }  # fmt: skip


def test_long_values_are_cut_and_noted(services, tmp_path):
    """At a character, within the limit of a field; a long object is left out whole."""
    rows = [
        Row("a", fields={"body": "ä" * FIELD}),
        Row("b", [(f"k{n}", "v" * 60_000) for n in range(3)]),
        Row("c", [("k", "v" * (FIELD + 5))], [("service.name", "s" * (FIELD + 1))]),
    ]
    assert verdicts(tmp_path, options(services.url), batch_of(rows)) == [Ok()]
    a, b, c = services.records
    assert (a["Body"], a["Truncated"]) == ("ä" * (FIELD // 2), {"body": 2 * FIELD})
    assert (b["Attributes"], b["Truncated"]["attributes_left_out"]) == ({}, 180_025)
    assert c["Truncated"] == {
        "attributes": FIELD + 5,
        "attributes_left_out": FIELD + 8,
        "resource_left_out": FIELD + 20,
        "service_name": FIELD + 1,
    }
    assert (c["Attributes"], c["ResourceAttributes"], len(c["ServiceName"])) == ({}, {}, FIELD)


def test_every_text_that_is_cut_is_noted(services, tmp_path):
    """Of the table's columns and of the further ones; numbers of the resource are texts there as those of records are."""
    row = Row("a", [("long", "ä" * FIELD)], [("shard", 7)], fields={"event_name": "e" * (FIELD + 1)})
    services.columns.update(Long="string", Shard="string")
    given = options(services.url, columns={"Long": "long", "Shard": "shard"})
    assert verdicts(tmp_path, given, batch_of([row, Row("b", [("shard", 8)])])) == [Ok()]
    a, b = services.records
    assert (len(a["EventName"]), a["Long"], a["Shard"], b["Shard"]) == (FIELD, "ä" * (FIELD // 2), "7", "8")
    assert a["Truncated"].items() >= {"event_name": FIELD + 1, "Long": 2 * FIELD}.items()
    assert "Truncated" not in b


@pytest.mark.slow
@pytest.mark.parametrize("records", [1, 7, 700, 3000])
def test_no_body_is_larger_than_a_call_takes(services, tmp_path, records):
    """Just below it is sent, anything above is halved first."""
    batch = text_batch(["x" * 900] * records)
    (found,) = verdicts(tmp_path, options(services.url), batch)
    size = len(",".join(objects(batch, {}, FIELD))) + 2
    assert isinstance(found, Split if size > 1_000_000 else Ok)


def test_bodies_may_be_as_large_as_the_limit_to_the_byte(services, tmp_path):
    """1,000,000 bytes are sent, 1,000,001 are not."""
    bare = len(objects(text_batch(["x"]), {}, FIELD).item()) + 1
    for size, kind in ((100_000, Ok), (100_001, Split)):
        given = options(services.url, max_call_bytes=100_000, max_field_bytes=FIELD)
        count = 2
        first = (size - 2 * bare + 1) // count
        batch = text_batch(["x" * first, "x" * (size - 2 * bare + 1 - first)])
        (found,) = verdicts(tmp_path, given, batch)
        assert isinstance(found, kind), size


def test_one_token_serves_many_calls_and_a_short_one_is_renewed(services, tmp_path):
    """Asked for once; again before it ends."""
    batches = [text_batch(["x"])] * 3
    verdicts(tmp_path, options(services.url), *batches)
    assert len(services.tokens) == 1
    services.lifetime_secs = 0.000001
    assert verdicts(tmp_path, options(services.url), *batches) == [Ok()] * 3
    assert len(services.tokens) == 4


def test_a_token_that_ended_early_is_replaced_at_once(services, tmp_path):
    """The service forgets it: one 401, a new token, delivered."""

    async def main():
        exporter = FACTORY.create(FACTORY.config.model_validate(options(services.url)), Context("s", tmp_path))
        await exporter.start()
        for _ in range(2):
            services.valid.clear()
            assert (await exporter.send(exporter.encode(text_batch(["x"])))).status == 204
        await exporter.shutdown()

    asyncio.run(main())
    assert len(services.tokens) == 2


REFUSALS = {
    "wrong secret": ({"client_secret": "other"}, Blocked("no access token: 401 Unauthorized: invalid_client: "
                                                          "AADSTS7000215: Invalid client secret provided.")),
    "wrong rule": ({"dcr_id": "dcr-other"}, Blocked("404 Not Found: NotFound: Data collection rule with immutable Id "
                                                    "is not found")),
    "wrong stream": ({"stream": "Custom-Other"}, Split("400 Bad Request: InvalidStream: The stream is not declared in "
                                                       "the rule")),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_told_and_nothing_secret_with_it(services, tmp_path, case, caplog):
    """The reason names what to mend."""
    more, wanted = REFUSALS[case]
    with caplog.at_level(logging.DEBUG):
        assert verdicts(tmp_path, options(services.url, **more), text_batch(["x"])) == [wanted]
    assert cloud.SECRET not in caplog.text
    assert "other" not in str(wanted)


ANSWERS = [
    (429, {"Retry-After": "7"}, Retry("429 Too Many Requests", after_secs=7.0, throttled=True)),
    (503, {}, Retry("503 Service Unavailable", throttled=True)),
    (500, {}, Retry("500 Internal Server Error")),
    (403, {}, Blocked("403 Forbidden")),
    (413, {}, Split("413 Request Entity Too Large", too_large=True)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("code", "headers", "wanted"), ANSWERS, ids=lambda value: str(value)[:12])
def test_answers_of_the_api(services, tmp_path, code, headers, wanted):
    """By HTTP's table."""
    with proxied(services.url) as proxy:
        proxy.faults.append(status(code, headers))
        given = options(services.url, endpoint=proxy.url)
        assert verdicts(tmp_path, given, text_batch(["x"])) == [wanted]


def test_a_login_service_that_is_busy_is_waited_for(services, tmp_path):
    """Its 429 and 500 are no reason to stop; nor is an answer without a token."""
    with proxied(services.url) as proxy:
        proxy.faults += [status(429, {"Retry-After": "3"}), status(500), status(200)]
        given = options(services.url, authority=proxy.url)
        found = verdicts(tmp_path, given, *[text_batch(["x"])] * 4)
    assert [(type(verdict), getattr(verdict, "after_secs", None)) for verdict in found] == [
        (Retry, 3.0), (Retry, None), (Retry, None), (Ok, None),
    ]  # fmt: skip


def test_nobody_there_is_a_reason_to_retry(tmp_path):
    """Neither the login service nor the endpoint."""
    (found,) = verdicts(tmp_path, options("http://127.0.0.1:1"), text_batch(["x"]))
    assert isinstance(found, Retry)
    assert found.reason.startswith("cannot connect to 127.0.0.1:1: ")


WRONG = {
    "no endpoint": ({"endpoint": ""}, "endpoint must be specified"),
    "in the clear": ({"endpoint": "http://ingest.example"}, "use https://"),
    "login in the clear": ({"authority": "http://login.example"}, "use https://"),
    "no URL": ({"authority": "login.example"}, "authority is not a URL"),
    "a path in the rule": ({"dcr_id": "a/b?c"}, "dcr_id"),
    "a column's name": ({"columns": {"user.id": "user.id"}}, "'user.id' is not a column name"),
    "a column of Azure's own": ({"columns": {"TenantID": "x"}}, "Azure keeps TenantID for itself"),
    "a user in the URL": ({"endpoint": "https://me:pass@ingest.example"}, "endpoint holds a user name"),
    "a column that is there": ({"columns": {"Body": "x"}}, "Body is always there"),
    "more than a call takes": ({"max_call_bytes": 2_000_000}, "max_call_bytes"),
    "no secret": ({"client_secret": ""}, "client_secret"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused(case):
    """With a sentence that names the option, and no secret."""
    more, said = WRONG[case]
    with pytest.raises(ValidationError) as caught:
        FACTORY.config.model_validate(options("https://ingest.example", **more))
    assert said in str(caught.value)


def test_times_of_records(tmp_path):
    """The observed time stands in for a missing one; a time past what 64 bits hold is the last one."""
    batch = batch_of([
        Row("a", fields={"time_unix_nano": 0, "observed_time_unix_nano": 1_000_000_000}),
        Row("b", fields={"time_unix_nano": 2**64 - 1}),
    ])  # fmt: skip
    found = objects(batch, {}, FIELD).str.json_path_match("$.TimeGenerated").to_list()
    assert found == ["1970-01-01T00:00:01.0000000Z", "2262-04-11T23:47:16.8547758Z"]
    assert isinstance(objects(batch.filter(pl.Series(np.array([False, False]))), {}, FIELD), pl.Series)


def test_the_readme_declares_the_columns_that_are_sent():
    """The stream declaration to paste is the table's."""
    readme = (Path(__file__).parents[4] / "exporters/sentinel/README.md").read_text()
    declared = json.loads(re.search(r"```json\n(.*?)```", readme, re.DOTALL)[1])
    assert {column["name"]: column["type"] for column in declared} == {name: kind for name, (kind, _) in TABLE.items()}
