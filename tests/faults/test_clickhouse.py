"""The exporter clickhouse against ClickHouse's own engine: its tables are made, rows are read back, and on bad days nothing is missing; a table
that deduplicates has each record once, whatever is lost on the way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from collector.outcomes import Blocked, Ok, Split
from collector.testing.row_batch import Nested, Row, batch_of
from collector.testing.text_batch import text_batch
from counterparts import sending
from counterparts.bad_days import DAYS, QUICK, Load, mixture
from counterparts.clickhouse import ClickHouse, running
from counterparts.examples import rounds
from counterparts.fault_proxy import Fault, proxied
from exporters.clickhouse import FACTORY
from exporters.clickhouse.config import ClickHouseConfig
from exporters.clickhouse.schema import statements
from otlp_wire import any_from_python

NOW = 1_700_000_000_123_456_789
TABLE = "otel.otel_logs"
THROUGH = {"timeout": "60s", "compress": "gzip", "create_schema": False}
"""The proxy reads bodies; the engine does one thing after the other, however many wait; faults are for inserts."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("clickhouse")) as service:
        yield service


@pytest.fixture
def clickhouse(shared):
    shared.query("DROP DATABASE IF EXISTS otel")
    shared.query("DROP TABLE IF EXISTS default.otel_logs")
    return shared


def options(clickhouse: ClickHouse, **more: Any) -> dict[str, Any]:
    return {"endpoint": clickhouse.url, "database": "otel", **more}


def test_a_record_is_a_row(clickhouse, tmp_path):
    """All columns, in a table that the exporter made; attributes of every kind as text, of a repeated key the first."""
    own = [("s", "x y"), ("b", True), ("i", 3), ("d", 1.5), ("m", Nested(any_from_python({"k": [1]}))), ("s", "again"),
           ("ü", "日本")]  # fmt: skip
    full = Row(
        "1", own, [("service.name", "web"), ("k8s.pod.name", "p-1")], ("scope", "1.2", [("a", "b")]),
        {"time_unix_nano": NOW, "severity_number": 17, "severity_text": "ERR", "body": 'a "b"\n', "event_name": "e",
         "trace_id": b"\1" * 16, "span_id": b"\2" * 8, "flags": 0x101},
    )  # fmt: skip
    bare = Row(
        "2", fields={"time_unix_nano": 0, "observed_time_unix_nano": NOW + 1, "body": None, "severity_number": 0}
    )
    assert sending.verdicts(FACTORY, options(clickhouse), tmp_path, batch_of([full, bare])) == [Ok()]
    first, second = clickhouse.query(
        f'SELECT toUnixTimestamp64Nano(Timestamp) AS nanos, *, "__otel_materialized_k8s.pod.name" AS pod FROM {TABLE} ORDER BY nanos'
    )
    attributes = {"b": "true", "d": "1.5", "i": "3", "m": '{"k":[1]}', "s": "x y", "ü": "日本"}
    assert list(first["LogAttributes"].items()) == list(attributes.items())
    del first["Timestamp"], first["LogAttributes"]
    assert {name: value for name, value in first.items() if name != "nanos"} == {
        "TraceId": "01" * 16, "SpanId": "02" * 8, "TraceFlags": 1, "SeverityText": "ERR", "SeverityNumber": 17,
        "ServiceName": "web", "Body": 'a "b"\n', "ResourceSchemaUrl": "", "ScopeSchemaUrl": "", "ScopeName": "scope",
        "ResourceAttributes": {"k8s.pod.name": "p-1", "service.name": "web"}, "ScopeVersion": "1.2",
        "ScopeAttributes": {"a": "b"}, "EventName": "e", "pod": "p-1",
    }  # fmt: skip
    assert [int(row["nanos"]) for row in (first, second)] == [NOW, NOW + 1]
    assert (second["Body"], second["LogAttributes"], second["TraceId"], second["ServiceName"]) == ("", {}, "", "")


def test_what_was_asked_for_is_made(clickhouse, tmp_path):
    """Engine and time to live; again nothing changes."""
    given = options(clickhouse, ttl="72h", table_engine={"name": "ReplacingMergeTree", "params": "SeverityNumber"})
    for _ in range(2):
        assert sending.verdicts(FACTORY, given, tmp_path, text_batch(["x"])) == [Ok()]
    (made,) = clickhouse.query(
        "SELECT engine_full, sorting_key, partition_key FROM system.tables WHERE name = 'otel_logs'"
    )
    assert made["engine_full"].startswith("ReplacingMergeTree(SeverityNumber) PARTITION BY toDate(Timestamp) ORDER BY")
    assert "TTL toDateTime(Timestamp) + toIntervalDay(3)" in made["engine_full"]
    assert made["sorting_key"] == "toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp"


