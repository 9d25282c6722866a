"""Every column of a row is exactly what the batch said."""

from __future__ import annotations

import json
import time
from typing import Any

import polars as pl
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue

from collector.batch import LogBatch
from collector.store.rows import COLUMNS, Limits, rows
from collector.testing.row_batch import Row, batch_of

FULL = Row(
    "01HF00000000000000000AAAAA",
    attributes=[("http.route", "/a"), ("n", 9_007_199_254_740_993)],
    resource=[("service.name", "checkout"), ("deployment.environment", "prod")],
    scope=("lib", "1.0", [("k", "v")]),
    fields={
        "time_unix_nano": 1_700_000_000_123_456_789,
        "observed_time_unix_nano": 1_700_000_000_123_456_790,
        "severity_number": 17,
        "severity_text": "ERROR",
        "body": "boom ünïcode \x00 nul",
        "trace_id": bytes(range(16)),
        "span_id": bytes(range(240, 248)),
        "flags": 0xFFFFFFFF,
        "event_name": "exception",
        "dropped_attributes_count": 3,
    },
)
BARE = Row("01HF00000000000000000BBBBB", fields={"body": None, "time_unix_nano": 0, "severity_number": 0})


def triaged(batch: LogBatch) -> LogBatch:
    """With what categorize and triage add to the first record."""
    values = {
        "deployment.environment.name": "production",
        "logboom.source_type": "backend",
        "logboom.error_type": "exception",
        "logboom.component": "DataService",
        "logboom.endpoint": "/a",
        "logboom.domain": "tamyla.com",
        "logboom.triage.level": "critical",
        "logboom.triage.rule": "errors",
        "logboom.triage.action": "alert",
        "logboom.pattern.id": "p1",
        "logboom.pattern.template": "boom <*>",
        "logboom.issue.id": "i1",
    }
    nothing = [None] * (len(batch) - 1)
    return batch.with_attributes({key: pl.Series([value, *nothing]) for key, value in values.items()})


def stored(batch: LogBatch, limits: Limits = Limits()) -> list[dict[str, Any]]:  # noqa: B008 - frozen
    frame = rows(batch, limits)
    assert frame.columns == list(COLUMNS)
    return frame.to_dicts()


def test_all_columns_of_a_full_record() -> None:
    """Each of the 31 columns, nanoseconds and large integers exact, categories from triage; the template stands in `patterns`."""
    row = stored(triaged(batch_of([FULL, BARE])))[0]
    documents = {name: json.loads(row.pop(name)) for name in ("attributes", "resource", "scope_attributes")}
    assert documents == {
        "attributes": {
            "http.route": "/a",
            "n": 9_007_199_254_740_993,
        },
        "resource": {"service.name": "checkout", "deployment.environment": "prod"},
        "scope_attributes": {"k": "v"},
    }
    assert row == {
        "record_id": "01HF00000000000000000AAAAA",
        "domain": "tamyla.com",
        "time_unix_nano": 1_700_000_000_123_456_789,
        "observed_time_unix_nano": 1_700_000_000_123_456_790,
        "severity_number": 17,
        "severity_text": "ERROR",
        "body": "boom ünïcode \x00 nul",
        "body_is_json": 0,
        "service_name": "checkout",
        "environment": "production",
        "source_type": "backend",
        "error_type": "exception",
        "component": "DataService",
        "endpoint": "/a",
        "triage_level": "critical",
        "triage_rule": "errors",
        "triage_action": "alert",
        "event_name": "exception",
        "trace_id": "000102030405060708090a0b0c0d0e0f",
        "span_id": "f0f1f2f3f4f5f6f7",
        "flags": 0xFFFFFFFF,
        "dropped_attributes_count": 3,
        "scope_name": "lib",
        "scope_version": "1.0",
        "truncated": None,
        "generation": None,
        "pattern_id": "p1",
        "issue_id": "i1",
    }


def test_what_a_record_does_not_say_is_null() -> None:
    """No body, no ids, no severity, no categories, no service: NULL; the JSON objects are empty; it happened when it came."""
    row = stored(triaged(batch_of([FULL, BARE])))[1]
    given = {name: value for name, value in row.items() if value is not None}
    seen = given.pop("time_unix_nano")
    assert abs(seen - time.time_ns()) < 3600 * 10**9
    assert given == {
        "record_id": "01HF00000000000000000BBBBB",
        "domain": "tamyla.com",
        "body_is_json": 0,
        "flags": 0,
        "dropped_attributes_count": 0,
        "attributes": "{}",
        "resource": "{}",
    }


