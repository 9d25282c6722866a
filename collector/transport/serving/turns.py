"""Work on a few threads, in fair turns: peer after peer, each with the piece that it has waited for the longest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor


class Turns:
    """`places` pieces of work at once on `threads`; for one event loop. How much may wait is the caller's to bound."""

    def __init__(self, threads: Executor, places: int) -> None:
        self._threads = threads
        self._free = places
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # the peer whose turn is next stands in front

    async def run(self, peer: str, wanted: Callable[[], bool], work: Callable[[], None]) -> bool:
        """Do `work` when it is its turn; False without doing it when by then it is not `wanted` any more."""
        loop = asyncio.get_running_loop()
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.setdefault(peer, deque()).append(turn)
            await turn
        try:
            if not wanted():
                return False
            await loop.run_in_executor(self._threads, work)
            return True
        finally:
            self._next()

    def _next(self) -> None:
        while self._waiting:
            peer = next(iter(self._waiting))
            turns = self._waiting.pop(peer)
            turn = turns.popleft()
            if turns:
                self._waiting[peer] = turns  # behind the others
            if not turn.done():  # its task may have been cancelled
                turn.set_result(None)
                return
        self._free += 1
