"""Makes one exporter's progress durable, at most every 200 ms.

An entry is acknowledged when all its records have ended, in whatever order entries end. After a crash what was not
acknowledged is delivered again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from collector.delivery.loading import Run, Told
from collector.delivery.receipts import Receipts
from collector.delivery.request import Pending
from collector.errors import Lost
from collector.ledger.interface import Ack, Ledger

_AGAIN_SECS = 1.0


class Progress:
    """Collects acknowledgements. `failed` is told why the ledger did not take them; they are kept and tried again. `settled`
    is told which ones it took, by the number of the partition; `lost`, that another process has the partition."""

    def __init__(
        self,
        exporter: str,
        ledgers: Mapping[int, Ledger],
        run: Run,
        failed: Callable[[Exception], None],
        settled: Callable[[int, Sequence[Ack]], None],
        interval_secs: float = 0.2,
        receipts: Receipts | None = None,
        lost: Told = lambda _: None,
    ) -> None:
        self._exporter = exporter
        self._ledgers = ledgers
        self._run = run
        self._failed = failed
        self._settled = settled
        self._interval = interval_secs
        self._receipts = receipts
        self._waiting: dict[int, list[Ack]] = {source: [] for source in ledgers}
        self._changed = asyncio.Event()
        self._stopping = False
        self._lost = lost

    def include(self, source: int) -> None:
        """The partition is here from now on."""
        self._waiting[source] = []

    def leave(self, source: int) -> None:
        """The partition is gone: what was not persisted never happened."""
        self._waiting.pop(source, None)

    def add(self, pending: Pending) -> None:
        """An entry is done."""
        self._waiting[pending.source].append(pending.ack())
        self._changed.set()

    async def run(self) -> None:
        """Persist until `stop`."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._stopping:
                return
            await asyncio.sleep(self._interval)
            if not await self._persist():
                await asyncio.sleep(_AGAIN_SECS)
                self._changed.set()

    async def stop(self, running: asyncio.Task[None]) -> bool:
        """Let `run` come to its end and persist the rest; whether the ledgers took all of it."""
        self._stopping = True
        self._changed.set()
        await running
        return await self._persist()

    async def _persist(self) -> bool:
        """Tell the ledgers; whether they took all of it."""
        complete = True
        for source in list(self._waiting):
            complete &= await self.persist(source)
        return complete

    async def persist(self, source: int) -> bool:
        """Tell one ledger; whether it took all of it."""
        ledger, acks = self._ledgers.get(source), self._waiting.get(source)
        if ledger is None or not acks:
            return True
        self._waiting[source] = []
        try:
            await self._run(ledger.ack, self._exporter, self._receipts.newest(acks) if self._receipts else acks)
        except Lost:
            self._lost(source)
        except Exception as error:  # noqa: BLE001  progress is kept whatever the ledger raised
            if self._ledgers.get(source) is ledger:
                self._waiting[source] = acks + self._waiting[source]
            self._failed(error)
            return False
        else:
            if self._ledgers.get(source) is ledger:
                self._settled(source, acks)
                if self._receipts is not None:
                    self._receipts.settled(acks)
        return True