def test_a_table_of_an_older_collector_is_filled(clickhouse, tmp_path):
    """It has no `EventName`; the rest is stored, for all further inserts too."""
    older = "ALTER TABLE otel.otel_logs DROP COLUMN EventName"
    made(clickhouse, older)
    rows = batch_of([Row("1", fields={"event_name": "e", "body": "kept"})])
    given = options(clickhouse, create_schema=False, async_insert=False)
    assert sending.verdicts(FACTORY, given, tmp_path, rows, text_batch(["x"])) == [Ok(), Ok()]
    assert sorted(row["Body"] for row in clickhouse.query(f"SELECT Body FROM {TABLE}")) == ["kept", "x"]


def made(clickhouse: ClickHouse, *more: str) -> None:
    for statement in (*statements(ClickHouseConfig.model_validate(options(clickhouse))), *more):
        clickhouse.query(statement)


WRONG = {
    "no database": ({"create_schema": False}, 81, []),
    "no table": ({"create_schema": False}, 60, ["RENAME TABLE otel.otel_logs TO otel.others"]),
    "no column": ({"create_schema": False}, 16, ["ALTER TABLE otel.otel_logs DROP COLUMN ScopeName"]),
    "no such user": ({"username": "writer", "password": "wrong password"}, 516, []),
    "no such setting": ({"connection_params": {"max_execution_tine": 3}}, 115, []),
    "no such engine": ({"table_engine": {"name": "NopeTree"}}, 56, []),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_only_people_can_put_right_blocks(clickhouse, tmp_path, case):
    """With ClickHouse's own words, and nothing of the password."""
    more, code, changes = WRONG[case]
    if changes:
        made(clickhouse, *changes)
    (found,) = sending.verdicts(FACTORY, options(clickhouse, **more), tmp_path, text_batch(["x"]))
    assert isinstance(found, Blocked), found
    assert f"Code: {code}. DB::Exception" in found.reason
    assert "wrong password" not in found.reason


def test_a_row_that_a_constraint_refuses_is_looked_for(clickhouse, tmp_path):
    made(clickhouse, "ALTER TABLE otel.otel_logs ADD CONSTRAINT short CHECK length(Body) < 9")
    found = sending.verdicts(
        FACTORY, options(clickhouse), tmp_path, text_batch(["fine", "x" * 9]), text_batch(["fine"])
    )
    assert [type(each) for each in found] == [Split, Ok]
    assert "VIOLATED_CONSTRAINT" in found[0].reason


def test_records_of_more_days_than_an_insert_takes_are_halved(clickhouse, tmp_path):
    """A hundred partitions by default; the halves are stored."""
    most = rounds(100, 6)
    days = [Row(str(day), fields={"time_unix_nano": NOW + day * 86_400_000_000_000}) for day in range(most + 2)]
    half = len(days) // 2
    parts = (batch_of(days), batch_of(days[:half]), batch_of(days[half:]))
    given = options(clickhouse, connection_params={"max_partitions_per_insert_block": most})
    found = sending.verdicts(FACTORY, given, tmp_path, *parts)
    assert [type(each) for each in found] == [Split, Ok, Ok]


@pytest.mark.parametrize("compress", ["none", "lz4", "zstd", "gzip", "deflate"])
def test_rows_arrive_however_they_are_compressed(clickhouse, tmp_path, compress):
    given = options(clickhouse, compress=compress, username="writer", password="long password")
    assert sending.verdicts(FACTORY, given, tmp_path, text_batch([f"r{n}" for n in range(1000)])) == [Ok()]
    assert clickhouse.query(f"SELECT toUInt32(uniqExact(Body)) AS n FROM {TABLE}") == [{"n": 1000}]


def delivered(clickhouse: ClickHouse, tmp_path: Path, faults: list[Fault]) -> Counter[str]:
    """How often each record is stored after these faults; each of them came to pass."""
    with Load(tmp_path, FACTORY) as load, proxied(clickhouse.url) as proxy:
        proxy.faults.extend(faults)
        load.deliver({**QUICK, **options(clickhouse), "endpoint": proxy.url, **THROUGH})
        assert not proxy.faults
        times = Counter(row["Body"] for row in clickhouse.query(f"SELECT Body FROM {TABLE}"))
        assert times.keys() == set(load.bodies)
        return times


_WINDOW = "ALTER TABLE otel.otel_logs MODIFY SETTING non_replicated_deduplication_window = 1000"
_LOST = DAYS["answers are lost after the commit"][: rounds(21, 6)]
BAD = {"all at once": mixture(8, rounds(3, 1)), "answers are lost": _LOST}
"""The first has lost answers too: the short form is content with it."""


@pytest.mark.parametrize("day", list(BAD)[: rounds(len(BAD), 1)])
def test_a_table_that_deduplicates_has_each_record_once(clickhouse, tmp_path, day):
    """Whatever is lost on the way."""
    made(clickhouse, _WINDOW)
    assert set(delivered(clickhouse, tmp_path, BAD[day]).values()) == {1}


def test_another_table_doubles_what_lost_answers_repeat(clickhouse, tmp_path):
    """Nothing is missing there either."""
    made(clickhouse)
    assert max(delivered(clickhouse, tmp_path, _LOST).values()) > 1