def test_the_environment_of_the_resource_when_triage_did_not_run() -> None:
    """The semantic convention's resource attribute is used as it stands."""
    (row,) = stored(batch_of([Row("a", resource=[("deployment.environment.name", "staging")])]))
    assert row["environment"] == "staging"


def test_an_environment_that_the_sender_put_on_the_record_stays_among_its_attributes() -> None:
    """Only what logboom derived moves into the column."""
    sent = [("deployment.environment.name", "staging")]
    (row,) = stored(batch_of([Row("a", sent, resource=[("deployment.environment.name", "other")])]))
    assert (row["environment"], json.loads(row["attributes"])) == ("staging", dict(sent))


@pytest.mark.parametrize("nanos", [1, (1 << 53) + 1, (1 << 63) - 1])
def test_times_that_fit_are_exact(nanos: int) -> None:
    """Up to 2^63 - 1 nanoseconds nothing is noted."""
    (row,) = stored(batch_of([Row("a", fields={"time_unix_nano": nanos, "observed_time_unix_nano": nanos})]))
    assert (row["time_unix_nano"], row["observed_time_unix_nano"], row["truncated"]) == (nanos, nanos, None)


@pytest.mark.parametrize("nanos", [1 << 63, (1 << 64) - 1])
def test_times_beyond_a_signed_integer_keep_their_digits(nanos: int) -> None:
    """The column holds the largest integer, `truncated` the exact digits as a string; other rows are untouched."""
    late, usual = stored(batch_of([Row("a", fields={"time_unix_nano": nanos}), Row("b")]))
    assert late["time_unix_nano"] == (1 << 63) - 1
    assert json.loads(late["truncated"]) == {"time_unix_nano": str(nanos)}
    assert usual["truncated"] is None


@pytest.mark.parametrize(
    ("body", "kept"),
    [("x" * 64, "x" * 64), ("x" * 65, "x" * 64), ("é" * 33, "é" * 32), ("x" + "é" * 32, "x" + "é" * 31)],
    ids=["fits", "one byte over", "between characters", "inside a character"],
)
def test_a_long_body_is_cut_at_a_character_and_marked(body: str, kept: str) -> None:
    """The original length in bytes stands in `truncated`; neighbours keep theirs."""
    cut, usual = stored(batch_of([Row("a", fields={"body": body}), Row("b")]), Limits(body_bytes=64))
    size = len(body.encode())
    assert cut["body"] == kept
    assert cut["truncated"] == (f'{{"body":{size}}}' if size > 64 else None)
    assert (usual["body"], usual["truncated"]) == ("text", None)


def test_long_attributes_are_cut_and_marked_with_the_body() -> None:
    """Only strings over the limit; the mark holds the bytes that the cut values had."""
    batch = batch_of(
        [
            Row("a", [("long", "y" * 100), ("short", "z"), ("longer", "ü" * 60)], fields={"body": "b" * 70}),
            Row("b", [("short", "w" * 64)]),
        ]
    )
    cut, usual = stored(batch, Limits(body_bytes=64, attribute_bytes=64))
    assert json.loads(cut["attributes"]) == {"long": "y" * 64, "short": "z", "longer": "ü" * 32}
    assert json.loads(cut["truncated"]) == {"body": 70, "attributes": 220}
    assert (json.loads(usual["attributes"]), usual["truncated"]) == ({"short": "w" * 64}, None)


def test_no_records_no_rows() -> None:
    """A batch of zero records is not a special case."""
    assert stored(LogBatch.empty()) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (AnyValue(int_value=(1 << 53) + 1), "9007199254740993"),
        (AnyValue(bool_value=True), "true"),
        (AnyValue(array_value=ArrayValue(values=[AnyValue(string_value='a"b')])), '["a\\"b"]'),
    ],
    ids=["integer", "boolean", "array"],
)
def test_a_body_that_is_not_a_string_is_its_json(value: AnyValue, text: str) -> None:
    """Marked by body_is_json, so that the string "true" and the boolean stay apart."""
    other, usual = stored(batch_of([Row("a", fields={"body": None, "body_any": value.SerializeToString()}), Row("b")]))
    assert (other["body"], other["body_is_json"]) == (text, 1)
    assert (usual["body"], usual["body_is_json"]) == ("text", 0)
