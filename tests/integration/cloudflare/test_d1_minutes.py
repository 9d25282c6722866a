"""Counts by minute in workerd's own D1: those of the rows that are there, and what they cost."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.levels import SQL
from collector.outcomes import Ok
from collector.store.d1 import INSERT, D1Database, Statement
from collector.store.schema import HISTORY, RECORD, migrations
from collector.testing.row_batch import Row, batch_of
from exporters.d1 import FACTORY
from exporters.d1.exporter import D1Exporter

MINUTE_NS = 60 * 10**9
NOW = 1_800_000_000 * 10**9
BY_ROWS = f"""SELECT domain, time_unix_nano / {MINUTE_NS} AS minute, {SQL} AS level, ifnull(service_name, '') AS service,
    ifnull(component, '') AS component, ifnull(endpoint, '') AS endpoint, ifnull(environment, '') AS environment,
    ifnull(error_type, '') AS error_type, count(*) AS n FROM logs GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"""
COUNTS = "SELECT * FROM log_minutes ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"


def mixed(count: int, body: str = "") -> LogBatch:
    """Over two domains, six minutes, and what triage and categorize say."""
    made = [
        Row(
            f"r{n:05d}",
            resource=[("service.name", "shop")] if n % 2 else [],
            fields={
                "domain": f"{n % 2}.com",
                "time_unix_nano": NOW + n % 6 * 30 * 10**9,
                "severity_number": n % 24,
                "body": body,
            },
        )
        for n in range(count)
    ]
    levels = pl.Series([(None, "critical", "info")[n % 3] for n in range(count)])
    patterns = pl.Series([(None, "a", "b", "c")[n % 4] for n in range(count)])
    return batch_of(made).with_attributes({"logboom.triage.level": levels, "logboom.pattern.id": patterns})


PATTERNS = "SELECT * FROM pattern_minutes ORDER BY 1, 2, 3, 4"
PATTERNS_BY_ROWS = f"""SELECT domain, time_unix_nano / {MINUTE_NS} AS minute, {SQL} AS level, pattern_id, count(*) AS n
    FROM logs WHERE pattern_id IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""


def exporter_of(cloudflare: Any, tmp_path: Any, **options: Any) -> D1Exporter:
    return FACTORY.create(FACTORY.config(**cloudflare.options(), **options), Context("d1", tmp_path))


async def only(exporter: D1Exporter) -> D1Database:
    return await exporter._databases.prepared(exporter._places.of(""))


async def deliver(exporter: D1Exporter, batch: LogBatch) -> None:
    assert exporter.classify(await exporter.send(exporter.encode(batch))) == [Ok()]


def test_counts_are_those_of_the_rows_whatever_is_sent_again(cloudflare, tmp_path):
    """Slices in any order, overlapping, twice in one request, and a request of several statements."""
    batch, long = mixed(400), mixed(3000, "x" * 1500)
    rng = random.Random(7)

    async def run() -> None:
        exporter = exporter_of(cloudflare, tmp_path, database_id=cloudflare.database())
        await exporter.start()
        database = await only(exporter)
        for _ in range(6):
            start, length = rng.randrange(400), rng.randrange(1, 200)
            part = batch.slice(start, min(length, 400 - start))
            await deliver(exporter, part)
            await deliver(exporter, part)
            assert await database.select(COUNTS) == await database.select(BY_ROWS)
            assert await database.select(PATTERNS) == await database.select(PATTERNS_BY_ROWS)
        assert len(exporter.encode(long)[0].body) > 3_200_000
        await deliver(exporter, long)
        assert await database.select(COUNTS) == await database.select(BY_ROWS)
        assert sum(row["n"] for row in await database.select(COUNTS)) == 3000
        await exporter.shutdown()

    asyncio.run(run())


