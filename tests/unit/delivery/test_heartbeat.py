"""The heartbeat tells that everything is delivered that can be; without it the process is replaced."""

from __future__ import annotations

import asyncio
import random

import pytest

from collector.delivery.batcher import Batcher
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Engine
from collector.outcomes import Ok
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.virtual_time import InlineExecutor, run_virtual


def beats(seconds: float) -> int:
    """How often a delivery with one exporter beats within so many seconds of virtual time."""
    beaten: list[float] = []

    async def main() -> None:
        engine = Engine(
            {"only": (ScriptedExporter(lambda _: Ok()), DeliveryConfig())},
            {0: MemoryLedger(["only"])},
            beat=lambda: beaten.append(asyncio.get_running_loop().time()),
            pool=lambda name, count: InlineExecutor(),
            rng=random.Random(7),
        )
        await engine.start()
        await asyncio.sleep(seconds)
        await engine.stop(1.0)

    run_virtual(main())
    return len(beaten)


def test_it_beats_each_second() -> None:
    assert beats(9.5) == 10


def test_a_loop_that_ended_by_itself_is_not_kept_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of our own must end in a new process, not in an exporter that stands still for ever."""

    def fail(_: Batcher) -> bool:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Batcher, "waiting", property(fail))
    assert beats(9.5) == 1
