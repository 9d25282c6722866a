"""Records of a person leave workerd's own D1 and KV, slice by slice, and nobody else's do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import polars as pl

from collector.component import Context, Erasure, Subject
from collector.outcomes import Ok
from collector.samples import batch_of
from exporters.d1 import FACTORY as D1
from exporters.kv import FACTORY as KV

SHE = "anna-77@example.test"
ALWAYS = (1 << 62) - 1
HERS = Erasure("e", "a.com", Subject(("user.email",), SHE), ALWAYS)
WHOLE = Erasure("e", "a.com", None, ALWAYS)


def run(exporter: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        await exporter.start()
        try:
            return await work(exporter)
        finally:
            await exporter.shutdown()

    return asyncio.run(main())


async def send(exporter: Any) -> None:
    for domain in ("a.com", "b.com"):
        samples = [
            {
                "body": f"mail to {SHE}" if n % 4 == 0 else f"row {n}",
                "attributes": {"user.email": SHE if n % 4 == 0 else f"u{n}"},
            }
            for n in range(40)
        ]
        batch = batch_of(samples, domain).with_attributes({"logboom.triage.level": pl.Series(["critical"] * 40)})
        assert exporter.classify(await exporter.send(exporter.encode(batch))) == [Ok()]


async def erase(exporter: Any, erasure: Erasure) -> int:
    erased, after = 0, ""
    while True:
        done = await exporter.erase(erasure, after)
        erased += done.records
        if done.after is None:
            return erased
        after = done.after


def test_d1(cloudflare: Any, tmp_path: Any) -> None:
    async def work(exporter: Any) -> None:
        await send(exporter)
        counts = Erasure("e", "a.com", HERS.subject, ALWAYS, counts_only=True)
        assert await erase(exporter, counts) == 10
        found = await exporter.find_subject(HERS, "")
        assert [record["domain"] for record in found.records] == ["a.com"] * 10
        assert await erase(exporter, HERS) == 10
        assert await erase(exporter, HERS) == 0
        database = await exporter._databases.prepared(exporter._places.of("a.com"))
        counted = "SELECT domain, count(*) AS n FROM logs WHERE attributes != '{}' GROUP BY domain ORDER BY domain"
        assert await database.select(counted) == [{"domain": "a.com", "n": 30}, {"domain": "b.com", "n": 40}]
        assert await erase(exporter, WHOLE) == 30
        assert await database.select(counted) == [{"domain": "b.com", "n": 40}]

    options = {**cloudflare.options(), "database_id": cloudflare.database()}
    run(D1.create(D1.config(**options), Context("d1", tmp_path)), work)


def test_kv(cloudflare: Any, tmp_path: Any) -> None:
    async def lines(exporter: Any, domain: str) -> list[dict[str, Any]]:
        keys = [f"logboom/v1/recent/{domain}/{slot}" for slot in range(3)]
        asked = orjson.dumps({"keys": keys})
        answer = await exporter._client.call("POST", f"{exporter._path}/get", asked, max_answer_bytes=1 << 20)
        chunks = [orjson.loads(value) for value in answer.result["values"].values() if value]
        return [line for chunk in chunks for line in chunk["records"]]

    async def work(exporter: Any) -> None:
        await send(exporter)
        assert await erase(exporter, HERS) == 10
        assert len(await lines(exporter, "a.com")) == 30
        assert not any(SHE in str(line) for line in await lines(exporter, "a.com"))
        assert sum(SHE in str(line) for line in await lines(exporter, "b.com")) == 10
        assert await erase(exporter, WHOLE) == 30
        assert await lines(exporter, "a.com") == []

    options = {**cloudflare.options(), "namespace_id": cloudflare.namespace(), "min_write_interval": 0}
    run(KV.create(KV.config(**options), Context("kv", tmp_path)), work)
