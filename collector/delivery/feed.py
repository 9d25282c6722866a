"""Reads one exporter's entries from the outboxes of all partitions, in turn, within a budget of memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from collector.delivery.hand import Hand
from collector.delivery.request import Pending
from collector.ledger.interface import Ledger

Run = Callable[..., Awaitable[Any]]
"""`await run(function, *arguments)` calls it on the ledgers' thread."""

_CHUNK_BYTES = 4 << 20


class Feed:
    """`read` gives entries while there are some and there is room; `wait` sleeps until that may have changed.

    `drained`: no partition had any more at the last look, and nothing was notified since.
    """

    def __init__(self, exporter: str, ledgers: Sequence[Ledger], budget_bytes: int, run: Run, hand: Hand) -> None:
        self._exporter = exporter
        self._ledgers = ledgers
        self._budget = budget_bytes
        self._run = run
        self._hand = hand
        self._after = [-1] * len(ledgers)
        self._next = 0
        self._wake = asyncio.Event()
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
        """The next entries of one partition, oldest first; empty when no partition has any, or without room."""
        self._wake.clear()
        for _ in self._ledgers:
            if self.full:
                return []
            source, self._next = self._next, (self._next + 1) % len(self._ledgers)
            with await self._hand.reading():
                found: list[Pending] = await self._run(self._load, source, self._budget - self.held_bytes)
            if found:
                self._hand.loaded(source, found)
                self.drained = False
                self._after[source] = found[-1].entry.seq
                self.held_bytes += sum(pending.size_bytes for pending in found)
                self.held_records += sum(pending.entry.records for pending in found)
                return found
        self.drained = not self._wake.is_set()
        return []

    def release(self, pending: Pending) -> None:
        """All records of the entry have ended: its memory is free."""
        self.held_bytes -= pending.size_bytes
        self.held_records -= pending.entry.records
        self._wake.set()

    def _load(self, source: int, room: int) -> list[Pending]:
        ledger = self._ledgers[source]
        entries = ledger.deliverable(self._exporter, self._after[source], min(room, _CHUNK_BYTES))
        return [Pending(source, entry) for entry in entries]
