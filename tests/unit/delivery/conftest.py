"""A delivery engine over ledgers in memory, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector.client_info import Wanted
from collector.component import Exporter
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Engine
from collector.delivery.events import ExporterEvent
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.virtual_time import InlineExecutor, run_virtual
from collector.timeline import Watching


@dataclass
class Rig:
    """Runs exporters over `ledgers` for some virtual time; `events` is what people were told; `partitions`: where deaths
    are remembered."""

    ledgers: list[MemoryLedger]
    events: list[ExporterEvent] = field(default_factory=list)
    partitions: list[Path] = field(default_factory=list)
    kept_apart: Mapping[str, Wanted] = field(default_factory=dict)
    operations: Mapping[str, Watching] = field(default_factory=dict)

    def run(
        self,
        exporters: Mapping[str, tuple[Exporter, DeliveryConfig]],
        seconds: float,
        during: Callable[[Engine], None] = lambda engine: None,
        deadline_secs: float = 5.0,
    ) -> float:
        """Deliver for `seconds`, then shut down; gives how long the shutdown took."""

        async def main() -> float:
            loop = asyncio.get_running_loop()
            engine = Engine(
                exporters,
                dict(enumerate(self.ledgers)),
                on_event=self.events.append,
                pool=lambda name, count: InlineExecutor(),
                rng=random.Random(7),
                partitions=dict(enumerate(self.partitions)),
                kept_apart=self.kept_apart,
                operations=self.operations,
            )
            await engine.start()
            await asyncio.sleep(seconds)
            during(engine)
            asked = loop.time()
            await engine.stop(deadline_secs)
            return loop.time() - asked

        return run_virtual(main())


@pytest.fixture
def rig() -> Callable[..., Rig]:
    return lambda *exporters, partitions=1: Rig([MemoryLedger(exporters) for _ in range(partitions)])
