"""A D1 database behind the console: each statement is a call of Cloudflare's API, and bills the rows that it reads.

thread of questions ──► D1 connection ──► event loop on a thread of its own ──► Cloudflare
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any, TypeVar

from collector.console.d1_looks import Looks
from collector.console.masking import Masks
from collector.console.refusal import NotNow, Refused
from collector.console.slow_questions import Laps
from collector.errors import LogboomError
from collector.scope import Scope
from collector.store.d1 import D1Database, find_database
from collector.store.d1_config import BY_NAME, D1StoreConfig
from collector.store.d1_reading import D1Connection, plan, query
from collector.store.following import NEWEST
from collector.store.reading import Answer, NoStore, QueryRefused, Readable, Rows
from collector.transport.call_budget import BudgetSpent
from collector.transport.cloudflare import CloudflareClient, CloudflareError
from collector.transport.http_client import describe

T = TypeVar("T")
_CLOSING_SECS = 2.0
_SHARE = 0.5
"""Of the token's calls: delivery comes first."""


class D1Source:
    """See `collector.console.stores.Source`.

    Args:
        config: of the exporter that writes it.
        most_rows: that a question reads, about: a search ends behind the slice with which it passed them. 0: no bound.
        domains: that are known, for where each has a database of its own.
    """

    kind = "d1"
    look_secs = 2.0
    most_tails = 8

    def __init__(self, config: D1StoreConfig, root: Path, most_rows: int = 0, domains: Sequence[str] = ()) -> None:
        self._config = config
        self._most_rows = most_rows
        self._domains = sorted({*config.databases, *domains})
        self._client = CloudflareClient(config, root, _SHARE)
        self.looks = Looks(self.look_secs)
        self._ids: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._started = self._send(self._client.start())
        self._thread = threading.Thread(target=self._run, name="d1", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def connected(self, scope: Scope, also: Sequence[str] = ()) -> Iterator[Readable]:
        """Raises `Refused`: the scope is in several databases; statements: D1 can't be asked."""
        yield _Connection(self, self._place(scope), scope, self._most_rows, also)

    def names(self, scope: Scope) -> Sequence[str] | None:
        """Where its domains are in several databases."""
        if len(self._config.places(None)) == 1:
            return None
        return scope.sorted() if not scope.is_everything else self._domains

    def interrupt(self, connection: Readable) -> None:
        """Its call is given up; what D1 does of it is billed all the same."""
        if isinstance(connection, _Connection):
            connection.cancel()

    def version(self) -> object:
        """Nobody can tell without asking."""
        return None

    def whole(self, scope: Scope) -> tuple[object, Readable]:
        """See `Source`."""
        place = self._place(scope)
        return place, _Followed(self, place, Scope.everything(), self._most_rows)

    def close(self) -> None:
        """Ends what runs."""
        with contextlib.suppress(Exception):
            self._send(self._client.close()).result(_CLOSING_SECS)
        with contextlib.suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSING_SECS)

    def database(self, place: str) -> D1Database:
        """Of a place: its id, or a name that leads to one. On a thread of questions."""
        if place not in self._ids:
            self._ids[place] = self._found(place.removeprefix(BY_NAME)) if place.startswith(BY_NAME) else place
        return D1Database(self._client, self._ids[place])

    def send(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """On the loop, once the client is there."""
        self._started.result()
        return self._send(coroutine)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _send(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _found(self, name: str) -> str:
        found = self.send(find_database(self._client, name)).result()
        if found is None:
            raise NoStore(f"there is no D1 database {name!r} yet")
        return found

    def _place(self, scope: Scope) -> str:
        places = self._config.places(None if scope.is_everything else scope.sorted())
        if len(places) != 1:
            raise Refused(400, "each domain has a database of its own: choose a domain", {"parameter": "domain"})
        return places[0]


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """What D1 and the way there raise, as whoever asks is told it."""
    try:
        yield
    except CloudflareError as error:
        if "no such table" in str(error):
            raise NoStore("the D1 database holds no store of logboom yet: the first records make it") from error
        raise Refused(503, f"D1 says: {error}", None, error.answer.after_secs or 5.0) from error
    except BudgetSpent as error:
        raise NotNow(f"D1 is not asked: {error}", error.after_secs) from error
    except CancelledError as error:
        raise QueryRefused("the question was given up") from error
    except LogboomError:
        raise
    except (OSError, TimeoutError) as error:  # aiohttp's connection errors are OSErrors
        raise Refused(503, f"D1 can't be reached: {describe(error)}", None, 5.0) from error


class _Connection:
    """`D1Connection` for one question: it counts the rows that it read, and may be told to end."""

    def __init__(self, source: D1Source, place: str, scope: Scope, most_rows: int, also: Sequence[str] = ()) -> None:
        self.rows_read = 0
        self._also = also
        self._source, self._place, self._scope, self._most_rows = source, place, scope, most_rows
        self._running: Future[Rows] | None = None
        self._ended = False
        self._laps = Laps()
        self.begin, self.longest = self._laps.begin, self._laps.longest
        self.give_way: Callable[[float], None] = lambda _: None
        self._asked = D1Connection(self._ask)
        self._masks: Masks | None = None

    @property
    def spent(self) -> bool:
        """See `collector.query.walking.Spends`."""
        return bool(self._most_rows) and self.rows_read >= self._most_rows

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Answer:
        """See `collector.store.reading.Readable`."""
        self._laps.lap(statement)
        answer = self._asked.execute(statement, parameters)
        return answer if self._masks is None else self._masks.answer(answer)

    def mask(self, masks: Masks | None) -> None:
        """See `collector.console.masking.Maskable`."""
        self._masks = masks

    def plan(self, statement: str) -> str:
        """Of a store like it that is empty."""
        try:
            return plan(statement, self._scope)
        except (sqlite3.Error, QueryRefused):
            return ""

    def cancel(self) -> None:
        """From any thread."""
        self._ended = True
        if (running := self._running) is not None:
            running.cancel()

    @_sentences()
    def _ask(self, statement: str) -> Rows:
        database = self._source.database(self._place)
        self._running = self._source.send(
            query(database, statement, scope=self._scope, read=self._read, also=self._also)
        )
        if self._ended:
            self._running.cancel()
        return self._running.result()

    def _read(self, rows: int) -> None:
        self.rows_read += rows


class _Followed(_Connection):
    """For tails: where the newest row is, is asked once for all of them."""

    def _ask(self, statement: str) -> Rows:
        if statement != NEWEST:
            return super()._ask(statement)
        return self._source.looks.found(self._place, lambda: super(_Followed, self)._ask(statement))
