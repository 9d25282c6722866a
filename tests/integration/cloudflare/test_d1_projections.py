"""Tables that are made of events in workerd's own D1: the newest snapshot stands, and the database has a mark."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import polars as pl

from collector.base32 import first_record_id
from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Ok
from collector.scope import Scope
from collector.store.d1_reading import query
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of
from exporters.d1 import FACTORY
from exporters.d1.exporter import D1Exporter

NOW_MS = 1_800_000_000_000
BEYOND_DOUBLES = (1 << 62) + 1


def event(number: int, subject: str = "d1", domain: str = "a.com", **given: Any) -> Row:
    pairs = {
        "logboom.deployment.id": subject,
        "logboom.version": NOW_MS + number,
        "service.version": f"v{number}",
        **given,
    }
    record_id = first_record_id(NOW_MS)[:10] + f"{number:016d}"
    return Row(record_id, list(pairs.items()), fields={"domain": domain, "time_unix_nano": BEYOND_DOUBLES})


def events(made: Sequence[Row]) -> LogBatch:
    return marked(batch_of(list(made)), ["logboom.deployment"] * len(made))


async def deliver(exporter: D1Exporter, batch: LogBatch) -> None:
    assert exporter.classify(await exporter.send(exporter.encode(batch))) == [Ok()]


def exporter_of(cloudflare: Any, tmp_path: Any, **options: Any) -> D1Exporter:
    return FACTORY.create(FACTORY.config(**cloudflare.options(), **options), Context("d1", tmp_path))


def test_order_and_repetition_do_not_matter(cloudflare, tmp_path):
    """Thirty snapshots of three subjects, shuffled, in pieces, half of them twice; integers keep all digits."""
    rng = random.Random(3)
    made = [event(number, f"d{number % 3}") for number in range(30)]
    sent = [*made, *rng.sample(made, 15)]
    rng.shuffle(sent)

    async def run() -> None:
        exporter = exporter_of(cloudflare, tmp_path, database_id=cloudflare.database())
        await exporter.start()
        database = exporter._databases.all()[0]
        drawn = database.mark
        assert drawn.changes == 0
        for start in range(0, len(sent), 10):
            await deliver(exporter, events(sent[start : start + 10]))
        await deliver(exporter, batch_of([event(99)]))  # only sent: no event
        found = await query(
            database,
            "SELECT deployment_id, service_version, time_unix_nano FROM deployments ORDER BY 1",
            scope=Scope.everything(),
        )
        assert found.values == [
            ("d0", "v27", BEYOND_DOUBLES),
            ("d1", "v28", BEYOND_DOUBLES),
            ("d2", "v29", BEYOND_DOUBLES),
        ]
        assert database.mark == (drawn.name, 5)
        database.prepared = False
        await database.prepare()
        assert database.mark == (drawn.name, 5)
        await exporter.shutdown()

    asyncio.run(run())


def test_each_database_describes_its_own_domains_and_long_texts_fit(cloudflare, tmp_path):
    """Two databases of one request; events of more than a parameter takes; a reader of one domain sees its rows."""
    long = "u" * 60_000
    made = [event(number, f"d{number}", f"{number % 2}.com", **{"url.full": long}) for number in range(60)]

    async def run() -> None:
        places = {"0.com": cloudflare.database(), "1.com": cloudflare.database()}
        exporter = exporter_of(cloudflare, tmp_path, databases=places)
        await exporter.start()
        await deliver(exporter, events(made))
        for domain, place in places.items():
            database = await exporter._databases.prepared(place)
            asked = "SELECT domain, count(*), min(length(url)) FROM deployments GROUP BY 1"
            assert (await query(database, asked, scope=Scope.everything())).values == [(domain, 30, 60_000)]
            assert (await query(database, asked, scope=Scope.of("2.com"))).values == []
            assert (await query(database, asked, scope=Scope.of(domain))).values == [(domain, 30, 60_000)]
        await exporter.shutdown()

    asyncio.run(run())


def test_old_events_go_with_what_they_described(cloudflare, tmp_path):
    async def run() -> None:
        exporter = exporter_of(cloudflare, tmp_path, database_id=cloudflare.database(), retention={"events": "1h"})
        await exporter.start()
        await deliver(exporter, events([event(1)]).with_fields({"time_unix_nano": _at(NOW_MS)}))
        await deliver(exporter, batch_of([event(2)]).with_fields({"time_unix_nano": _at(NOW_MS)}))
        database = exporter._databases.all()[0]
        assert await exporter.sweep((NOW_MS + 7_200_000) * 10**6) == 1
        assert (
            await query(database, "SELECT count(*), max(generation) FROM logs", scope=Scope.everything())
        ).values == [(1, None)]
        assert (await query(database, "SELECT count(*) FROM deployments", scope=Scope.everything())).values == [(0,)]
        assert exporter.counters()["rows_deleted"] == 1
        await exporter.shutdown()

    asyncio.run(run())


def _at(unix_ms: int) -> Any:
    return pl.Series([unix_ms * 10**6], dtype=pl.UInt64)
