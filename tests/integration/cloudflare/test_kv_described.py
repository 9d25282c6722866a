"""What events describe in workerd's own KV: written, taken over by a new data directory, and read back whole."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import orjson

from collector.base32 import first_record_id
from collector.component import Context
from collector.outcomes import Ok
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of
from exporters.kv import FACTORY
from exporters.kv.exporter import KvExporter

NOW_MS = 1_500_000_000_000


def batch(*numbers: int) -> Any:
    made = [
        Row(
            first_record_id(NOW_MS)[:10] + f"{number:016d}",
            [("logboom.deployment.id", f"d{number}"), ("service.name", "shop")],
            fields={"domain": "a.com", "time_unix_nano": (1 << 60) + number},
        )
        for number in numbers
    ]
    return marked(batch_of(made), ["logboom.deployment"] * len(made))


async def rows(exporter: KvExporter) -> Any:
    asked = orjson.dumps({"keys": ["logboom/v1/deployments/a.com"]})
    answer = await exporter._client.call("POST", f"{exporter._path}/get", asked, max_answer_bytes=1 << 20)
    return json.loads(answer.result["values"]["logboom/v1/deployments/a.com"])["rows"]


def test_a_new_data_directory_goes_on_with_what_kv_has(cloudflare, tmp_path):
    async def run() -> None:
        options = {**cloudflare.options(), "namespace_id": cloudflare.namespace(), "min_write_interval": 0}
        for life, (numbers, known) in enumerate([((1, 2), "d2 d1"), ((5,), "d5 d2 d1")]):
            directory = tmp_path / str(life)
            directory.mkdir()
            exporter = FACTORY.create(FACTORY.config(**options), Context("kv", directory))
            await exporter.start()
            assert exporter.classify(await exporter.send(exporter.encode(batch(*numbers)))) == [Ok()]
            found = await rows(exporter)
            assert " ".join(row["deployment_id"] for row in found) == known
            assert {row["service"] for row in found} == {"shop"}
            await exporter.shutdown()

    asyncio.run(run())
