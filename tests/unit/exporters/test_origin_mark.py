"""That a record was made is known to the core, and is nothing that a destination gets to see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context, Kind
from collector.registry import default_registry
from collector.testing.row_batch import Row, batch_of

OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {},
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
