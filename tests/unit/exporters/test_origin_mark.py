"""That a record was made is known to the core and to our own stores, and is nothing that any other destination gets to see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context, Kind
from collector.registry import default_registry
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of

OPTIONS: dict[str, dict[str, Any]] = {
    "debug": {"verbosity": "detailed"},
    "file": {"path": "out.jsonl"},
    "otlp_grpc": {"endpoint": "localhost:1"},
    "otlp_http": {"endpoint": "http://localhost:1"},
    "webhook": {"endpoint": "http://localhost:1/"},
    "splunk_hec": {"endpoint": "http://localhost:1/", "token": "t"},
    "elasticsearch": {"endpoint": "http://localhost:1/"},
    "syslog": {"endpoint": "localhost"},
}


def encoded(exporter: Any, batch: LogBatch) -> Any:
    made = exporter.encode(batch)
    return made.to_dicts() if isinstance(made, pl.DataFrame) else repr(made)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_made_record_is_encoded_as_one_that_was_sent(name: str, tmp_path: Path) -> None:
    found = default_registry().find(Kind.EXPORTER, name)
    assert found is not None
    exporter = found.create(found.config.model_validate(OPTIONS[name]), Context(name, tmp_path))
    sent = batch_of([Row("0" * 26, (("k", "v"),), fields={"body": "one"})])
    made = replace(sent, records=sent.records.with_columns(generation=pl.lit(1, pl.UInt8)))
    assert made.generation is not None
    assert encoded(exporter, made) == encoded(exporter, sent)


@pytest.mark.parametrize("name", ["sqlite", "d1"])
def test_a_store_of_ours_keeps_the_mark(name: str, tmp_path: Path) -> None:
    """Counts by minute leave out what was made."""
    found = default_registry().find(Kind.EXPORTER, name)
    assert found is not None
    options = {} if name == "sqlite" else {"account_id": "a", "api_token": "t", "database_id": "d"}
    exporter = found.create(found.config.model_validate(options), Context(name, tmp_path))
    sent = batch_of([Row("0" * 26, (("k", "v"),), fields={"body": "one"})])
    made = replace(sent, records=sent.records.with_columns(generation=pl.lit(2, pl.UInt8)))
    assert rows(made, Limits()).get_column("generation").to_list() == [2]
    assert rows(sent, Limits()).get_column("generation").to_list() == [None]
    assert encoded(exporter, made) != encoded(exporter, sent)
