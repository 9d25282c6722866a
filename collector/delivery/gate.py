"""Closed while a destination refuses everything: nothing is sent but one probe at a time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from collector.delivery.backoff import Backoff
from collector.delivery.config import RetryConfig


class Gate:
    """`reason` is None while open. All requests of one exporter pass it before each attempt."""

    def __init__(self, config: RetryConfig, rng: random.Random) -> None:
        self._config = config
        self._rng = rng
        self._probing = asyncio.Lock()
        self._backoff = Backoff(config, rng)
        self._opened = asyncio.Event()
        self.reason: str | None = None

    def close(self, reason: str) -> bool:
        """The destination refused everything; whether that is news."""
        news = self.reason is None
        if news:
            self._backoff = Backoff(self._config, self._rng)
            self._opened.clear()
        self.reason = reason
        return news

    def open(self) -> bool:
        """The destination took something; whether that is news."""
        news = self.reason is not None
        self.reason = None
        self._opened.set()
        return news

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Enter at once while open; while closed wait for the turn and the back-off, and be the only one inside."""
        if self.reason is None:
            yield
            return
        async with self._probing:
            if self.reason is not None:
                await self._wait(self._backoff.next_secs())
                yield
                return
        yield

    async def _wait(self, secs: float) -> None:
        try:
            async with asyncio.timeout(secs):
                await self._opened.wait()
        except TimeoutError:
            pass
