"""The d1 exporter against workerd's own D1: the same rows as the file, exactly once, nanoseconds exact."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.errors import StorageError
from collector.outcomes import Blocked, Ok, Reject, Split, Verdicts
from collector.store.d1 import D1Database, Statement
from collector.store.embedded import EmbeddedStore
from collector.store.rows import COLUMNS, Limits, rows
from collector.store.schema import migrations
from collector.testing.row_batch import Row, batch_of
from exporters.d1 import FACTORY
from exporters.d1.exporter import D1Exporter

DAY_NS = 86_400 * 10**9


def d1(work: Callable[[D1Exporter], Awaitable[Any]], data_dir: Path, **options: Any) -> Any:
    """Start an exporter, do something with it, shut it down."""

    async def run() -> Any:
        exporter: D1Exporter = FACTORY.create(FACTORY.config(**options), Context("d1", data_dir))
        try:
            await exporter.start()
            return await work(exporter)
        finally:
            await exporter.shutdown()

    return asyncio.run(run())


async def deliver(exporter: D1Exporter, batch: LogBatch) -> Verdicts:
    """One attempt, as delivery makes it."""
    try:
        answer: Any = await exporter.send(exporter.encode(batch))
    except Exception as error:  # noqa: BLE001
        answer = error
    return exporter.classify(answer)


async def select(exporter: D1Exporter, sql: str, place: str | None = None) -> list[dict[str, Any]]:
    database = await exporter._databases.prepared(place or exporter._places.of(""))
    return await database.select(sql)


def odd_batch() -> LogBatch:
    """Everything that text can do to JSON, SQL and JavaScript."""
    bodies = [
        'say "hi" \\ to all',
        "line\nbreak\ttab\r\x01\x1f\x7f",
        "naïve — 日本語 🪵 \u2028",
        "[1,2,3]",
        '{"a":{"b":"c"}}',
        "null",
        "12345678901234567890",
        "'; DROP TABLE logs; --",
        "",
        "x" * 3000,
    ]
    made = [
        Row(
            f"r{at:03d}",
            [
                ("text", body),
                ("int", 9_007_199_254_740_993),
                ("float", 0.1),
                ("odd", float("nan")),
                ("yes", True),
                ("no", None),
                ("logboom.triage.level", "critical"),
            ],
            [("service.name", f"s{at}"), ('quo"ted\\', body)],
            (f"scope {body[:20]}", "1.0", [("scope key", body)]),
            {
                "body": body,
                "time_unix_nano": 1_700_000_000_000_000_001 + at,
                "severity_text": "ERROR" if at % 2 else "",
                "trace_id": bytes(range(16)) if at % 3 else b"",
                "severity_number": 17,
            },
        )
        for at, body in enumerate(bodies)
    ]
    late = Row("r900", fields={"time_unix_nano": 2**64 - 1, "body": None})
    return batch_of([*made, late])


AS_TEXT = ", ".join(f"CAST({name} AS TEXT) AS {name}" for name in COLUMNS)


def test_the_rows_are_those_of_the_embedded_store(cloudflare, tmp_path):
    """Column by column, type by type, digit by digit."""
    batch = odd_batch()
    types = ", ".join(f"typeof({name}) AS t_{name}" for name in COLUMNS)
    question = f"SELECT {AS_TEXT} FROM logs ORDER BY record_id", f"SELECT {types} FROM logs ORDER BY record_id"

    async def work(exporter: D1Exporter) -> list[list[dict[str, Any]]]:
        assert await deliver(exporter, batch) == [Ok()]
        return [await select(exporter, sql) for sql in question]

    found = d1(work, tmp_path, **cloudflare.options(), database_id=cloudflare.database())
    store = EmbeddedStore(tmp_path / "store.db")
    store.insert(rows(batch, Limits()))
    store.close()
    connection = sqlite3.connect(tmp_path / "store.db")
    connection.row_factory = sqlite3.Row
    wanted = [[dict(row) for row in connection.execute(sql)] for sql in question]
    connection.close()
    assert found == wanted
    assert found[0][0]["time_unix_nano"] == "1700000000000000001"
    assert found[0][-1]["truncated"] == '{"time_unix_nano":"18446744073709551615"}'


def test_a_resend_adds_nothing(cloudflare, tmp_path):
    """Sent twice by one process and again by the next one: one row a record."""
    options = {**cloudflare.options(), "database_id": cloudflare.database()}
    batch = batch_of([Row(f"r{n}") for n in range(500)])

    async def twice(exporter: D1Exporter) -> None:
        assert [await deliver(exporter, batch) for _ in range(2)] == [[Ok()], [Ok()]]

    async def once_more(exporter: D1Exporter) -> Any:
        assert await deliver(exporter, batch) == [Ok()]
        return await select(exporter, "SELECT count(*) AS n, count(DISTINCT record_id) AS ids FROM logs")

    d1(twice, tmp_path, **options)
    assert d1(once_more, tmp_path, **options) == [{"n": 500, "ids": 500}]


def test_a_large_request_is_several_statements_and_one_transaction(cloudflare, tmp_path):
    """Over 1.6 MB of rows travel as one call; all arrive."""
    batch = batch_of([Row(f"r{n:05d}", fields={"body": f"{n} " + "x" * 1000}) for n in range(4000)])

    async def work(exporter: D1Exporter) -> Any:
        (part,) = exporter.encode(batch)
        assert len(json.loads(part.body)["batch"]) > 2
        assert await deliver(exporter, batch) == [Ok()]
        return await select(exporter, "SELECT count(*) AS n, sum(length(body)) AS characters FROM logs")

    (found,) = d1(work, tmp_path, **cloudflare.options(), database_id=cloudflare.database())
    assert found == {"n": 4000, "characters": sum(len(str(n)) + 1001 for n in range(4000))}


def test_rows_over_the_limit_are_cut_and_not_lost(cloudflare, tmp_path):
    """A body, strings in attributes, and attributes that cannot be cut: what was there is told in `truncated`."""
    huge = 3_000_000
    batch = batch_of(
        [
            Row("body", fields={"body": "é" * huge}),
            Row("escapes", fields={"body": "\x01" * huge}),
            Row("attributes", [(f"k{n}", "a" * 60_000) for n in range(50)], fields={"body": "keep"}),
            Row("many", [(f"k{n}" * 10, "v" * 500) for n in range(5000)], fields={"body": "keep"}),
            Row("small", fields={"body": "keep"}),
        ]
    )

    async def work(exporter: D1Exporter) -> Any:
        assert await deliver(exporter, batch) == [Ok()]
        return await select(exporter, "SELECT record_id, body, attributes, truncated FROM logs")

    found = d1(work, tmp_path, **cloudflare.options(), database_id=cloudflare.database())
    by_id = {row["record_id"]: row for row in found}
    told = {name: json.loads(row["truncated"] or "null") for name, row in by_id.items()}
    assert told["small"] is None
    assert told["body"] == {"body": 2 * huge}
    assert set(by_id["body"]["body"]) == {"é"}
    assert told["escapes"] == {"body": huge}
    assert told["attributes"].keys() == {"attributes"}
    assert len(json.loads(by_id["attributes"]["attributes"])) == 50
    assert by_id["attributes"]["body"] == "keep"
    assert by_id["many"]["attributes"] == "{}"
    assert told["many"]["attributes"] > 2_000_000


def test_each_domain_has_its_database(cloudflare, tmp_path):
    """By a map; a domain without one has its records set aside, and nobody else's."""
    a, b = cloudflare.database(), cloudflare.database()
    batch = batch_of([Row(f"r{n}", fields={"domain": ("a.com", "b.com", "c.com")[n % 3]}) for n in range(30)])

    async def work(exporter: D1Exporter) -> Any:
        (rejected,) = await deliver(exporter, batch)
        assert isinstance(rejected, Reject)
        assert rejected.items is not None
        assert rejected.items.tolist() == list(range(2, 30, 3))
        return [await select(exporter, "SELECT DISTINCT domain, count(*) AS n FROM logs", place) for place in (a, b)]

    found = d1(work, tmp_path, **cloudflare.options(), databases={"a.com": a, "b.com": b})
    assert found == [[{"domain": "a.com", "n": 10}], [{"domain": "b.com", "n": 10}]]


