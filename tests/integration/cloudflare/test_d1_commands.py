"""Commands that read a store say of D1 what they say of the file: issues and their causes, reports, anomalies, patterns, explanations."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from collector.batch import LogBatch, concat
from collector.cli import app
from collector.component import Command, Context
from collector.pipeline.made import Maker, Occasion
from collector.samples import batch_of
from collector.store.describing import described, listed
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.events import marked
from collector.testing.row_batch import Row
from collector.testing.row_batch import batch_of as rows_of
from collector.testing.work import FakeWork
from exporters.d1 import FACTORY
from processors.issues.config import IssuesConfig
from processors.issues.processor import Issues
from processors.patterns import FACTORY as PATTERNS

START, SECOND = 1_800_000_000 * 10**9, 10**9
ALL = ("--since", "2020-01-01")


def story() -> list[LogBatch]:
    """Calm records, then errors of one version; the issue is resolved with words; an anomaly."""
    samples = [
        {"body": f"order {n} paid in {40 + n} ms" if n < 40 else f"disk {n} is full", "severity": "INFO" if n < 40 else "ERROR",
         "time_unix_nano": START + n * 10 * SECOND,
         "resource": {"service.name": "shop", "service.version": "1.1" if n >= 40 or n % 5 == 0 else "1.0"}}
        for n in range(80)
    ]  # fmt: skip
    work = FakeWork(now_unix_nano=START)
    batch = batch_of(samples, "a.com")
    batch = batch.with_attributes({"logboom.triage.level": pl.Series(["info"] * 40 + ["critical"] * 40)})
    received = pl.Series([START // 10**6 + 801_000] * batch.payloads.height, dtype=pl.UInt64)
    batch = replace(batch, payloads=batch.payloads.with_columns(received.alias("received_unix_ms")))
    issues = Issues(IssuesConfig(), Context("issues", Path()))
    patterns = PATTERNS.create(PATTERNS.config(), Context("patterns", Path()))
    sent = issues.process(patterns.process(batch, work), work)
    (issue,) = {each for each in sent.attribute("logboom.issue.id") if each}
    said = {"logboom.issue.id": issue, "logboom.issue.version": "1.2"}
    resolve = Command("c", "logboom.command.issue.resolve", "a.com", "anna", "more disk", said, START + 900 * SECOND)
    issues.command(resolve, work)
    told = []
    for number, each in enumerate(work.emitted):
        occasion = Occasion("a.com", START + number * 10**6, f"{number}")
        told.append(Maker("logs", "issues", LogBatch.empty(), occasion).make(each.kind, each.records, None, ""))
    claims = [
        ("logboom.anomaly.key", "spike:x"),
        ("logboom.anomaly.page", True),
        ("logboom.anomaly.since", "2027-01-15T08:00:00Z"),
    ]
    anomaly = Row("0" * 26, claims, fields={"domain": "a.com", "time_unix_nano": START, "body": "more than usual"})
    return [sent, *told, marked(rows_of([anomaly]), ["logboom.anomaly.spike"])]


@pytest.fixture(scope="module")
def said(cloudflare, tmp_path_factory):
    """Runs a command on the file and on D1."""
    folder = tmp_path_factory.mktemp("stores")
    options = {**cloudflare.options(), "database_id": cloudflare.database()}
    batches = story()
    embedded = EmbeddedStore(folder / "store.db")
    embedded.open()

    async def deliver():
        exporter = FACTORY.create(FACTORY.config(**options), Context("d1", folder))
        await exporter.start()
        for batch in batches:
            await exporter.send(exporter.encode(batch))
        await exporter.shutdown()

    for batch in batches:
        embedded.insert(rows(listed(batch), Limits()), described(batch, 1 << 20))
    embedded.close()
    asyncio.run(deliver())
    (folder / "logboom.yaml").write_text(json.dumps(_config(options)))
    record = str(concat(batches[:1]).column("record_id")[60])

    def run(words):
        named = [word.replace("RECORD", record) for word in words]
        config = ["--config", str(folder / "logboom.yaml")]
        way = [["--data-dir", str(folder), *config], ["--store", "d1", *config]]
        found = [CliRunner().invoke(app, [*named, *each], env={"COLUMNS": "200"}) for each in way]
        assert [each.exit_code for each in found] == [0, 0], [each.output for each in found]
        return [each.stdout for each in found]

    return run


def _config(options):
    d1 = {name: options[name] for name in ("account_id", "api_token", "base_url", "database_id")}
    receivers = {"otlp": {"protocols": {"http": {"endpoint": "localhost:0"}}}}
    pipeline = {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["d1"]}
    processors = {"categorize": {}, "triage": {}}
    return {
        "receivers": receivers,
        "processors": processors,
        "exporters": {"d1": d1},
        "service": {"pipelines": {"logs": pipeline}},
    }


OF_THEN = ("--since", "2027-01-01", "--until", "2027-02-01", "--json")
COMMANDS = {
    "a search": ["search", 'disk level:>=info severity:[9 TO 24] -service:till', *OF_THEN], "how many": ["search", "--by", "level", *OF_THEN],
    "how many of rows": ["search", "is full", "--by", "resource.service.version", *OF_THEN],
    "a tail": ["tail", "--no-follow", "-n", "50", "-q", "disk resource.service.version:1.1 severity:>=error"],
    "issues": ["issues", "list", *ALL, "--state", "all", "--json"], "a report": ["report", "--since", "2027-01-01", "--until", "2027-02-01", "--json"],
    "anomalies": ["anomalies", *ALL, "--pages", "--json"], "patterns": ["patterns", *ALL, "--json"], "an explanation": ["explain", "RECORD", "--json"],
}  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("domain", [[], ["--domain", "a.com"]], ids=["all", "one domain"])
def test_they_say_the_same(said, words, domain):
    """Of all, and of a domain."""
    file, d1 = said([*words, *domain])
    assert file == d1
    assert file.strip(), "there is something to say"


def test_an_issue_and_its_cause(said):
    """Its page, and what is said to machines; what changed is found in the records."""
    (listed_, _) = said([*COMMANDS["issues"]])
    issue = json.loads(listed_)["issue_id"]
    pages = said(["issues", "show", issue])
    assert pages[0] == pages[1]
    assert "more disk" in pages[0]
    (file, d1) = map(json.loads, said(["issues", "show", issue, "--json"]))
    assert file == d1
    assert file["explained"]["records_compared"] > 40


def test_who_reads_for_another_domain_sees_none(said):
    """Of D1 as of the file."""
    assert said(["issues", "list", *ALL, "--domain", "b.com"]) == ["no issues\n"] * 2
