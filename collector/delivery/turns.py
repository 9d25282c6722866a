"""Requests of one key, one after the other; those of other keys beside them (`Ordered`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from collector.outcomes import ReceiptKey


class Turns:
    """Belongs to one event loop. Who asks first is served first, for each key."""

    def __init__(self) -> None:
        self._last: dict[ReceiptKey, asyncio.Event] = {}

    def ask(self, keys: Sequence[ReceiptKey]) -> Turn:
        """A place behind all that asked before for one of these keys."""
        done = asyncio.Event()
        before = [self._last[key] for key in keys if key in self._last]
        self._last |= dict.fromkeys(keys, done)
        return Turn(self, keys, before, done)

    def _leave(self, keys: Sequence[ReceiptKey], done: asyncio.Event) -> None:
        done.set()
        for key in keys:
            if self._last.get(key) is done:
                del self._last[key]


class Turn:
    """A place in the rows of some keys."""

    def __init__(
        self, turns: Turns, keys: Sequence[ReceiptKey], before: Sequence[asyncio.Event], done: asyncio.Event
    ) -> None:
        self._turns = turns
        self._keys = keys
        self._before = before
        self._done = done

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait until it is one's turn; the next one's comes when the block ends, however it ends."""
        try:
            for event in self._before:
                await event.wait()
            yield
        finally:
            self._turns._leave(self._keys, self._done)
