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
        self._after: dict[int, int] = {}
        self._turns: deque[int] = deque()
        self._held: dict[int, set[Pending]] = {}
        self._wake = asyncio.Event()
        self.emptied: dict[int, float] = {}
        """Partition → when it was last found to have no more (seconds since 1970)."""
        for number in partitions:
            self.include(number)
        self.held_bytes = 0
        self.held_records = 0
        self.drained = False

    def include(self, source: int) -> None:
        """A partition is here from now on."""
        self._after[source], self._held[source], self.emptied[source] = -1, set(), 0.0
        self._turns.append(source)
        self.notify()

    def shut(self, source: int) -> None:
        """Nothing more is read of a partition; what is held of it goes on."""
        if source in self._after:
            del self._after[source]
            self._turns.remove(source)

    def holds(self, source: int) -> bool:
        """Whether something of a partition is loaded and has not ended."""
        return bool(self._held.get(source))

    def leave(self, source: int) -> None:
        """A partition is gone, and what is held of it is nobody's."""
        self.shut(source)
        self.emptied.pop(source, None)
        for pending in self._held.pop(source, ()):
            pending.lost = True
            self.held_bytes -= pending.size_bytes
            self.held_records -= pending.entry.records
        self._wake.set()

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
        for _ in range(len(self._after)):
            if self.full or not self._turns:
                return []
            source, looked = self._turns[0], time.time()
            held = self._held[source]
            self._turns.rotate(-1)
            waiting = await self._loader.waiting(source, self._after[source], self._budget - self.held_bytes)
            if self._left(source, held):
                continue
            if not waiting:
                self.emptied[source] = looked
            nothing_waits &= not waiting
            if not waiting or (waiting[0].giant and self.held_bytes):
                continue
            self._hand.oldest(source, waiting[0].seq)
            found = await self._loader.load(source, self._after[source], waiting)
            if self._left(source, held):
                continue
            if not found:  # it was set aside
                self._wake.set()
                continue
            self.drained = False
            self._after[source] = found[-1].entry.seq
            held.update(found)
            self.held_bytes += sum(pending.size_bytes for pending in found)
            self.held_records += sum(pending.entry.records for pending in found)
            return found
        self.drained = nothing_waits and not self._wake.is_set()
        return []

    def forget(self, pending: Pending) -> None:
        """What of the entry has not ended is kept elsewhere: its memory is free."""
        self.held_bytes -= pending.let_go()
        self._wake.set()

    def _left(self, source: int, held: set[Pending]) -> bool:
        """Whether the partition that was looked at has gone meanwhile, though it may be back."""
        return source not in self._after or self._held.get(source) is not held

    def release(self, pending: Pending) -> None:
        """All records of the entry have ended: its memory is free."""
        self._held[pending.source].discard(pending)
        self.held_bytes -= pending.size_bytes
        self.held_records -= pending.entry.records
        self._wake.set()
