"""Levels that are stored as counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from collector.batch import LogBatch, ValueKind, concat
from collector.client_info import CLIENT
from collector.component import Context
from collector.samples import batch_of
from collector.shaping.aggregation import COUNT, EVENT, masked
from collector.testing.work import FakeWork
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage

MINUTE = 60_000_000_000
START = 1_700_000_040_000_000_000


def sample(body: Any, severity: str = "DEBUG", **fields: Any) -> dict[str, Any]:
    return {"body": body, "severity": severity, "time_unix_nano": START, "attributes": {"user": "ann"}, **fields}


def judged(work: FakeWork, *samples: dict[str, Any], domain: str = "a") -> LogBatch:
    processor = Triage(TriageConfig(store={"debug": "aggregate"}), Context("triage", Path()))
    return processor.process(batch_of(samples, domain), work)


def test_records_that_came_with_other_headers_are_not_counted_together() -> None:
    """An exporter may send the row with a header that came with it: of one tenant."""
    batch = concat([batch_of([sample(f"cache miss for key {n}") for n in range(3)], "a") for _ in range(3)])
    clients = pl.Series(CLIENT, ['{"m":{"x-tenant":["one"]}}', None, '{"m":{"x-tenant":["one"]}}'])
    batch = replace(batch, payloads=batch.payloads.with_columns(clients))
    judged = Triage(TriageConfig(store={"debug": "aggregate"}), Context("triage", Path())).process(batch, FakeWork())
    assert judged.attribute(COUNT, ValueKind.INT).to_list() == [6, 3]
    assert judged.client is not None
    assert judged.client.to_list() == [clients[0], ""]


@pytest.mark.slow
def test_records_that_agree_become_one_row_with_a_count() -> None:
    work = FakeWork()
    batch = judged(
        work,
        sample("cache miss for key 17"),
        sample("kept as it is 17", "INFO"),
        sample("cache miss for key 18", time_unix_nano=START + 5),
        sample("cache miss for key 19", time_unix_nano=START + MINUTE),
        sample("other"),
        sample({"n": 5}),
        sample({"n": 6}),
    )
    assert batch.column("body").to_list() == [
        "cache miss for key *",
        "kept as it is 17",
        "cache miss for key *",
        "other",
        '{"n":*}',
    ]
    assert batch.attribute(COUNT, ValueKind.INT).to_list() == [2, None, 1, 1, 2]
    assert batch.column("event_name").to_list() == [EVENT, "", EVENT, EVENT, EVENT]
    assert batch.attribute("user").to_list() == [None, "ann", None, None, None]
    assert batch.column("time_unix_nano").to_list() == [
        START // MINUTE * MINUTE,
        START,
        (START + MINUTE) // MINUTE * MINUTE,
        START // MINUTE * MINUTE,
        START // MINUTE * MINUTE,
    ]
    assert work.counts == {("a", "aggregated"): 6, ("a", "created"): 4}


@pytest.mark.slow
def test_resources_and_endpoints_are_counted_apart() -> None:
    batch = judged(
        FakeWork(),
        sample("x", resource={"service.name": "one"}),
        sample("x", resource={"service.name": "two"}),
        sample("x", resource={"service.name": "two"}, attributes={"logboom.endpoint": "/a"}),
    )
    assert batch.attribute(COUNT, ValueKind.INT).to_list() == [1, 1, 1]
    assert batch.resource_attribute("service.name").to_list() == ["one", "two", "two"]


@pytest.mark.slow
def test_ids_of_rows_are_those_of_their_first_record() -> None:
    samples = [sample("x 1"), sample("x 2"), sample("y")]
    before = batch_of(samples, "a").column("record_id").str.slice(21).to_list()
    after = judged(FakeWork(), *samples).column("record_id").str.slice(21).to_list()
    assert after == [before[0], before[2]]


def test_variable_parts_are_masked() -> None:
    import polars as pl

    bodies = [
        "id 550e8400-e29b-41d4-a716-446655440000 took 12.5 ms",
        "mail bob@example.com",
        "at 10:11:12",
        "deadbeefcafe00 x",
    ]
    assert masked(pl.Series(bodies)).to_list() == ["id * took * ms", "mail *", "at *", "* x"]


def test_only_quiet_levels_can_be_aggregated() -> None:
    with pytest.raises(ValidationError, match="info"):
        TriageConfig.model_validate({"store": {"critical": "aggregate"}})
