"""One exporter's entries from the outboxes of all partitions, in turn, within a budget of memory.

A look at a partition is a hop to the ledgers' thread and back, which costs more than what is found there at low rates: so
only those are looked at of which somebody said that there may be something, and all of them now and then.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection, Sequence

from collector.delivery.hand import Hand
from collector.delivery.loading import Loader
from collector.delivery.request import Pending
from collector.ledger.interface import Waiting

LOOK_SECS = 10.0
"""Notifications tell where to look; a look everywhere now and then forgives one that was forgotten."""


class Feed:
    """`read` gives entries while there are some and there is room; `wait` sleeps until that may have changed.

    `drained`: no partition had any more at the last look, and nothing was notified since.

    Args:
        everywhere: whatever is notified, all partitions are looked at: for who asks when each was last `emptied`.
    """

    def __init__(
        self, loader: Loader, partitions: Collection[int], budget_bytes: int, hand: Hand, *, everywhere: bool = False
    ) -> None:
        self._loader = loader
        self._budget = budget_bytes
        self._hand = hand
        self._after: dict[int, int] = {}
        self._turns: deque[int] = deque()
        self._held: dict[int, set[Pending]] = {}
        self._promising: set[int] = set()
        self._everywhere = everywhere
        self._clock = asyncio.get_running_loop().time
        self._looked_at = self._clock()
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
            self._promising.discard(source)

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

    def notify(self, source: int | None = None) -> None:
        """There may be new entries: of that partition, or of any."""
        everywhere = source is None or self._everywhere
        self._promising.update(number for number in self._after if everywhere or number == source)
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
        self._look_everywhere_now_and_then()
        for _ in range(len(self._after)):
            if self.full or not self._turns:
                return []
            source = self._turns[0]
            self._turns.rotate(-1)
            if source in self._promising and (found := await self._read(source)):
                return found
        self.drained = not self._promising and not self._wake.is_set()
        return []

    def _look_everywhere_now_and_then(self) -> None:
        now = self._clock()
        if self._everywhere or now - self._looked_at >= LOOK_SECS:
            self._looked_at = now
            self._promising.update(self._after)

    async def _read(self, source: int) -> list[Pending]:
        """The next entries of that partition; it stays promising unless it has no more."""
        done, held = False, self._held[source]
        self._promising.discard(source)  # before the look: what is notified from here on counts
        try:
            waiting = await self._waiting(source)
            if done := not waiting:
                return []
            if self._left(source, held) or (waiting[0].giant and self.held_bytes):
                return []
            self._hand.oldest(source, waiting[0].seq)
            found = await self._loader.load(source, self._after[source], waiting)
            if self._left(source, held):
                return []
            if found:
                self._hold(source, found)
                done = waiting[-1].last and found[-1].entry.seq == waiting[-1].seq
            else:  # it was set aside
                self._wake.set()
            return found
        finally:
            if not done and source in self._after:
                self._promising.add(source)

    async def _waiting(self, source: int) -> Sequence[Waiting]:
        looked, held = time.time(), self._held[source]
        waiting = await self._loader.waiting(source, self._after[source], self._budget - self.held_bytes)
        if not waiting and not self._left(source, held):
            self.emptied[source] = looked
        return waiting

    def _hold(self, source: int, found: list[Pending]) -> None:
        self.drained = False
        self._after[source] = found[-1].entry.seq
        self._held[source].update(found)
        self.held_bytes += sum(pending.size_bytes for pending in found)
        self.held_records += sum(pending.entry.records for pending in found)

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
