"""How many requests of one exporter may be in flight: fewer while the destination pushes back.

Additive increase, multiplicative decrease. A push-back (429, 503, a timeout) halves what was in flight, once for all
requests that were under way; a window of as many clean successes raises the limit by one, where the limit was used: a
destination that was sent less says nothing about more. What it was seen not to take is approached with care: each time
it says so again, the next try there waits for twice as many successes. So one push-back more is paid seldom, and room
that the destination gained is found after a while.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_MOST_PATIENCE = 64


class Concurrency:
    """A limit between 1 and `most`. Belongs to one event loop; those who wait enter in order."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = most
        self.running = 0
        self._turns: deque[asyncio.Future[None]] = deque()
        self._epoch = 0  # grows with each decrease: what began before it says nothing about the new limit
        self._clean = 0  # successes in this window
        self._peak = 0  # most in flight in this window
        self._refused = most + 1  # the lowest limit known to be too much
        self._patience = 1

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[int]:
        """Wait for a place, and keep it; gives the epoch that the answer is reported with."""
        await self._enter()
        try:
            yield self._epoch
        finally:
            self.running -= 1
            self._let_in()

    def pushed_back(self, epoch: int) -> None:
        """The destination asked for less; the caller still holds its place."""
        if epoch != self._epoch:
            return
        crowd = min(self.limit, self.running)
        again = crowd >= self._refused and crowd > 1
        self._patience = min(2 * self._patience, _MOST_PATIENCE) if again else 1
        self._refused = crowd
        self.limit = max(1, crowd // 2)
        self._epoch += 1
        self._clean, self._peak = 0, 0  # those under way leave; what enters from now on counts

    def succeeded(self, epoch: int) -> None:
        """The destination took what it was sent, as far as it ever will."""
        if epoch != self._epoch or self.limit >= self.most:
            return
        self._clean += 1
        careful = self.limit + 1 >= self._refused
        if self._clean < self.limit * (self._patience if careful else 1):
            return
        used = self._peak >= self.limit
        self._clean, self._peak = 0, self.running
        if not used:
            return
        if self.limit >= self._refused:  # a whole window there was clean: it is not too much any more
            self._refused, self._patience = self.limit + 1, 1
        self.limit += 1
        self._let_in()

    async def _enter(self) -> None:
        if self.running < self.limit and not self._turns:
            self._take()
            return
        turn = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # let in and cancelled at once: the place goes to the next
                self.running -= 1
                self._let_in()
            raise

    def _let_in(self) -> None:
        while self._turns and self.running < self.limit:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                self._take()

    def _take(self) -> None:
        self.running += 1
        self._peak = max(self._peak, self.running)
