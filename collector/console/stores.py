"""Questions to the store: on a few threads, so many for a domain, each within its time; whoever asks for more is told to come again.

question ──► gate (places of a domain, then of all; 16 wait) ──► thread ──► connection of the scope ──► answer
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from collector.console.metering import meter
from collector.console.refusal import Busy, TooSlow
from collector.console.slow_questions import SlowQuestions, Timed
from collector.console.tailing import Tails
from collector.query.searching import domains_of
from collector.scope import Scope
from collector.store.reading import NoStore, Readable

T = TypeVar("T")
Question = Callable[[Readable], T]

_MOST_WAITING = 16
_GRACE_SECS = 0.5
"""What an interrupt may take to be noticed."""


class Source(Protocol):
    """A store that is asked on threads."""

    kind: str
    """`sqlite`, `d1`."""
    look_secs: float
    """How long who follows it waits between two looks."""
    most_tails: int
    """How many may follow it at once."""

    def connected(self, scope: Scope) -> contextlib.AbstractContextManager[Readable]:
        """For one question of who sees this scope, on the calling thread. Raises `NoStore`."""
        ...

    def names(self, scope: Scope) -> Sequence[str] | None:
        """Domains of the scope, where no single question can tell them, as far as the options name them; None: ask."""
        ...

    def interrupt(self, connection: Readable) -> None:
        """End what it does, from any thread."""
        ...

    def version(self) -> object:
        """Something that is equal as long as nothing changed, for who asks on the same thread; None: nobody can tell. Raises `NoStore`."""
        ...

    def whole(self, scope: Scope) -> tuple[object, Readable]:
        """All of the store that holds this scope, for statements of our own that narrow themselves, on the calling thread; and by what this file is told from
        another that has its name later. Raises `NoStore`."""
        ...

    def close(self) -> None: ...


class Stores:
    """Asks one source.

    Args:
        threads: questions at once; half of them (one at least) for the same domain.
        slow: is told how long each took; None: nobody is.
    """

    def __init__(self, source: Source, threads: int, slow: SlowQuestions | None = None) -> None:
        self.source = source
        self._slow = slow
        self.tails = Tails(source)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="question")
        self._watch = ThreadPoolExecutor(1, thread_name_prefix="version")
        self._places, self._most = threads, max(1, threads // 2)
        self._running: Counter[frozenset[str] | None] = Counter()
        self._waiting = 0
        self._turn = asyncio.Condition()

    async def ask(self, scope: Scope, question: Question[T], secs: float) -> T:
        """The answer of a function that is given a connection, of the scope and no more.

        Raises:
            Busy: too many wait.
            TooSlow: it was not done after `secs`.
            NoStore: there is none yet.
        """
        async with self._place(scope):
            return await self._answered(scope, question, secs)

    async def domains(self, scope: Scope, secs: float) -> Sequence[str]:
        """Those of the scope that have records. Raises as `ask`."""
        named = self.source.names(scope)
        return named if named is not None else await self.ask(scope, lambda each: domains_of(each, scope), secs)

    async def version(self) -> object:
        """Something that is equal as long as nothing changed in the store, for this process; None: nobody can tell."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._watch, self.source.version)
        except (NoStore, sqlite3.Error):
            return None

    async def _answered(self, scope: Scope, question: Question[T], secs: float) -> T:
        busy: list[Readable] = []
        read = meter()

        def on_thread() -> T:
            with self.source.connected(scope) as connection:
                busy.append(connection)
                try:
                    return self._timed(connection, question)
                finally:
                    read.add(connection)
                    busy.clear()

        answer = asyncio.get_running_loop().run_in_executor(self._threads, on_thread)
        try:
            return await asyncio.wait_for(asyncio.shield(answer), secs)
        except (TimeoutError, asyncio.CancelledError) as end:
            await self._ended(answer, busy)
            if isinstance(end, TimeoutError):
                raise TooSlow(secs) from None
            raise

    def _timed(self, connection: Readable, question: Question[T]) -> T:
        began = time.perf_counter()
        if isinstance(connection, Timed):
            connection.begin()
        try:
            return question(connection)
        finally:
            if self._slow is not None:
                self._slow.ended(connection, time.perf_counter() - began)

    async def _ended(self, answer: asyncio.Future[T], busy: list[Readable]) -> None:
        """Nobody waits for it any more: its thread is to be free, and its place is not before that."""
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        while not answer.done():
            for connection in list(busy):
                self.source.interrupt(connection)
            await asyncio.wait([answer], timeout=_GRACE_SECS)

    def close(self) -> None:
        """Take no more questions."""
        self.tails.close()
        for each in (self._threads, self._watch):
            each.shutdown(wait=False, cancel_futures=True)
        self.source.close()

    @contextlib.asynccontextmanager
    async def _place(self, scope: Scope) -> AsyncIterator[None]:
        whose = scope.domains

        def free() -> bool:
            return self._running.total() < self._places and self._running[whose] < self._most

        async with self._turn:
            if not free():
                if self._waiting >= _MOST_WAITING:
                    raise Busy
                self._waiting += 1
                try:
                    await self._turn.wait_for(free)
                finally:
                    self._waiting -= 1
            self._running[whose] += 1
        try:
            yield
        finally:
            self._running[whose] -= 1
            self._running += Counter()  # those of nothing go
            async with self._turn:
                self._turn.notify_all()
