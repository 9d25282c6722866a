"""Who follows the store, and how many may: so many at once, half of them within the same scope."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from collector.console.masking import Masks, mask
from collector.console.reads import noted
from collector.console.refusal import NotNow, Refused
from collector.console.tailing.tail import BEGINNING, Quiet, Tail, Told
from collector.console.tailing.watch import Watch
from collector.query.query import Query
from collector.scope import Scope
from collector.store.reading import Readable

if TYPE_CHECKING:
    from collector.console.stores import Source

T = TypeVar("T")
Prepare = Callable[[Readable], None]

HEARTBEAT_SECS = 10.0


class TooMany(Refused):
    """So many follow already."""

    def __init__(self, most: int) -> None:
        super().__init__(
            429, f"{most} follow at once at most, half of them the same domains: come again later", None, 10.0
        )


class Following:
    """One of them, until `close`.

    Args:
        prepare: is given each connection before it is asked.
    """

    def __init__(self, tails: Tails, tail: Tail, prepare: Prepare = lambda _: None) -> None:
        self._tails, self._tail, self._prepare = tails, tail, prepare
        self._file: object = None
        self._open = True

    async def told(self) -> AsyncIterator[Told]:
        """Its place first, then what comes, without end; a `Quiet` at least each ten seconds. While the store is for others it looks no more often
        than that.

        Raises:
            NoStore, sqlite3.Error, Refused: the store can't be read any more.
        """
        yield Quiet(self._tail.place)
        while True:
            news = self._tails.watch.news()
            try:
                while (told := await self._tails.run(self._step)) is not None:
                    yield told
            except NotNow:
                await asyncio.sleep(HEARTBEAT_SECS)
                yield Quiet(self._tail.place)
                continue
            try:
                async with asyncio.timeout(HEARTBEAT_SECS):
                    await news.wait()
            except TimeoutError:
                yield Quiet(self._tail.place)

    async def begin(self) -> None:
        """Raises as `told`."""
        await self._tails.run(self._begin)

    def close(self) -> None:
        """Its place is free. Safe twice."""
        if self._open:
            self._open = False
            self._tails.leave(self._tail.scope)

    def _begin(self) -> None:
        self._file, connection = self._tails.source.whole(self._tail.scope)
        self._prepare(connection)
        self._tail.begin(connection)

    def _step(self) -> Told | None:
        file, connection = self._tails.source.whole(self._tail.scope)
        if file != self._file:
            self._prepare(connection)
            self._tail.begin(connection)
            self._file = file
        mask(connection, self._tails.masks)
        try:
            return self._tail.step(connection)
        finally:
            mask(connection, None)


class Tails:
    """Of one store. One thread asks it for all of them, a small question at a time.

    Args:
        most: at once; None: as the source has it.
        masks: what is hidden in the records that are told; None: nothing.
    """

    def __init__(self, source: Source, most: int | None = None, masks: Masks | None = None) -> None:
        self.source = source
        self.masks = masks
        self._most = most or source.most_tails
        self._open: Counter[frozenset[str] | None] = Counter()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tail")
        self.watch = Watch(source.version, self.run, source.look_secs)

    async def open(
        self,
        query: Query,
        scope: Scope,
        after: str = "",
        *,
        events: bool = False,
        prepare: Prepare = lambda _: None,
    ) -> Following:
        """Raises `TooMany`, `NoStore`, sqlite3.Error, and what the source refuses."""
        if self._open.total() >= self._most or self._open[scope.domains] >= max(1, self._most // 2):
            raise TooMany(self._most)
        noted(scope)
        self._open[scope.domains] += 1
        self.watch.start()
        following = Following(self, Tail(query, scope, after, events=events), prepare)
        try:
            await following.begin()
        except BaseException:
            following.close()
            raise
        return following

    async def place(self, scope: Scope) -> str:
        """Where a tail of this scope would begin now. Raises `NoStore`, sqlite3.Error."""

        def ask() -> str:
            tail = Tail(Query(""), scope)
            tail.begin(self.source.whole(scope)[1])
            return tail.place or BEGINNING

        return await self.run(ask)

    def leave(self, scope: Scope) -> None:
        """One of these ended."""
        self._open[scope.domains] -= 1
        self._open += Counter()  # those of nothing go
        if not self._open:
            self.watch.stop()

    async def run(self, function: Callable[[], T]) -> T:
        """On the thread of tails."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def close(self) -> None:
        """Take no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
