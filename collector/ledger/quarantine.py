"""Who works in this process at the same time: so that a death says who caused it.

A death with several at work is a suspicion against all of them and the fault of none. What is suspected is tried again
alone in the whole process, pipelines and exporters together; only a death then is held against it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_POLL_SECS = 0.005  # only while something is under suspicion


class Quarantine:
    """One for a process. Many may be inside together, or one alone; whoever wants to be alone is let in first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._occupied = False
        self._wanting = 0

    @contextmanager
    def entered(self, alone: bool = False) -> Iterator[None]:
        """For threads."""
        self._want(alone)
        try:
            while not self._enter(alone):
                time.sleep(_POLL_SECS)
        finally:
            self._want(alone, -1)
        try:
            yield
        finally:
            self.leave(alone)

    async def come_in(self, alone: bool = False) -> None:
        """For tasks of an event loop; `leave` ends it."""
        self._want(alone)
        try:
            while not self._enter(alone):  # noqa: ASYNC110  it is a thread that leaves
                await asyncio.sleep(_POLL_SECS)
        finally:
            self._want(alone, -1)

    def leave(self, alone: bool = False) -> None:
        """The end of `come_in`."""
        with self._lock:
            self._inside -= 1
            self._occupied = self._occupied and not alone

    def _want(self, alone: bool, change: int = 1) -> None:
        if alone:
            with self._lock:
                self._wanting += change

    def _enter(self, alone: bool) -> bool:
        with self._lock:
            if self._occupied or (self._inside if alone else self._wanting):
                return False
            self._inside += 1
            self._occupied = alone
            return True
