"""Hand what was asked for over to its owners, what follows from it, too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from collector.control.asking import NotRunning, NotTaken, Told, ask
from collector.control.record import ControlRecord
from collector.errors import Unavailable
from collector.receivers.hooks.hook import HookOrder

_MOST_AT_ONCE = 8


class CarryingOut:
    """Of one listener; belongs to its loop.

    Args:
        root: the data directory, where the control socket is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._replies: set[asyncio.Task[None]] = set()

    async def hand_over(self, record: ControlRecord, wait_secs: float = 0.0) -> Told:
        """One command. Raises `Unavailable`, and `NotTaken`: it never will be."""
        try:
            return await asyncio.to_thread(ask, self._root, record, wait_secs)
        except NotRunning:
            raise Unavailable("it can't be written down now") from None

    async def carry_out(self, asked: HookOrder) -> Told:
        """All of it. What its owner refused is told, and what else follows is done all the same.

        Raises:
            Unavailable: it is to be asked for again; what was done already is known then.
            NotTaken: it never will be taken.
        """
        async with self._places:
            told = await self.hand_over(asked.record, asked.patience_secs)
            if asked.needs_answer and not told.settled:
                raise Unavailable("its owner has not answered yet", 5.0)
            snapshot = next((each.snapshot for each in told.settled if each.applied), {})
            for record in asked.then(snapshot):
                await self.hand_over(record)
        if asked.reply is not None:  # who sent it does not wait for that
            task = asyncio.get_running_loop().create_task(_replied(asked.reply, told))
            self._replies.add(task)
            task.add_done_callback(self._replies.discard)
        return told


async def _replied(reply: Callable[[Told], Awaitable[None]], told: Told) -> None:
    await reply(told)


__all__ = ["CarryingOut", "NotTaken"]
