"""Exporters of notices over a vendor's double, on the delivery engine, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from collector.component import Context, Factory
from collector.delivery.engine import Engine
from collector.delivery.events import ExporterEvent
from collector.notices import Notice
from collector.outcomes import Verdict
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.virtual_time import InlineExecutor, run_virtual
from counterparts.vendors.notices import made


class Telling:
    """One exporter, again and again. `vendor` takes the place of its HTTP client.

    Args:
        later: what else is put into the exporter's place (a mail server).
    """

    def __init__(self, factory: Factory[Any], options: dict[str, Any], vendor: Any, client: str = "_client") -> None:
        self.factory, self.vendor, self._client = factory, vendor, client
        self.config = factory.config.model_validate(options)
        self.ledger = MemoryLedger(["x"])
        self.events: list[ExporterEvent] = []
        self._receipts: dict[Any, bytes] = {}
        self._engine: Engine | None = None

    def exporter(self) -> Any:
        """A new one."""
        made_ = self.factory.create(self.config, Context("x", Path()))
        setattr(made_, self._client, self.vendor)
        return made_

    def say(self, *notices: Notice) -> list[Verdict]:
        """Without an engine: the verdict on each, receipts kept in between."""

        async def main() -> list[Verdict]:
            exporter, found = self.exporter(), []
            for notice in notices:
                try:
                    answer = await exporter.send(exporter.encode_with(made(notice), self._receipts))
                except Exception as error:  # noqa: BLE001  delivery does the same
                    answer = error
                (verdict,) = exporter.classify(answer)
                self._receipts |= getattr(verdict, "receipts", {})
                found.append(verdict)
            return found

        return run_virtual(main())

    def live(self, told: Sequence[tuple[float, Notice]], seconds: float, *kills: float | None) -> None:
        """Put notices at their times, deliver for so long after the last of `kills`, each of which comes so long after the one before. Killed:
        nothing that was not on disk is known any more, and nothing is said."""

        async def put() -> None:
            for at, notice in told:
                await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
                self.ledger.put(made(notice))
                if self._engine is not None:
                    self._engine.notify()

        async def main() -> None:
            putting = asyncio.create_task(put())
            for kill in kills:
                if kill is not None:
                    await self._life(kill, killed=True)
            await self._life(seconds)
            await putting

        run_virtual(main())

    async def _life(self, seconds: float, *, killed: bool = False) -> None:
        engine = Engine(
            {"x": (self.exporter(), self.config)}, {0: self.ledger}, on_event=self.events.append,
            pool=lambda name, count: InlineExecutor(), rng=random.Random(7),
        )  # fmt: skip
        await engine.start()
        self._engine = engine
        await asyncio.sleep(seconds)
        self._engine = None
        if not killed:
            await engine.stop(1.0)
            return
        ack, self.ledger.ack = self.ledger.ack, _nothing  # type: ignore[method-assign]
        with suppress(Exception):
            await engine.stop(0.0)
        self.ledger.ack = ack  # type: ignore[method-assign]

    @property
    def outcomes(self) -> dict[str, int]:
        """How the notices ended."""
        return dict(self.ledger.outcomes("x"))


def _nothing(exporter: str, acks: Any) -> None:
    raise OSError("killed")
