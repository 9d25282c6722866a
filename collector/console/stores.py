"""Questions to the store: on a few threads, so many for a domain, each within its time; whoever asks for more is told to come again.

question ──► place (of a domain, then of all; 16 wait) ──► thread ──► connection of the scope ──► answer

A search that takes long steps aside between two of its slices while others wait, and goes on when it is its turn again.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Protocol, TypeVar

from collector.console.masking import Masks, mask
from collector.console.metering import meter
from collector.console.places import Places
from collector.console.reads import noted
from collector.console.refusal import TooSlow
from collector.console.slow_questions import SlowQuestions, Timed
from collector.console.tailing import Tails
from collector.query.searching import domains_of
from collector.query.walking import GivesWay
from collector.scope import Scope
from collector.store.reading import NoStore, Readable

T = TypeVar("T")
Question = Callable[[Readable], T]

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

    def connected(self, scope: Scope, also: Sequence[str] = ()) -> contextlib.AbstractContextManager[Readable]:
        """For one question of who sees this scope, and these confidential tables within it, on the calling thread. Raises `NoStore`."""
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
        threads: questions at once; half of them (two at least) for the same domain. Searches that stepped aside keep a thread, too.
        slow: is told how long each took; None: nobody is.
        begin: what each thread of questions does first.
        masks: what is hidden in the rows of every answer; None: nothing.
    """

    def __init__(
        self,
        source: Source,
        threads: int,
        slow: SlowQuestions | None = None,
        begin: Callable[[], None] | None = None,
        masks: Masks | None = None,
    ) -> None:
        self.source = source
        self.masks = masks
        self._slow = slow
        self.tails = Tails(source, masks=masks)
        self._places = Places(threads)
        self._threads = ThreadPoolExecutor(2 * threads, thread_name_prefix="question", initializer=begin)
        self._watch = ThreadPoolExecutor(1, thread_name_prefix="version")

    async def ask(
        self,
        scope: Scope,
        question: Question[T],
        secs: float,
        *,
        shows: bool = True,
        plain: bool = False,
        also: Sequence[str] = (),
    ) -> T:
        """The answer of a function that is given a connection, of the scope and no more.

        Args:
            shows: it shows records, or what was made of them, so that who asks is noted as a reader.
            also: confidential tables that who asks may see.
            plain: its rows are not masked; whoever asks so masks what it makes of them, or may see them.

        Raises:
            Busy: too many wait.
            TooSlow: it was not done after `secs`.
            NoStore: there is none yet.
        """
        if shows:
            noted(scope)
        async with self._places.taken(scope.domains):
            return await self._answered(scope, question, secs, None if plain else self.masks, also)

    async def domains(self, scope: Scope, secs: float) -> Sequence[str]:
        """Those of the scope that have records. Raises as `ask`."""
        named = self.source.names(scope)
        return (
            named
            if named is not None
            else await self.ask(scope, lambda each: domains_of(each, scope), secs, shows=False)
        )

    async def version(self) -> object:
        """Something that is equal as long as nothing changed in the store, for this process; None: nobody can tell."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._watch, self.source.version)
        except (NoStore, sqlite3.Error):
            return None

    async def _answered(
        self, scope: Scope, question: Question[T], secs: float, masks: Masks | None, also: Sequence[str]
    ) -> T:
        busy: list[Readable] = []
        read, give_way = meter(), self._giving_way(scope)

        def on_thread() -> T:
            with self.source.connected(scope, also) as connection:
                busy.append(connection)
                try:
                    mask(connection, masks)
                    return self._timed(connection, question, give_way)
                finally:
                    mask(connection, None)
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

    def _giving_way(self, scope: Scope) -> Callable[[float], None]:
        """For the thread of a question. It never waits much longer than it offered to: where the console ends, nobody wakes it."""
        loop = asyncio.get_running_loop()

        def give_way(most_secs: float) -> None:
            if most_secs <= 0 or not self._places.wanted or loop.is_closed():
                return
            aside = asyncio.run_coroutine_threadsafe(self._places.step_aside(scope.domains, most_secs), loop)
            with contextlib.suppress(TimeoutError, CancelledError):
                aside.result(most_secs + _GRACE_SECS)

        return give_way

    def _timed(self, connection: Readable, question: Question[T], give_way: Callable[[float], None]) -> T:
        began, aside_secs = time.perf_counter(), 0.0

        def give_way_untimed(most_secs: float) -> None:
            nonlocal aside_secs
            left = time.perf_counter()
            if isinstance(connection, Timed):
                connection.longest()  # its last statement has ended
            give_way(most_secs)
            aside_secs += time.perf_counter() - left

        if isinstance(connection, Timed):
            connection.begin()
        if isinstance(connection, GivesWay):
            connection.give_way = give_way_untimed
        try:
            return question(connection)
        finally:
            if self._slow is not None:
                self._slow.ended(connection, time.perf_counter() - began - aside_secs)

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
