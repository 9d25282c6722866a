"""One exporter's entries from the outboxes of all partitions, in turn, within a budget of memory."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection

from collector.delivery.hand import Hand
from collector.delivery.loading import Loader
from collector.delivery.request import Pending


class Feed:
    """`read` gives entries while there are some and there is room; `wait` sleeps until that may have changed.

    `drained`: no partition had any more at the last look, and nothing was notified since.
    """

    def __init__(self, loader: Loader, partitions: Collection[int], budget_bytes: int, hand: Hand) -> None:
        self._loader = loader
        self._budget = budget_bytes
        self._hand = hand
        self._after = dict.fromkeys(partitions, -1)
        self._turns = deque(partitions)
        self._wake = asyncio.Event()
        self.emptied = dict.fromkeys(partitions, 0.0)
        """Partition → when it was last found to have no more (seconds since 1970)."""
        self.held_bytes = 0
        self.held_records = 0
        self.drained = False

    @property
    def full(self) -> bool:
        """The budget is used."""
        return self.held_bytes >= self._budget

    def notify(self) -> None:
        """There may be new entries."""
        self.drained = False
        self._wake.set()

    async def wait(self, timeout_secs: float) -> None:
        """Until `notify`, `release` or the timeout; what came since the last `read` counts."""
        try:
            async with asyncio.timeout(timeout_secs):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def read(self) -> list[Pending]:
        """The next entries of one partition, oldest first; empty when no partition has any, or without room. One that is
        larger than entries should be comes when nothing else is held."""
        self._wake.clear()
        nothing_waits = True
        for _ in self._after:
            if self.full:
                return []
            source, looked = self._turns[0], time.time()
            self._turns.rotate(-1)
            waiting = await self._loader.waiting(source, self._after[source], self._budget - self.held_bytes)
            if not waiting:
                self.emptied[source] = looked
            nothing_waits &= not waiting
            if not waiting or (waiting[0].giant and self.held_bytes):
                continue
            self._hand.oldest(source, waiting[0].seq)
            found = await self._loader.load(source, self._after[source], waiting)
            if not found:  # it was set aside
                self._wake.set()
                continue
            self.drained = False
            self._after[source] = found[-1].entry.seq
            self.held_bytes += sum(pending.size_bytes for pending in found)
            self.held_records += sum(pending.entry.records for pending in found)
            return found
        self.drained = nothing_waits and not self._wake.is_set()
        return []

    def forget(self, pending: Pending) -> None:
        """What of the entry has not ended is kept elsewhere: its memory is free."""
        self.held_bytes -= pending.let_go()
        self._wake.set()

    def release(self, pending: Pending) -> None:
        """All records of the entry have ended: its memory is free."""
        self.held_bytes -= pending.size_bytes
        self.held_records -= pending.entry.records
        self._wake.set()
