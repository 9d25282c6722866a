"""One place, told on a thread: the library waits for answers, and a thread can't be stopped. So there is one call at a time; while one is under way that
took too long, nothing is said there, and what comes of it counts for its message.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future
from typing import Any


class Place:
    """A place of the library's.

    Args:
        library: what Apprise made of a URL.
        threads: with one for each place.
        timeout: seconds that are waited for an answer; None: as long as it takes.
    """

    def __init__(self, library: Any, threads: Executor, timeout: float | None) -> None:
        self._library, self._threads, self._timeout = library, threads, timeout
        self._turn = asyncio.Lock()
        self._call: Future[bool] | None = None

    async def tell(self, said: dict[str, str], name: str, done: set[str]) -> None:
        """Say it, unless `name` is in `done`, where it stands when it was taken: now, or when the answer comes later. Raises what the library raises."""
        async with self._turn:
            if self._call is not None and not await self._over(self._call):
                return
            if name in done:
                return
            call = self._call = self._threads.submit(self._library.notify, **said)
            call.add_done_callback(lambda _: done.add(name) if _taken(call) else None)
            if await self._over(call):
                call.result()

    async def _over(self, call: Future[bool]) -> bool:
        """Whether it is in time."""
        waited = asyncio.wrap_future(call)
        waited.add_done_callback(lambda one: one.cancelled() or one.exception())  # who asked hears of it by `call`
        over, _ = await asyncio.wait([waited], timeout=self._timeout)
        return bool(over)


def _taken(call: Future[bool]) -> bool:
    return not call.cancelled() and call.exception() is None and bool(call.result())
