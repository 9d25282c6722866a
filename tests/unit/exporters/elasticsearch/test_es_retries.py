"""How often a cluster that fails is asked, by the OpenTelemetry Collector's options, through delivery."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from collector.component import Context
from collector.delivery.engine import Engine
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.text_batch import text_batch
from collector.testing.virtual_time import InlineExecutor, run_virtual
from collector.transport.http_client import HttpAnswer
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.exporter import BulkAnswer, BulkRequest, ElasticsearchExporter


class Cluster(ElasticsearchExporter):
    """An exporter whose cluster answers from a script: a status for all, or one a document; the last one for ever."""

    def __init__(self, config: ElasticsearchConfig, script: Sequence[int | list[int]]) -> None:
        super().__init__(config, Context("elasticsearch", Path()))
        self.script = list(script)
        self.asked: list[int] = []

    async def send(self, request: BulkRequest) -> BulkAnswer:
        self.asked.append(len(request.items))
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, int):
            return BulkAnswer(request, HttpAnswer(said, {}, b""))
        items = [{"create": {"status": status}} for status in said[: len(request.items)]]
        body = json.dumps({"errors": True, "items": items}).encode()
        return BulkAnswer(request, HttpAnswer(200, {}, body))


def deliver(
    script: Sequence[int | list[int]], retry: dict[str, Any], hours: float = 1
) -> tuple[list[int], dict[str, int]]:
    """Two documents for some virtual time: how many were in each request, and how they ended."""
    config = ElasticsearchConfig.model_validate({"endpoint": "http://127.0.0.1:9200", "retry": retry})
    cluster, ledger = Cluster(config, script), MemoryLedger(["x"])
    ledger.put(text_batch(["a", "b"]))

    async def main() -> None:
        pool = lambda name, count: InlineExecutor()  # noqa: E731
        engine = Engine(
            {"x": (cluster, config)}, {0: ledger}, on_event=lambda event: None, pool=pool, rng=random.Random(7)
        )
        await engine.start()
        await asyncio.sleep(hours * 3600)
        await engine.stop(5.0)

    run_virtual(main())
    assert ledger.adds_up("x")
    outcomes = ledger.outcomes("x")
    return cluster.asked, {name: count for name, count in outcomes.items() if name != "enqueued"}


DEAD = {"dead_lettered": 2}
BEHAVIOURS: dict[str, tuple[list[int | list[int]], dict[str, Any], list[int], dict[str, int]]] = {
    "N retries are N + 1 attempts": ([503], {"retry_on_status": [503], "max_retries": 5}, [2] * 6, DEAD),
    "no retries means the default of two": ([503], {"retry_on_status": [503], "max_retries": 0}, [2] * 3, DEAD),
    "disabled: one attempt on 429 for the request": ([429], {"enabled": False}, [2], DEAD),
    "disabled: one attempt on 429 for a document": ([[201, 429]], {"enabled": False}, [2], {"exported": 1, "dead_lettered": 1}),
    "only the listed status": ([503], {"retry_on_status": [429]}, [2], DEAD),
    "only the document that failed": ([[201, 429], [201]], {"max_retries": 1}, [2, 1], {"exported": 2}),
    "its attempts go on counting": ([429, [201, 429], [429]], {"max_retries": 2}, [2, 2, 1], {"exported": 1, "dead_lettered": 1}),
    "a document refused for good": ([[201, 400]], {"max_retries": 5}, [2], {"exported": 1, "dead_lettered": 1}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", BEHAVIOURS)
def test_limits(name):
    """Requests and ends are these."""
    script, retry, asked, outcomes = BEHAVIOURS[name]
    assert deliver(script, retry) == (asked, outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 503])
def test_nothing_is_given_up_by_default(status):
    """Without a limit the documents wait for as long as the cluster needs, and then are delivered."""
    asked, outcomes = deliver([status] * 40 + [[201, 201]], {}, hours=5)
    assert (len(asked), outcomes) == (41, {"exported": 2})
