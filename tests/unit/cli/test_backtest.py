"""Stored records through a configuration once more: in event time, twice the same, and nothing is changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import polars as pl
import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.samples import batch_of
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows

MINUTE = 60 * 10**9
START = 1_780_000_000 * 10**9
CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: localhost:0}}}}}}}}
processors:
  categorize: {{}}
  triage: {{{triage}}}
  patterns: {{}}
  issues: {{}}
exporters: {{sqlite: {{}}}}
service:
  pipelines:
    logs: {{receivers: [otlp], processors: [categorize, triage, patterns, issues], exporters: [sqlite]}}
"""


def said(minute, body, severity="INFO", number=0):
    return {"body": body, "severity": severity, "time_unix_nano": START + minute * MINUTE + number * 10**9,
            "resource": {"service.name": "shop", "service.version": "1"}}  # fmt: skip


DISK = "write /data/wal: no space left on device"
SAMPLES = [
    *(said(n, f"order {n} accepted") for n in range(30)),
    *(said(10, DISK, "ERROR", n) for n in range(5)),
    *(said(200, DISK, "ERROR", n) for n in range(3)),
    {**said(20, {"nested": [1, {"a": None}]}), "attributes": {"tags": ["a", "b"], "logboom.triage.level": "info"}},
]


@pytest.fixture
def run(tmp_path):
    """Runs `logboom backtest` on a store whose records were all judged `info`; gives its output."""
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    for number, domain in enumerate(("a.com", "b.com")):
        batch = batch_of(SAMPLES if domain == "a.com" else SAMPLES[:4], domain)
        batch = batch.with_attributes({"logboom.triage.level": pl.Series(["info"] * len(batch))})
        ids = pl.Series([f"01KD0Z8W6Y{number:06d}{n:010d}" for n in range(len(batch))])
        store.insert(rows(replace(batch.with_fields({"record_id": ids})), Limits()))
    store.close()

    def invoke(*arguments, triage=""):
        (tmp_path / "new.yaml").write_text(CONFIG.format(triage=triage))
        given = [
            "backtest",
            "--config",
            str(tmp_path / "new.yaml"),
            "--data-dir",
            str(tmp_path),
            "--since",
            "2026-01-01",
        ]
        return CliRunner().invoke(app, [*given, "--until", "2026-06-10", *arguments])

    invoke.store = tmp_path / "store.db"
    return invoke


def test_what_would_have_been_decided_stands_beside_what_was(run):
    told = json.loads(run("--json").stdout)
    assert told["records"] == told["left"]["logs"] == len(SAMPLES) + 4
    assert {"was": "info", "would_be": "critical", "records": 8} in told["levels"]
    [issue] = told["issues"]
    assert (issue["domain"], issue["would_be"], issue["would_be_events"], issue["is"]) == (
        "a.com",
        "ongoing",
        8,
        None,
    )  # a week passed
    assert told["records_with_issue"] == {"had": 0, "would_have": 8}
    assert {"kind": "logboom.issue.created", "would_be": 1, "were": 0} in told["events"]
    assert told["failed"] == {}


def test_the_same_run_twice_gives_the_same_bytes(run):
    assert run("--json").stdout_bytes == run("--json").stdout_bytes


def test_nothing_in_the_store_is_changed(run):
    before = hashlib.sha256(run.store.read_bytes()).digest()
    assert run().exit_code == 0
    assert hashlib.sha256(run.store.read_bytes()).digest() == before


def test_another_configuration_decides_otherwise(run):
    rule = "rules: [{id: own/calm, when: 'IsMatch(body, \"no space left\")', level: debug}]"
    told = json.loads(run("--json", triage=rule).stdout)
    assert {"was": "info", "would_be": "debug", "records": 8} in told["levels"]
    assert told["issues"] == []


def test_time_is_that_of_the_records(run):
    """What was seen first and last is when it happened, and what is due in between runs."""
    text = run().stdout
    assert "issue" in text
    assert "logboom.issue.changed" in text  # three hours later its counts were told


def test_a_domain_is_run_alone(run):
    told = json.loads(run("--json", "--domain", "b.com").stdout)
    assert told["records"] == 4
    assert told["issues"] == []


@pytest.mark.parametrize(
    "arguments", [("--pipeline", "nowhere"), ("--since", "soon"), ("--until", "2020-01-01")], ids=str
)
def test_what_says_nothing_is_refused(run, arguments):
    assert run(*arguments).exit_code == 2


def test_an_empty_time_is_told_as_such(run):
    told = json.loads(run("--json", "--since", "2026-06-01").stdout)
    assert (told["records"], told["levels"], told["issues"]) == (0, [], [])
