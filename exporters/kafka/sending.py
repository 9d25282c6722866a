"""A request on its way: where it goes, and when all of its messages have ended."""

from __future__ import annotations

import asyncio
import threading
from typing import NamedTuple

from exporters.kafka.answers import Failure, Produced
from exporters.kafka.messages import Messages

Headers = list[tuple[str, str | bytes | None]]


class Place(NamedTuple):
    """Where messages go. `named`: the topic that came with the request; it comes before that of a message, and this before `topic`."""

    named: str | None
    topic: str
    key: bytes | None


class Sent:
    """A request under way: counts down to its answer."""

    def __init__(self, request: Messages, *, all_named: bool) -> None:
        self._request, self._all_named = request, all_named
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Produced] = self._loop.create_future()
        self._left = len(request.messages)
        self._failed: dict[int, Failure] = {}
        self._lock = threading.Lock()

    async def answer(self) -> Produced:
        """When all messages have ended."""
        return await self._future

    def ended(self, at: int, failure: Failure | None, refused: str) -> None:
        """One of them. From any thread."""
        with self._lock:
            if failure is not None:
                self._failed[at] = failure
            self._left -= 1
            if self._left:
                return
        produced = Produced(self._request, self._failed, refused if self._failed else "", self._all_named)
        self._loop.call_soon_threadsafe(self._tell, produced)

    def _tell(self, produced: Produced) -> None:
        if not self._future.done():
            self._future.set_result(produced)
