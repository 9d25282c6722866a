"""One counterpart of Cloudflare for the session; every test takes databases and namespaces of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from collector.batch import LogBatch
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
from counterparts.cloudflare import Cloudflare, Pool
from exporters.d1 import FACTORY
from processors.issues.config import IssuesConfig
from processors.issues.processor import Issues
from processors.patterns import FACTORY as PATTERNS

START, SECOND = 1_800_000_000 * 10**9, 10**9


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


@pytest.fixture(scope="session")
def cloudflare() -> Iterator[Pool]:
    with Cloudflare(pool=64) as place:
        yield Pool(place)


@pytest.fixture(scope="module")
def both(cloudflare: Pool, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object], list[LogBatch]]:
    """The story in a file, `store.db` of a folder, and in a database: the folder, the options of the exporter, the batches."""
    folder = tmp_path_factory.mktemp("stores")
    options = {**cloudflare.options(), "database_id": cloudflare.database()}
    batches = story()
    embedded = EmbeddedStore(folder / "store.db")
    embedded.open()

    async def deliver() -> None:
        exporter = FACTORY.create(FACTORY.config(**options), Context("d1", folder))
        await exporter.start()
        for batch in batches:
            await exporter.send(exporter.encode(batch))
        await exporter.shutdown()

    for batch in batches:
        embedded.insert(rows(listed(batch), Limits()), described(batch, 1 << 20))
    embedded.close()
    asyncio.run(deliver())
    return folder, options, batches
