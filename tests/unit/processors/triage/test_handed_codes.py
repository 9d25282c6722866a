"""What categorize hands over to triage changes no judgement, and is gone when it was taken or its table is."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from collector.batch import LogBatch
from collector.columns import handed
from collector.columns.dictionary import encode
from collector.columns.handed import hand_over, take
from collector.component import Context
from collector.ottl.columns import Reader
from collector.ottl.paths import LINE, TEXT, Source, Table
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.config import TriageConfig
from processors.triage.processor import ACTION, LEVEL, RULE, Triage

CORPUS = Path(__file__).parents[3] / "corpus" / "records"
DERIVED = ("logboom.source_type", "logboom.error_type", "logboom.component", "logboom.endpoint")


def samples() -> list[dict[str, Any]]:
    return [
        {key: value for key, value in record.items() if key != "expect"}
        for path in sorted(CORPUS.glob("*.yaml"))
        for system in yaml.safe_load(path.read_text("utf-8"))
        for record in system["records"]
    ]


def categorized(batch: LogBatch) -> LogBatch:
    return Categorize(CategorizeConfig(), Context("categorize", Path())).process(batch, FakeWork())


def copied(batch: LogBatch) -> LogBatch:
    """The same batch in tables that nothing was handed over with."""
    return replace(batch, records=batch.records.clone(), derived=batch.derived.clone())


def test_levels_are_those_of_a_batch_from_anywhere() -> None:
    batch = categorized(batch_of(samples()))
    alone = copied(batch)
    judged = [Triage(TriageConfig(), Context("triage", Path())).process(one, FakeWork()) for one in (batch, alone)]
    columns = [LEVEL, ACTION, RULE]
    assert judged[0].derived.select(columns).equals(judged[1].derived.select(columns))


@pytest.mark.parametrize(
    "source",
    [
        *(Source(Table.RECORD, key) for key in (*DERIVED, "logboom.http_status")),
        Source(Table.FIELD, "body"),
        Source(Table.FIELD, LINE),
    ],
    ids=lambda source: source.key,
)
def test_codes_handed_over_are_those_of_the_column(source: Source) -> None:
    batch = categorized(batch_of(samples()))
    table = batch.derived if source.table is Table.RECORD else batch.records
    part = "int" if source.key == "logboom.http_status" else TEXT
    wanted = Reader(copied(batch), [source]).coded(source, part).column().to_list()
    assert source.key in handed._held[id(table)][1]
    assert Reader(batch, [source]).coded(source, part).column().to_list() == wanted
    assert any(value is not None for value in wanted)


def test_a_batch_with_other_records_or_attributes_is_read_anew() -> None:
    batch = categorized(batch_of([{"body": "a"}, {"body": "b"}]))
    body, kind = Source(Table.FIELD, "body"), Source(Table.RECORD, "logboom.source_type")
    other = batch.with_fields({"body": pl.Series(["x", "y"])}).with_attributes({kind.key: pl.Series(["ui", None])})
    reader = Reader(other, [body, kind])
    assert reader.coded(body, TEXT).column().to_list() == ["x", "y"]
    assert reader.coded(kind, TEXT).column().to_list() == ["ui", None]
    one = Reader(batch.slice(1, 1), [body])
    assert one.coded(body, TEXT).column().to_list() == ["b"]


def test_codes_are_taken_once_and_end_with_their_table() -> None:
    table = pl.DataFrame({"a": ["x", "y"]})
    hand_over(table, {"a": encode(table.get_column("a"))})
    assert take(pl.DataFrame()) == {}
    assert take(table)["a"].column().to_list() == ["x", "y"]
    assert take(table) == {}
    hand_over(table, {"a": encode(table.get_column("a"))})
    place = id(table)
    del table
    gc.collect()
    assert place not in handed._held