def test_databases_by_name_are_found_or_made(cloudflare, tmp_path):
    """`logs-{domain}`: made once when allowed, found by the next process; else a sentence that says what to do."""
    options = {**cloudflare.options(), "database_name": "logs-{domain}"}
    batch = batch_of([Row("r0", fields={"domain": "tamyla.com"})])

    async def refused(exporter: D1Exporter) -> Verdicts:
        return await deliver(exporter, batch)

    async def made(exporter: D1Exporter) -> Any:
        assert await deliver(exporter, batch) == [Ok()]
        return await select(exporter, "SELECT record_id FROM logs", "name:logs-tamyla-com")

    (verdict,) = d1(refused, tmp_path, **options)
    assert verdict == Blocked("there is no D1 database 'logs-tamyla-com': make it, or set auto_create: true")
    assert d1(made, tmp_path, **options, auto_create=True) == [{"record_id": "r0"}]
    assert d1(made, tmp_path, **options) == [{"record_id": "r0"}]


def test_a_database_that_needs_migrations_is_refused_when_they_are_off(cloudflare, tmp_path):
    """And left as it is; with them on it works, and then also without."""
    options = {**cloudflare.options(), "database_id": cloudflare.database()}

    async def names(exporter: D1Exporter) -> Any:
        found = await select(
            exporter, "SELECT name FROM sqlite_master WHERE name LIKE 'log%' AND name NOT LIKE 'logb%' ORDER BY name"
        )
        return [row["name"] for row in found]

    with pytest.raises(
        StorageError,
        match=r"needs migrations \(0001_logs, .*\) and auto_migrate is off",
    ):
        d1(names, tmp_path, **options, auto_migrate=False)
    always = [
        "log_minutes",
        "log_minutes_uncounted",
        "logs",
        "logs_domain_time",
        "logs_error_trace",
        "logs_events",
        "logs_patterns",
        "logs_urgent",
    ]
    assert d1(names, tmp_path, **options, indexes=["trace"]) == sorted([*always, "logs_by_trace"])
    assert d1(names, tmp_path, **options, auto_migrate=False) == always


