"""The row-wise adapter: the same answers as columns, one record at a time."""

from __future__ import annotations

import textwrap
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request

import collector.rowwise
import otlp_wire
from collector.batch import LogBatch, ValueKind, concat
from collector.rowwise import Record, RowProcessor, rows
from counterparts.otlp_requests import requests

WORK: Any = None
"""The adapter needs nothing of the transaction."""


def sample() -> LogBatch:
    first = LogBatch.of(
        {
            "body": ["a", None],
            "body_any": [None, otlp_wire.any_from_python({"k": [1]})],
            "trace_id": [b"\xab" * 16, b""],
            "domain": ["d", "d"],
        },
        {"s": ["x", None], "n": [1, 2]},
        {"service.name": "one"},
        "scope",
    )
    return concat([first, LogBatch.of({"body": ["c"]}, {"s": ["z"]}, {"service.name": "two"})])


def test_rows_show_a_record_whole() -> None:
    """Fields, attributes, resource and scope, as Python values."""
    first, second, third = rows(sample())
    assert first == {
        "time_unix_nano": 0, "observed_time_unix_nano": 0, "severity_number": 0, "severity_text": "", "flags": 0,
        "event_name": "", "domain": "d", "trace_id": "ab" * 16, "span_id": "", "body": "a",
        "attributes": {"s": "x", "n": 1}, "resource": {"service.name": "one"}, "scope_name": "scope", "scope_attributes": {},
    }  # fmt: skip
    assert (second["body"], second["attributes"]) == ({"k": [1]}, {"n": 2})
    assert (third["resource"], third["scope_name"]) == ({"service.name": "two"}, "")


def test_the_function_of_the_docstring_works() -> None:
    """Run as it stands there: leaves health checks out, removes one attribute."""
    text = collector.rowwise.__doc__ or ""
    names: dict[str, Any] = {"RowProcessor": RowProcessor}
    exec(textwrap.dedent(text[text.index("    def redact") :]), names)
    batch = LogBatch.of(
        {"body": ["a", "b"]}, {"http.route": ["/health", "/pay"], "user.email": ["x@y", "x@y"], "k": [1, 2]}
    )
    done = names["processor"].process(batch, WORK)
    assert rows(done)[0]["attributes"] == {"http.route": "/pay", "k": 2}
    assert len(done) == 1


@settings(max_examples=40)
@given(requests)
def test_what_is_not_changed_stays_untouched(request: Request) -> None:
    """A function that changes nothing gives the very same batch, repeated keys and odd values included."""
    batch = otlp_wire.decode_payloads([request.SerializeToString()])
    assert RowProcessor(lambda record: record).process(batch, WORK) is batch


def test_every_field_and_kind_can_be_changed() -> None:
    """And only on the record that changed."""
    values = {
        "s": "t",
        "b": False,
        "i": -5,
        "f": 1.5,
        "y": b"\x00",
        "l": [1, "a"],
        "m": {"k": None},
        "e": None,
        "big": 2**70,
    }
    fields = {
        "time_unix_nano": 2**64 - 1,
        "severity_number": 17,
        "severity_text": "ERROR",
        "event_name": "e",
        "flags": 1,
    }

    def change(record: Record) -> Record:
        if record["body"] == "a":
            record |= {**fields, "trace_id": "", "span_id": "CD" * 8, "body": [1], "attributes": dict(values)}
        return record

    before = sample()
    after = RowProcessor(change).process(before, WORK)
    changed, *others = rows(after)
    assert changed["attributes"] == {**values, "big": str(2**70)}
    assert {name: changed[name] for name in fields} == fields
    assert (changed["trace_id"], changed["span_id"], changed["body"]) == ("", "cd" * 8, [1])
    assert others == rows(before)[1:]
    assert after.attribute("e", ValueKind.EMPTY).to_list() == [b"", None, None]
    assert (
        Request.FromString(otlp_wire.encode(after)).resource_logs[0].scope_logs[0].log_records[0].severity_number == 17
    )


def test_a_changed_kind_of_a_derived_attribute() -> None:
    """The column was text; the record now holds a number there."""
    batch = LogBatch.of({"body": ["a", "b"]}, {"k": ["x", "y"]})

    def change(record: Record) -> Record:
        if record["body"] == "b":
            record["attributes"]["k"] = 7
        return record

    done = RowProcessor(change).process(batch, WORK)
    assert done.attribute("k").to_list() == ["x", None]
    assert done.attribute("k", ValueKind.INT).to_list() == [None, 7]


BROKEN = {
    "raises": lambda record: record["missing"],
    "not a record": lambda record: "text",
    "a field of another type": lambda record: record | {"severity_number": "high"},
    "a number out of range": lambda record: record | {"flags": -1},
    "an id that is not hexadecimal": lambda record: record | {"trace_id": "zz"},
    "an id of a wrong length": lambda record: record | {"span_id": "ab"},
    "a field removed": lambda record: {"body": "only"},
    "attributes that are no mapping": lambda record: record | {"attributes": 5},
}


@pytest.mark.parametrize("function", BROKEN.values(), ids=BROKEN)
def test_a_broken_function_changes_nothing(function: Any) -> None:
    """The records stay as they came, and the errors are counted."""
    batch = sample()
    processor = RowProcessor(function)
    assert processor.process(batch, WORK) is batch
    assert processor.row_errors == 3


def test_text_that_cannot_be_stored_is_replaced() -> None:
    """Lone surrogates, which Python has and UTF-8 has not."""
    done = RowProcessor(lambda record: record | {"body": "\ud800", "attributes": {"\ud800": "\udfff"}}).process(
        sample(), WORK
    )
    assert [(row["body"], row["attributes"]) for row in rows(done)] == [("?", {"?": "?"})] * 3


def test_all_records_can_be_left_out() -> None:
    """And a batch of none is no trouble."""
    drop = RowProcessor(lambda record: None)
    assert len(drop.process(sample(), WORK)) == 0
    assert len(drop.process(LogBatch.empty(), WORK)) == 0
    assert drop.process(sample(), WORK).attribute("s").dtype == pl.String
