"""Requests of one key, one after the other; those of other keys beside them (`Ordered`); and what the newest of a key is (`Supersedes`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from collector.outcomes import ReceiptKey


class Turns:
    """Belongs to one event loop. Who asks first is served first, for each key. `newest`: the highest version of each key that has a place."""

    def __init__(self) -> None:
        self._last: dict[ReceiptKey, asyncio.Event] = {}
        self.newest: dict[ReceiptKey, int] = {}

    def ask(self, keys: Sequence[ReceiptKey], versions: Mapping[ReceiptKey, int]) -> Turn:
        """A place behind all that asked before for one of these keys."""
        self.newest |= {key: max(version, self.newest.get(key, version)) for key, version in versions.items()}
        done = asyncio.Event()
        before = [self._last[key] for key in keys if key in self._last]
        self._last |= dict.fromkeys(keys, done)
        return Turn(self, keys, before, done)

    def _leave(self, keys: Sequence[ReceiptKey], done: asyncio.Event) -> None:
        done.set()
        for key in keys:
            if self._last.get(key) is done:
                del self._last[key]
                self.newest.pop(key, None)


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
    async def taken(self, gathering_secs: float = 0.0) -> AsyncIterator[None]:
        """Wait until it is one's turn, and at least so long; the next one's comes when the block ends, however it ends."""
        try:
            await asyncio.sleep(gathering_secs)
            for event in self._before:
                await event.wait()
            yield
        finally:
            self._turns._leave(self._keys, self._done)
