"""The bodies of D1 calls hold the rows as the file would have them, whatever is in them, within D1's limits."""

from __future__ import annotations

import json
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import LogBatch, concat
from collector.store.d1 import INSERT
from collector.store.minutes import LOG_MINUTES, ROLLUPS
from collector.store.rollup import KEEP_INSERTED
from collector.store.rows import COLUMNS, Limits, insertable, rows
from collector.testing.events import marked
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.examples import examples
from exporters.d1.requests import Places, parts
from otlp_wire import any_from_python

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON_COLUMNS = ("attributes", "resource", "scope_attributes", "truncated")
ONE = Places({}, "only", "")


def sent(batch: LogBatch) -> list[list[list[Any]]]:
    """The rows of each statement, read as D1 reads them: the body, then each parameter. Behind each stands the one that counts."""
    [part] = parts(batch, ONE, Limits())
    statements = orjson.loads(part.body)["batch"]
    assert [statement["sql"] for statement in statements] == [INSERT, LOG_MINUTES.add_changed] * (len(statements) // 2)
    assert not any(statement["params"] for statement in statements[1::2])
    return [json.loads(parameter) for statement in statements[::2] for parameter in statement["params"]]


def expected(batch: LogBatch) -> list[list[Any]]:
    """The same by way of Python's json module."""
    return [
        [json.loads(value) if name in JSON_COLUMNS and value is not None else value for name, value in row.items()]
        for row in insertable(rows(batch, Limits())).to_dicts()
    ]


@pytest.mark.slow
@settings(max_examples=examples(60))
@given(st.lists(st.tuples(ANYTHING, ANYTHING, ANYTHING, ANYTHING), min_size=1, max_size=4))
def test_rows_arrive_as_they_are(texts):
    """Quotes, backslashes and control characters in every place survive both levels of JSON."""
    made = [
        Row(
            f"r{at:03d}",
            [(key, value), ("nan", float("nan")), ("n", Nested(any_from_python({key: [value, 1.5]}))), ("raw", b'\\"')],
            resource=[("service.name", value), (key, body)],
            scope=(scope, "1", [(key, value)]),
            fields={"body": body, "severity_text": scope, "event_name": key},
        )
        for at, (key, value, body, scope) in enumerate(texts)
    ]
    batch = batch_of(made).with_attributes(
        {"logboom.component": pl.Series([value for _, value, _, _ in texts], dtype=pl.String)}
    )
    assert [row for statement in sent(batch) for row in statement] == expected(batch)
    assert len(COLUMNS) == len(expected(batch)[0])


def test_a_call_has_as_many_parameters_as_it_needs():
    """Parameters stay below D1's two million bytes, and no row is lost or doubled between them."""
    batch = batch_of([Row(f"r{at:03d}", fields={"body": "€" * 100_000}) for at in range(12)])
    statements = sent(batch)
    assert len(statements) == 3
    assert [row[0] for rows_ in statements for row in rows_] == [f"r{at:03d}" for at in range(12)]


def test_a_row_is_measured_as_d1_reads_it():
    """A body of quotes takes four times its length in the call, and still is no reason to cut it."""
    body = '"' * 600_000
    [[row]] = sent(batch_of([Row("r000", fields={"body": body})]))
    assert row[COLUMNS.index("body")] == body
    assert row[COLUMNS.index("truncated")] is None


def test_a_row_that_is_too_large_is_cut_and_says_so():
    """The body gives way first; what it had is told."""
    [[row]] = sent(batch_of([Row("r000", fields={"body": '"' * 1_000_000})]))
    assert 400_000 < len(row[COLUMNS.index("body")]) < 1_000_000
    assert row[COLUMNS.index("truncated")] == {"body": 1_000_000}


def test_no_place_no_body():
    """Records of a domain without a database are not written out for nothing."""
    [part] = parts(batch_of([Row("r000")]), Places({}, "", ""), Limits())
    assert part.body == b""


def test_patterns_are_counted_beside_the_rest() -> None:
    """Where a record has one: how many rows came is kept between the statements, for each counts them."""
    batch = batch_of([Row("r1", fields={"domain": "a.com"}), Row("r2", fields={"domain": "a.com"})])
    [part] = parts(batch.with_attributes({"logboom.pattern.id": pl.Series([None, "p"])}), ONE, Limits())
    statements = [statement["sql"] for statement in orjson.loads(part.body)["batch"]]
    assert statements == [INSERT, KEEP_INSERTED, *(rollup.add_kept for rollup in ROLLUPS)]


def test_events_of_patterns_are_written_to_their_table_alone() -> None:
    """And count as delivered."""
    sent = batch_of([Row("r1", fields={"domain": "a.com"})])
    pattern = batch_of([Row("01HF0000000000000000000001", [("logboom.pattern.id", "p")], fields={"domain": "a.com"})])
    told = marked(pattern, ["logboom.pattern.changed"])
    for batch, rows_ in ((concat([sent, told]), 1), (told, 0)):
        [part] = parts(batch, ONE, Limits())
        statements = [statement["sql"] for statement in orjson.loads(part.body)["batch"]]
        assert (part.records, statements.count(INSERT), part.marked) == (len(batch), rows_, True)
        assert sum("INTO patterns" in statement for statement in statements) == 1
