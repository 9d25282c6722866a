"""Whether anything was committed: one look in so many seconds for all who follow, and none while nobody does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

Run = Callable[[Callable[[], object]], Awaitable[object]]

_UNKNOWN = object()


class Watch:
    """Of one store.

    Args:
        version: something that is equal as long as nothing changed; asked by `run`, on the thread of tails. An error is a version, too:
            who follows meets it.
        look_secs: between two looks.
    """

    def __init__(self, version: Callable[[], object], run: Run, look_secs: float) -> None:
        self._version, self._run, self._look_secs = version, run, look_secs
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def news(self) -> asyncio.Event:
        """Set when something is committed from now on."""
        return self._news

    def start(self) -> None:
        """Safe twice."""
        if self._task is None:
            self._task = asyncio.create_task(self._look())

    def stop(self) -> None:
        """Safe twice."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look(self) -> None:
        last: object = _UNKNOWN
        while True:
            now: object = None
            with contextlib.suppress(Exception):
                now = await self._run(self._version)
            if now != last or now is None:
                last, news, self._news = now, self._news, asyncio.Event()
                news.set()
            await asyncio.sleep(self._look_secs)
