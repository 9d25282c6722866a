"""A strict HTTP Event Collector, and an exporter in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.delivery.reading import Reading, read
from counterparts.splunk import TOKEN, Splunk
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.exporter import SplunkHecExporter

FAST = {"interval": "5ms", "timeout": "20s"}
"""Of acknowledgement, in tests."""


class Bench:
    """`splunk` and an exporter; `deliver` sends once."""

    def __init__(self, splunk: Splunk, exporter: SplunkHecExporter) -> None:
        self.splunk = splunk
        self.exporter = exporter

    @staticmethod
    def records(*bodies: str | None, **resource: str) -> LogBatch:
        """Records with an id each, of one resource."""
        columns = {
            "time_unix_nano": [1_700_000_000_123_000_000 + n for n in range(len(bodies))],
            "body": bodies,
            "record_id": [f"{n:026d}" for n in range(len(bodies))],
        }
        return LogBatch.of(columns, resource={key.replace("__", "."): value for key, value in resource.items()})

    async def attempt(self, records: LogBatch) -> Reading:
        """One attempt, as delivery makes it."""
        try:
            answer: Any = await self.exporter.send(self.exporter.encode(records))
        except Exception as error:  # noqa: BLE001  as delivery does
            answer = error
        return read(self.exporter.classify(answer), len(records))

    def indexed(self) -> list[str]:
        """The events' texts."""
        return [event["event"] for event in self.splunk.indexed]


@asynccontextmanager
async def running(options: dict[str, Any], *, acknowledges: bool = False) -> AsyncIterator[Bench]:
    """A server, and an exporter with these options."""
    splunk = Splunk(acknowledges=acknowledges)
    await splunk.start()
    if acknowledges:
        options = {"acknowledgement": {"enabled": True, **FAST}, **options}
    config = SplunkHecConfig.model_validate({"endpoint": splunk.url, "token": TOKEN, **options})
    exporter = SplunkHecExporter(config, Context("splunk_hec", Path()))
    await exporter.start()
    try:
        yield Bench(splunk, exporter)
    finally:
        await exporter.shutdown()
        await splunk.stop()
        await asyncio.sleep(0.01)  # connections that a test aborted let go of their sockets in the loop's next rounds


@pytest.fixture
def with_splunk() -> Callable[..., Any]:
    """Runs `async test(bench)` with a server: `with_splunk(test, options, acknowledges=False)`."""

    def run(test: Callable[[Bench], Any], options: dict[str, Any] | None = None, *, acknowledges: bool = False) -> None:
        async def all_of_it() -> None:
            async with running(options or {}, acknowledges=acknowledges) as bench:
                await test(bench)

        asyncio.run(all_of_it())

    return run
