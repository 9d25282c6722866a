"""The debug exporter: what people see."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from collector.batch import ATTRIBUTES, LogBatch, ValueKind
from collector.component import Context
from collector.outcomes import Ok, Retry
from collector.testing.text_batch import text_batch
from exporters.debug.config import DebugConfig
from exporters.debug.exporter import DebugExporter, Sampling
from exporters.debug.text import blocks, lines, summary


def rich_batch():
    batch = text_batch(["hello\nworld", "plain"], "shop.example")
    attribute = {"owner": 0, "kind": int(ValueKind.INT), "key": "http.status", "int": 500}
    flag = {"owner": 0, "kind": int(ValueKind.BOOL), "key": "ok", "bool": False}
    table = pl.DataFrame([attribute, flag], schema=dict(ATTRIBUTES))
    resource = pl.DataFrame(
        [{"owner": 0, "kind": int(ValueKind.STRING), "key": "service.name", "string": "cart"}], schema=dict(ATTRIBUTES)
    )
    batch = replace(batch, attributes=table, resource_attributes=resource)
    return batch.with_attributes({"logboom.component": pl.Series([None, "Cart"], dtype=pl.String)})


def test_basic_is_one_line_a_batch():
    assert summary(rich_batch()) == "Logs\tresource logs: 1, log records: 2\n"


def test_normal_is_one_line_a_record():
    """Line breaks of bodies are shown as such; derived attributes stand after those that came."""
    assert lines(rich_batch()).splitlines() == [
        "1970-01-01T00:00:00.000000001Z Info shop.example hello\\nworld http.status=500 ok=false",
        "1970-01-01T00:00:00.000000002Z Info shop.example plain logboom.component=Cart",
    ]


def test_detailed_shows_every_field():
    text = blocks(rich_batch())
    first, second = text.split("LogRecord #1\n")
    for line in (
        "LogRecord #0",
        "Timestamp: 1970-01-01T00:00:00.000000001Z",
        "SeverityText: INFO",
        "SeverityNumber: Info(9)",
        "Resource: service.name=cart",
        "Body: hello\nworld",
        "     -> http.status: Int(500)",
        "     -> ok: Bool(false)",
        "Trace ID: ",
        "Flags: 0",
    ):
        assert line + "\n" in first
    assert "     -> logboom.component: Str(Cart)\n" in second


@pytest.mark.parametrize("show", [summary, lines, blocks])
def test_records_without_anything_are_shown(show):
    """Nulls in every column, unknown times, severities out of range; and no records at all."""
    batch = text_batch(["x", "y", "z"])
    nothing = batch.records.with_columns(
        pl.lit(None, pl.String).alias(name) for name in ("body", "severity_text", "event_name", "domain", "record_id")
    ).with_columns(time_unix_nano=pl.lit(0, pl.UInt64), severity_number=pl.Series([-5, 0, 99], dtype=pl.Int32))
    assert show(replace(batch, records=nothing)).endswith("\n")
    assert isinstance(show(LogBatch.empty()), str)


def test_sampling_shows_the_first_of_a_second_and_then_one_in_so_many():
    now = [0.0]
    sampling = Sampling(2, 3, lambda: now[0])
    assert [sampling.shows() for _ in range(9)] == [True, True, False, False, True, False, False, True, False]
    now[0] = 1.5
    assert [sampling.shows() for _ in range(3)] == [True, True, False]
    silent = Sampling(1, 0, lambda: 0.0)
    assert [silent.shows() for _ in range(3)] == [True, False, False]


def test_where_it_writes(tmp_path, capsys):
    """Standard error by default, else every path that is named."""

    def run(**options):
        async def main():
            exporter = DebugExporter(DebugConfig.model_validate(options), Context("debug", Path()))
            await exporter.start()
            verdicts = exporter.classify(await exporter.send(exporter.encode(text_batch(["a"]))))
            await exporter.shutdown()
            return verdicts

        return asyncio.run(main())

    assert run() == [Ok()]
    assert capsys.readouterr() == ("", "Logs\tresource logs: 1, log records: 1\n")
    path = tmp_path / "debug.txt"
    assert run(use_internal_logger=False, output_paths=["stdout", str(path)], verbosity="normal") == [Ok()]
    assert capsys.readouterr().out == path.read_text() != ""
    with pytest.raises(OSError, match="missing"):
        run(use_internal_logger=False, output_paths=[str(tmp_path / "missing" / "x")])


def test_a_write_that_fails_is_retried():
    exporter = DebugExporter(DebugConfig(), Context("debug", Path()))
    assert exporter.classify(BrokenPipeError()) == [Retry("cannot write: BrokenPipeError")]
