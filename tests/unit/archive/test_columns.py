"""Records become columns of the archive, and those become the same records again."""

from __future__ import annotations

import io

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.archive.columns import table_of
from collector.archive.records import batch_of as records_of
from collector.archive.schema import SCHEMA
from collector.batch import LogBatch, concat
from collector.columns.tables import FROM_BODY, GENERATION
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Nested, Row, batch_of
from otlp_wire import any_from_python

NESTED = Nested(any_from_python({"a": [1, True, "x"], "b": None}))
SCOPE = ("http", "1.2", (("scoped", 1.5),))
CASES = {
    "values of all kinds": Row(
        "1",
        (("s", "x"), ("empty", ""), ("none", None), ("i", -(1 << 63)), ("d", 0.1), ("nan", 1e300), ("b", True), ("raw", b"\x00\xff"), ("n", NESTED)),
        (("service.name", "shop"), ("pid", 7), ("ok", False)),
        SCOPE,
    ),
    "nothing said": Row("2", fields={"body": None, "severity_number": 0}),
    "a body that is a map": Row("3", fields={"body": None, "body_any": any_from_python({"k": [1, "x"]})}),
    "a body that looks like JSON": Row("4", fields={"body": '{"k":1}'}),
    "ids and flags": Row("5", fields={"trace_id": b"\x01" * 16, "span_id": b"\x02" * 8, "flags": 1, "dropped_attributes_count": 3}),
    "an event's name": Row("6", fields={"event_name": "device.app", "severity_text": "warn", "severity_number": 13}),
    "no time of its own": Row("7", fields={"time_unix_nano": 0, "observed_time_unix_nano": 1_700_000_000_000_000_009}),
    "an attribute with the name of a finding": Row("8", (("logboom.triage.level", "critical"), ("logboom.http_status", 500))),
    "separators": Row("9", (("a\x1fb", "c\x1ed"),), (("k", "x\x1f"),)),
    "the environment": Row("10", (("deployment.environment.name", "test"),), (("deployment.environment.name", "prod"),)),
    "another domain": Row("11", fields={"domain": "shop.example"}),
}  # fmt: skip


def through_a_file(table: pa.Table) -> pa.Table:
    sink = io.BytesIO()
    pq.write_table(table, sink, store_schema=False)
    return pq.read_table(io.BytesIO(sink.getvalue()))


def same(found: LogBatch, batch: LogBatch) -> None:
    """As stores see it, and as the archive does; what logboom added has no order."""
    ours, theirs = (rows(each, Limits()) for each in (batch, found))
    objects = ("attributes", "resource", "scope_attributes")
    for name in ours.columns:
        told = [
            [text and orjson.loads(text) if name in objects else text for text in each.get_column(name)]
            for each in (ours, theirs)
        ]
        assert told[0] == told[1], name
    for name in SCHEMA.names:
        archived = [table_of(each).column(name) for each in (batch, found)]
        told = [column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column for column in archived]
        assert told[0].to_pylist() == told[1].to_pylist(), name


@pytest.mark.parametrize("name", CASES)
def test_what_is_archived_comes_back(name: str) -> None:
    batch = batch_of([CASES[name]])
    same(records_of(through_a_file(table_of(batch))), batch)


def test_all_together_and_cut_out() -> None:
    """Positions, shared resources, slices."""
    batch = concat([batch_of(list(CASES.values())), batch_of(list(CASES.values()))])
    table = through_a_file(table_of(batch))
    same(records_of(table), batch)
    same(records_of(table.slice(3, 12)), batch.slice(3, 12))
    assert records_of(table).resources.height == 4


def test_what_logboom_found_stands_in_columns_and_comes_back_as_found() -> None:
    found = {
        "logboom.triage.level": ["critical", None], "logboom.pattern.id": [None, "p"], "logboom.http_status": [500, None],
        "deployment.environment.name": ["prod", None], "other.finding": [1.5, None],
    }  # fmt: skip
    columns = {key: pl.Series(values) for key, values in found.items()}
    batch = batch_of([Row("1", (("a", 1),)), Row("2")]).with_attributes(columns)
    table = table_of(batch)
    assert table.column("triage_level").to_pylist() == ["critical", None]
    assert table.column("http_status").to_pylist() == [500, None]
    assert table.column("attributes").to_pylist() == [[("a", "1"), ("other.finding", "1.5")], []]
    back = records_of(through_a_file(table))
    same(back, batch)
    assert set(back.derived.columns) == set(found)


def test_marks_come_back() -> None:
    """What was taken out of a body may not say where a record belongs; what a component made is an event."""
    batch = batch_of([Row("1", (("a", "x"), ("b", "y")))])
    marked = batch.attributes.with_columns(pl.Series(FROM_BODY, [False, True]))
    batch = LogBatch(
        batch.records.with_columns(pl.Series(GENERATION, [2], dtype=pl.UInt8)), marked, resources=batch.resources,
        scopes=batch.scopes, payloads=batch.payloads,
    )  # fmt: skip
    back = records_of(through_a_file(table_of(batch)))
    assert back.attributes.get_column(FROM_BODY).to_list() == [False, True]
    assert back.generation is not None
    assert back.generation.to_list() == [2]


def test_of_a_repeated_key_the_first_counts() -> None:
    table = table_of(batch_of([Row("1", (("k", "first"), ("k", "second"), ("z", "1")))]))
    assert table.column("attributes").to_pylist() == [[("k", "first"), ("z", "1")]]


def test_a_level_that_nobody_gave_is_that_of_the_severity() -> None:
    severities = [Row(str(n), fields={"severity_number": n}) for n in (0, 5, 9, 13, 17, 21)]
    assert table_of(batch_of(severities)).column("level").to_pylist() == [
        "info",
        "debug",
        "info",
        "warning",
        "warning",
        "critical",
    ]


def test_other_engines_read_it() -> None:
    """Types of Parquet that everybody has; maps are maps."""
    table = through_a_file(table_of(batch_of(list(CASES.values()))))
    assert table.schema.names == SCHEMA.names
    assert str(table.schema.field("resource").type).startswith("map<string, string")
    assert str(table.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    assert table.column("attributes_kinds").to_pylist()[0] == bytes([1, 1, 0, 3, 4, 4, 2, 7, 5])
    assert np.array_equal(table.column("time").cast(pa.int64()).to_numpy()[:1], [1_700_000_000_000_000_001])