def test_somebody_elses_database_stops_the_start(cloudflare, tmp_path):
    """A table `logs` without our history is not touched."""
    mine, options = cloudflare.database(), cloudflare.options()

    async def make(exporter: D1Exporter) -> None:
        await select(exporter, "DROP TABLE logboom_migrations")

    d1(make, tmp_path, **options, database_id=mine)
    with pytest.raises(StorageError, match="did not make"):
        d1(make, tmp_path, **options, database_id=mine)


def test_two_processes_that_start_together_migrate_once(cloudflare, tmp_path):
    """Both find an empty database; both are ready in the end."""
    options = FACTORY.config(**cloudflare.options(), database_id=cloudflare.database())

    async def run() -> None:
        pair = [FACTORY.create(options, Context(f"d1/{n}", tmp_path)) for n in range(2)]
        await asyncio.gather(*(one.start() for one in pair))
        every = [{"version": migration.version} for migration in migrations()]
        assert [await select(one, "SELECT version FROM logboom_migrations") for one in pair] == [every] * 2
        for one in pair:
            await one.shutdown()

    asyncio.run(run())


def test_a_poison_record_is_found_by_halving(cloudflare, tmp_path):
    """A constraint that one record breaks: Split, until it stands alone; its neighbours arrive."""
    options = {**cloudflare.options(), "database_id": cloudflare.database()}
    batch = batch_of([Row(f"r{n:02d}", fields={"body": "poison" if n == 13 else "fine"}) for n in range(32)])
    poisoned = []

    async def work(exporter: D1Exporter) -> Any:
        await select(
            exporter,
            "CREATE TRIGGER refuse BEFORE INSERT ON logs WHEN new.body = 'poison' BEGIN SELECT raise(ABORT, 'no'); END",
        )
        todo = [batch]
        while todo:
            piece = todo.pop()
            (verdict,) = await deliver(exporter, piece)
            if isinstance(verdict, Split) and len(piece) > 1:
                half = len(piece) // 2
                todo += [piece.slice(0, half), piece.slice(half, len(piece) - half)]
            elif verdict != Ok():
                poisoned.append(piece.column("record_id").item())
        return await select(exporter, "SELECT count(*) AS n FROM logs")

    assert d1(work, tmp_path, **options) == [{"n": 31}]
    assert poisoned == ["r13"]


