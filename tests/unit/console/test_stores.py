"""Questions to the store: places, time, interrupts; by scripted sources and a real file."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from collector.console import stores as asking
from collector.console.file_source import FileSource
from collector.console.opening import _store
from collector.console.places import Places
from collector.console.refusal import Busy, TooSlow
from collector.console.stores import Stores
from collector.extensions.console.config import ConsoleConfig
from collector.query.walking import walked
from collector.scope import Scope
from collector.service.plan import extension
from collector.settings import load
from collector.store.d1_config import D1StoreConfig
from collector.store.embedded import EmbeddedStore
from collector.store.reading import NoStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of

pytestmark = pytest.mark.anyio

FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


class Gated:
    """Answers when it is let."""

    kind = "gated"
    look_secs = 0.2
    most_tails = 2

    def __init__(self) -> None:
        self.gate = threading.Event()

    @contextmanager
    def connected(self, scope: Scope, also: Sequence[str] = ()) -> Iterator[Any]:
        yield scope

    def interrupt(self, _: Any) -> None:
        self.gate.set()

    def version(self) -> object:
        return None

    def close(self) -> None:
        self.gate.set()


def empty(path: Path) -> Path:
    """A store without records."""
    made = EmbeddedStore(path)
    made.select("SELECT 1")
    made.close()
    return path


def store(path: Path) -> FileSource:
    return FileSource(empty(path))


async def test_a_domain_has_half_of_the_places() -> None:
    """Others are answered while one domain has filled its own."""
    source = Gated()
    stores = Stores(source, 4)
    running = 0

    def wait(_: Any) -> None:
        nonlocal running
        running += 1
        source.gate.wait(30)

    asked = [asyncio.ensure_future(stores.ask(Scope.of("a.example"), wait, 30)) for _ in range(5)]
    assert await stores.ask(Scope.of("b.example"), lambda _: "b", 30) == "b"
    async with asyncio.timeout(30):
        while running < 2:
            await asyncio.sleep(0.001)
    assert await stores.ask(Scope.of("b.example"), lambda _: running, 30) == 2
    source.gate.set()
    await asyncio.gather(*asked)
    assert running == 5
    stores.close()


async def test_sixteen_wait_and_no_more() -> None:
    source = Gated()
    stores = Stores(source, 1)
    asked = [
        asyncio.ensure_future(stores.ask(Scope.everything(), lambda _: source.gate.wait(30), 30)) for _ in range(17)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await stores.ask(Scope.everything(), lambda _: None, 30)
    source.gate.set()
    assert len(await asyncio.gather(*asked)) == 17
    stores.close()


_SLICES_SPAN = (0, 8 * 10**9)


class Sliced(Gated):
    """Its connections may step aside."""

    @contextmanager
    def connected(self, scope: Scope, also: Sequence[str] = ()) -> Iterator[Any]:
        yield SimpleNamespace(give_way=None, begin=lambda: None, longest=lambda: (0.0, ""), plan=lambda _: "")


class Search:
    """A search whose first slice ends when it is let; what was done is in `did`."""

    def __init__(self, did: list[str], budget_secs: float) -> None:
        self.began, self.goes_on = threading.Event(), threading.Event()
        self._did, self._budget_secs = did, budget_secs

    def __call__(self, connection: Any) -> int:
        """Down to where it came."""
        return min(low for low, _ in walked(connection, _SLICES_SPAN, self._budget_secs, self._slice))

    def _slice(self, _low: int, _high: int) -> None:
        self._did.append("slice")
        self.began.set()
        self.goes_on.wait(30)


async def test_a_search_lets_those_who_wait_ask_between_its_slices() -> None:
    """All of them, in their order, and ends its own work then."""
    did: list[str] = []
    stores = Stores(Sliced(), 1)
    search = Search(did, 300.0)
    found = asyncio.ensure_future(stores.ask(Scope.everything(), search, 300))
    await asyncio.to_thread(search.began.wait, 30)
    others = [
        asyncio.ensure_future(stores.ask(Scope.of(name), lambda _, name=name: did.append(name), 300)) for name in "ab"
    ]
    await asyncio.sleep(0)
    search.goes_on.set()
    await asyncio.gather(*others)
    assert await found == 0
    assert did[:3] == ["slice", "a", "b"]
    assert len(did) > 4
    assert set(did[3:]) == {"slice"}
    stores.close()


async def test_two_long_ones_take_turns() -> None:
    did: list[str] = []
    stores = Stores(Sliced(), 1)
    first = Search(did, 300.0)
    first_found = asyncio.ensure_future(stores.ask(Scope.everything(), first, 300))
    await asyncio.to_thread(first.began.wait, 30)
    theirs: list[str] = []
    second = Search(theirs, 300.0)
    second_found = asyncio.ensure_future(stores.ask(Scope.of("b.example"), second, 300))
    await asyncio.sleep(0)
    first.goes_on.set()
    await asyncio.to_thread(second.began.wait, 30)
    assert did == ["slice"]
    second.goes_on.set()
    assert await asyncio.gather(first_found, second_found) == [0, 0]
    stores.close()


async def test_who_does_not_get_his_place_back_says_how_far_he_got() -> None:
    """Within his time, while the other still asks; and places are counted right behind that."""
    source = Sliced()
    stores = Stores(source, 1)
    search = Search([], 0.4)
    found = asyncio.ensure_future(stores.ask(Scope.everything(), search, 300))
    await asyncio.to_thread(search.began.wait, 30)
    other = asyncio.ensure_future(stores.ask(Scope.everything(), lambda _: source.gate.wait(60), 300))
    await asyncio.sleep(0)
    search.goes_on.set()
    assert await found > 0
    source.gate.set()
    assert await other
    assert await stores.ask(Scope.everything(), lambda _: 1, 30) == 1
    stores.close()


async def test_that_others_ask_meanwhile_does_not_make_a_question_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, took = [0.0], []

    async def others(*_: Any) -> None:
        clock[0] += 100.0

    monkeypatch.setattr(asking, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(Places, "wanted", True)
    monkeypatch.setattr(Places, "step_aside", others)
    slow: Any = SimpleNamespace(ended=lambda _, secs: took.append(secs))
    stores = Stores(Sliced(), 1, slow)
    search = Search([], 300.0)
    search.goes_on.set()
    assert await stores.ask(Scope.everything(), search, 300) == 0
    assert (clock[0] >= 100.0, took) == (True, [0.0])
    stores.close()


async def test_who_leaves_the_queue_takes_no_place_with_him() -> None:
    places = Places(1)
    async with places.taken(None):
        waiting = [asyncio.ensure_future(_asked(places)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    waiting[1].cancel()  # its place was given to it a moment ago
    assert (await asyncio.gather(*waiting, return_exceptions=True))[2] == 1
    async with asyncio.timeout(30), places.taken(None):
        assert not places.wanted


async def _asked(places: Places) -> int:
    async with places.taken(None):
        return 1


async def test_nobody_steps_aside_for_those_who_could_not_ask() -> None:
    """Domain `a` has its two places; whoever waits for one of them does not stop another domain."""
    places, a, b = Places(4), frozenset({"a"}), frozenset({"b"})
    async with places.taken(a), places.taken(a), places.taken(b):
        waits = asyncio.ensure_future(_taken(places, a))
        await asyncio.sleep(0)
        assert places.wanted
        async with asyncio.timeout(30):
            await places.step_aside(b, 300.0)
        assert not waits.done()
    await waits


async def _taken(places: Places, whose: frozenset[str]) -> None:
    async with places.taken(whose):
        pass


async def test_what_is_not_done_in_time_is_interrupted_and_its_thread_is_free(tmp_path: Path) -> None:
    """A statement without an end."""
    stores = Stores(store(tmp_path / "store.db"), 1)
    with pytest.raises(TooSlow):
        await stores.ask(Scope.everything(), lambda connection: connection.execute(FOREVER).fetchone(), 0.05)
    found = await stores.ask(
        Scope.everything(), lambda connection: connection.execute("SELECT count(*) FROM logs").fetchone(), 30
    )
    assert found == (0,)
    stores.close()


async def test_who_goes_away_ends_the_statement(tmp_path: Path) -> None:
    stores = Stores(store(tmp_path / "store.db"), 1)
    began = threading.Event()

    def ask(connection: Any) -> None:
        began.set()
        connection.execute(FOREVER).fetchone()

    asked = asyncio.ensure_future(stores.ask(Scope.everything(), ask, 300))
    await asyncio.to_thread(began.wait, 30)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await stores.ask(Scope.everything(), lambda _: 1, 30) == 1
    stores.close()


async def test_a_scope_sees_its_own_rows_whatever_is_asked(tmp_path: Path) -> None:
    """The connection is narrowed, not the statement."""
    stores = Stores(store(tmp_path / "store.db"), 2)
    made = EmbeddedStore(tmp_path / "store.db")
    named = ("a.example", "b.example")
    made.insert(rows(batch_of([Row(name, fields={"domain": name}) for name in named]), Limits()))
    made.close()
    asked = "SELECT group_concat(domain) FROM logs"
    assert await stores.ask(Scope.of("a.example"), lambda each: each.execute(asked).fetchone(), 30) == ("a.example",)
    assert await stores.ask(Scope.of(), lambda each: each.execute(asked).fetchone(), 30) == (None,)
    with pytest.raises(sqlite3.DatabaseError, match="prohibited"):
        await stores.ask(Scope.of("a.example"), lambda each: each.execute("SELECT * FROM main.logs").fetchone(), 30)
    stores.close()


async def test_another_file_at_the_path_is_read(tmp_path: Path) -> None:
    """And none is said so."""
    path = tmp_path / "store.db"
    stores = Stores(FileSource(path), 1)
    with pytest.raises(NoStore):
        await stores.ask(Scope.everything(), lambda _: 1, 30)
    empty(path)
    version = await stores.version()  # always on the same thread, whose connection's number it is
    assert version == await stores.version() is not None
    empty(tmp_path / "other.db")
    (tmp_path / "other.db").replace(path)
    assert await stores.ask(
        Scope.everything(), lambda each: each.execute("SELECT count(*) FROM logs").fetchone(), 30
    ) == (0,)
    assert version != await stores.version()
    stores.close()


def test_the_store_that_is_read_is_a_file_or_the_database_that_is_named(tmp_path: Path) -> None:
    """D1 bills what is read, so it has to be named; a domain's place is that of its exporter."""
    d1 = {"account_id": "a", "api_token": "t", "databases": {"a.example": "one"}, "database_name": "logs-{domain}"}
    config = {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": "localhost:0"}}}},
        "exporters": {"d1": d1, "sqlite": {}},
        "extensions": {"console": {}},
        "service": {"extensions": ["console"], "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["d1", "sqlite"]}}},
    }  # fmt: skip
    for named, kind in (("", "sqlite"), ("sqlite", "sqlite"), ("d1", "d1")):
        settings = load([f"yaml:{yaml.safe_dump(config)}"], [f"extensions.console.store={named}"] if named else [])
        options = extension(settings, ConsoleConfig)
        assert options is not None
        ident, source = _store(options, settings, tmp_path)
        assert source is not None
        assert (ident, source.kind) == (kind, kind)
        source.close()
    places = D1StoreConfig.model_validate(d1).places
    assert places(["a.example"]) == ["one"]
    assert places(["a.example", "b.example"]) == ["name:logs-b-example", "one"]
    assert places(None) == []
    assert D1StoreConfig.model_validate({**d1, "database_name": "", "database_id": "one"}).places(None) == ["one"]