@pytest.mark.parametrize(("records", "keys"), [(1, 1), (500, 1), (500, 24), (5000, 144)])
def test_a_request_is_billed_a_row_for_each_count_that_it_adds_to(cloudflare, tmp_path, records, keys):
    """New or there before; a resend is billed nothing."""
    made = batch_of([Row(f"r{n:05d}", fields={"domain": "a.com", "time_unix_nano": NOW}) for n in range(records)])
    batch = made.with_attributes({"logboom.component": pl.Series([f"c{n % keys}" for n in range(records)])})
    again = LogBatch.of(
        {"record_id": ["new"], "domain": ["a.com"], "time_unix_nano": [NOW]}, {"logboom.component": ["c0"]}
    )

    async def run() -> list[int]:
        exporter = exporter_of(cloudflare, tmp_path, database_id=cloudflare.database())
        await exporter.start()
        billed = []
        for each in (batch, batch, again):
            await deliver(exporter, each)
            billed.append(exporter.counters()["rows_written"] - sum(billed))
        await exporter.shutdown()
        return billed

    assert asyncio.run(run()) == [3 * records + keys, 0, 4]


def test_a_database_of_before_is_counted_in_pieces_while_records_come(cloudflare, tmp_path, monkeypatch):
    """Its rows are found when the exporter starts; two exporters share the work and count nothing twice."""
    monkeypatch.setattr("exporters.d1.exporter._BETWEEN_PIECES_SECS", 0.0)
    database_id = cloudflare.database()
    past, new = mixed(300), mixed(380)

    async def run() -> None:
        maker = exporter_of(cloudflare, tmp_path, database_id=database_id)
        await maker._client.start()
        database = D1Database(maker._client, database_id)
        await database.run(Statement(HISTORY), *older())
        rows_of_before = maker.encode(past)[0].body
        await insert_only(database, rows_of_before)
        pair = [
            exporter_of(cloudflare, tmp_path, database_id=database_id, retention={"batch_rows": 7}) for _ in range(2)
        ]
        await asyncio.gather(*(one.start() for one in pair))
        await deliver(pair[0], new)
        await asyncio.gather(*(upkeep.count_past() for one in pair for upkeep in one._all_upkeeps()))
        assert await database.select(COUNTS) == await database.select(BY_ROWS)
        assert sum(row["n"] for row in await database.select(COUNTS)) == 380
        for one in (*pair, maker):
            await one.shutdown()

    asyncio.run(run())


def older() -> list[Statement]:
    return [
        statement
        for migration in migrations()[:2]
        for statement in (
            *map(Statement, migration.statements),
            Statement(RECORD, (str(migration.version), migration.name, "0")),
        )
    ]


async def insert_only(database: D1Database, body: bytes) -> None:
    """As the version before did: without the new column, without counts."""
    import orjson

    rows = orjson.loads(orjson.loads(body)["batch"][0]["params"][0])
    statement = INSERT.replace(", generation, pattern_id, issue_id)", ")")
    statement = statement.replace(", value->>28, value->>29, value->>30 ", " ")
    await database.run(Statement(statement, [orjson.dumps([row[:28] for row in rows]).decode()]))


def test_old_counts_go_and_the_others_stay(cloudflare, tmp_path):
    """After their own time, whatever happens to the rows; looked at once an hour."""
    made = batch_of(
        [Row(f"r{n}", fields={"domain": "a.com", "time_unix_nano": NOW - n * 3600 * 10**9}) for n in range(10)]
    )

    async def run() -> list[int]:
        retention = {"minutes": "4h30m", "interval": "1h"}
        exporter = exporter_of(cloudflare, tmp_path, database_id=cloudflare.database(), retention=retention)
        await exporter.start()
        await deliver(exporter, made)
        database, left = await only(exporter), []
        for now in (NOW, NOW + 3600 * 10**9):
            await exporter.sweep(now)
            (row,) = await database.select("SELECT count(*) AS n, (SELECT count(*) FROM logs) AS logs FROM log_minutes")
            left += [row["n"], row["logs"]]
        await exporter.shutdown()
        return left

    assert asyncio.run(run()) == [5, 10, 5, 10]