def test_retention_deletes_by_domain_and_level_in_bounded_steps(cloudflare, tmp_path, monkeypatch):
    """Old debug rows of one domain go; the other levels, the other domain and the newest row stay."""
    now = 1_800_000_000 * 10**9
    ages = itertools.product(("a.com", "b.com"), ("debug", "critical"), (1, 10), range(21))
    made = [
        Row(
            f"00{random.Random(at).randrange(10**20):020d}{at:04d}",
            [("logboom.triage.level", level)],
            fields={"domain": domain, "time_unix_nano": now - days * DAY_NS},
        )
        for at, (domain, level, days, _) in enumerate(ages)
    ]

    async def counted(database: D1Database, *statements: Statement) -> list[dict[str, Any]]:
        results = await run(database, *statements)
        billed[0] += sum(result["meta"]["rows_read"] for result in results)
        return results

    billed, read, run = [0], [], D1Database.run
    monkeypatch.setattr(D1Database, "run", counted)

    async def work(exporter: D1Exporter) -> Any:
        assert await deliver(exporter, batch_of(made)) == [Ok()]
        billed[0] = 0
        assert await exporter.sweep(now) == 21
        assert exporter.counters()["rows_deleted"] == 21
        read.append(billed[0])
        assert await exporter.sweep(now + 60 * 10**9) == 0
        read.append(billed[0] - read[0])
        return await select(
            exporter, "SELECT domain, triage_level AS level, count(*) AS n FROM logs GROUP BY 1, 2 ORDER BY 1, 2"
        )

    retention = {"domains": {"a.com": {"levels": {"debug": "120h"}}}, "batch_rows": 3, "interval": "1h"}
    found = d1(work, tmp_path, **cloudflare.options(), database_id=cloudflare.database(), retention=retention)
    assert read[1] <= 20 < read[0] // 3, f"the first sweep reads what is old, the next one knows it: {read}"
    assert [(row["domain"], row["level"], row["n"]) for row in found] == [
        ("a.com", "critical", 42), ("a.com", "debug", 21), ("b.com", "critical", 42), ("b.com", "debug", 42),
    ]  # fmt: skip


def test_rows_written_are_counted_as_billed(cloudflare, tmp_path):
    """What D1 says; the estimate of `logboom validate` brackets it."""
    batch = batch_of([Row(f"r{n}") for n in range(100)])

    async def work(exporter: D1Exporter) -> int:
        await deliver(exporter, batch)
        return exporter.counters()["rows_written"]

    options = {**cloudflare.options(), "database_id": cloudflare.database()}
    assert d1(work, tmp_path, **options) == 301
    assert "writes 3 to 5 billed rows a record" in next(FACTORY.config(**options).notes())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"api_token": "wrong"}, "403 Forbidden: Authentication error"),
        ({"account_id": "other"}, "403 Forbidden: Authentication error"),
        ({"database_id": "0" * 36}, "404 Not Found: The database"),
    ],
)
def test_wrong_settings_block_and_keep_the_data(cloudflare, tmp_path, change, said):
    """The start succeeds (the service goes on); records wait until somebody corrects it."""
    options = {**cloudflare.options(), "database_id": cloudflare.database(), **change}
    (verdict,) = d1(lambda exporter: deliver(exporter, batch_of([Row("r")])), tmp_path, **options)
    assert isinstance(verdict, Blocked)
    assert verdict.reason.startswith(said)
    assert "wrong" not in verdict.reason


def test_a_dropped_table_is_made_again(cloudflare, tmp_path):
    """Blocked once, then the probe migrates and delivers."""
    batch = batch_of([Row("r")])

    async def work(exporter: D1Exporter) -> list[Verdicts]:
        await select(exporter, "DROP TABLE logs")
        await select(exporter, "DROP TABLE logboom_migrations")
        return [await deliver(exporter, batch) for _ in range(2)]

    blocked, ok = d1(work, tmp_path, **cloudflare.options(), database_id=cloudflare.database())
    assert isinstance(blocked[0], Blocked)
    assert ok == [Ok()]
