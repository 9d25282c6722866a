"""Who asks the store now and who waits for that, in order: so many at once, so many of the same domains."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from collector.console.refusal import Busy

Whose = frozenset[str] | None
"""The domains of a scope; None: all."""

_MOST_WAITING = 16
_LEAST_OF_ONE = 2
"""One slow search of somebody is to leave room for what else his page asks."""


class Places:
    """On one event loop.

    Args:
        count: at once; half of them (two at least) for the same domains.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._of_one = min(count, max(_LEAST_OF_ONE, count // 2))
        self._taken: Counter[Whose] = Counter()
        self._queue: deque[tuple[Whose, asyncio.Future[None]]] = deque()
        self._aside = 0

    @asynccontextmanager
    async def taken(self, whose: Whose) -> AsyncIterator[None]:
        """A place, when it is one's turn. Raises `Busy`: so many wait already."""
        if self._free(whose):
            self._taken[whose] += 1
        elif len(self._queue) - self._aside < _MOST_WAITING:
            await self._turn(whose)
        else:
            raise Busy
        try:
            yield
        finally:
            self._release(whose)

    @property
    def wanted(self) -> bool:
        """Whether somebody waits, and whoever asks may step aside for them. From any thread."""
        return bool(self._queue) and self._aside < self.count

    async def step_aside(self, whose: Whose, most_secs: float) -> None:
        """By who has a place: let those who wait ask, and go on when it is one's turn again, or after `most_secs`."""
        self._aside += 1
        self._release(whose)
        try:
            if self._free(whose):  # nobody could use it
                self._taken[whose] += 1
                return
            async with asyncio.timeout(most_secs):
                await self._turn(whose)
        except BaseException as end:
            self._taken[whose] += 1  # which ends soon, and gives it back
            if not isinstance(end, TimeoutError):
                raise
        finally:
            self._aside -= 1

    def _free(self, whose: Whose) -> bool:
        return self._taken.total() < self.count and self._taken[whose] < self._of_one

    async def _turn(self, whose: Whose) -> None:
        turn = asyncio.get_running_loop().create_future()
        entry = (whose, turn)
        self._queue.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if entry in self._queue:
                self._queue.remove(entry)
            else:  # it was given one at that very moment
                self._release(whose)
            raise

    def _release(self, whose: Whose) -> None:
        self._taken[whose] -= 1
        if not self._taken[whose]:
            del self._taken[whose]
        for entry in list(self._queue):
            if self._free(entry[0]) and not entry[1].done():
                self._queue.remove(entry)
                self._taken[entry[0]] += 1
                entry[1].set_result(None)
