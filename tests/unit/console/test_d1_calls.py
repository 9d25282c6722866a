"""What following a D1 database takes of the calls that delivery needs, too: counted where they would leave this machine."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.console.d1_looks import Looks
from collector.console.d1_source import D1Source
from collector.console.refusal import NotNow, Refused
from collector.console.tailing import Following, Quiet, Records, Tails, tails
from collector.query.query import Query
from collector.scope import Scope
from collector.store.d1_config import D1StoreConfig
from collector.store.following import NEWEST
from collector.store.reading import Rows
from collector.transport.call_budget import BudgetSpent, CallBudget
from collector.transport.http_client import HttpAnswer, HttpClient
from counterparts.console import asked
from counterparts.store_writer import Writer

pytestmark = pytest.mark.anyio
_SECS = 60.0
_OPTIONS = {"account_id": "a", "api_token": "t", "database_id": "one"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with contextlib.closing(Writer(tmp_path / "store.db")) as made:
        made.put("before")
        yield made


@pytest.fixture
def calls(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are sent to Cloudflare, which the file answers."""
    sent: list[str] = []

    async def request(_: HttpClient, _method: str, _url: str, body: bytes, *_more: Any) -> HttpAnswer:
        ((statement,),) = [one["batch"] for one in [orjson.loads(body)]]
        sent.append(statement["sql"])
        with contextlib.closing(sqlite3.connect(writer.path)) as file:
            file.row_factory = sqlite3.Row
            results = [dict(row) for row in file.execute(statement["sql"], statement["params"])]
        answer = {"success": True, "errors": [], "result": [{"results": results, "meta": {"rows_read": len(results)}}]}
        return HttpAnswer(200, {}, orjson.dumps(answer))

    monkeypatch.setattr(HttpClient, "request", request)
    return sent


def source(root: Path, **options: Any) -> D1Source:
    return D1Source(D1StoreConfig.model_validate({**_OPTIONS, **options}), root)


def looks(calls: list[str]) -> int:
    return sum(NEWEST in each for each in calls)


@pytest.fixture
async def followed(calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tails]:
    """The looks are the test's: it counts what each takes."""
    monkeypatch.setattr(D1Source, "look_secs", 3600.0)
    read = source(tmp_path)
    made = Tails(read)
    yield made
    made.close()
    read.close()


async def opened(made: Tails, after: str = "") -> Following:
    return await made.open(Query(""), Scope.everything(), after)


def look(made: Tails) -> None:
    """As after the time of one."""
    assert isinstance(made.source, D1Source)
    made.source.looks = Looks(3600.0)


async def steps(made: Tails, following: Following) -> list[str]:
    """What it is told now."""
    found: list[str] = []
    while (told := await made.run(following._step)) is not None:
        found += [row["record_id"] for row in told.rows] if isinstance(told, Records) else []
    return found


async def test_quiet_ones_share_a_call_a_look(followed: Tails, calls: list[str]) -> None:
    """So 150 of the 1,200 of a window, however many follow."""
    following = [await opened(followed) for _ in range(4)]
    calls.clear()
    for _ in range(5):
        look(followed)
        for each in following:
            assert await steps(followed, each) == []
    assert (looks(calls), len(calls)) == (5, 5)
    for each in following:
        each.close()


async def test_what_is_new_is_told_to_all_behind_one_look(followed: Tails, calls: list[str], writer: Writer) -> None:
    following = [await opened(followed) for _ in range(4)]
    new = writer.put("a", "b")
    look(followed)
    calls.clear()
    for each in following:
        assert await steps(followed, each) == new
    assert looks(calls) == 1
    assert len(calls) == 1 + len(following)
    for each in following:
        each.close()


async def test_eight_follow_at_once_half_of_them_the_same(followed: Tails) -> None:
    following = [await opened(followed) for _ in range(4)]
    with pytest.raises(Refused, match="8 follow at once at most") as refused:
        await opened(followed)
    assert refused.value.status == 429
    others = [await followed.open(Query(""), Scope.of("a.example")) for _ in range(4)]
    with pytest.raises(Refused):
        await followed.open(Query(""), Scope.of("b.example"))
    for each in [*following, *others]:
        each.close()


def test_a_look_is_good_until_the_next_one_is_due_and_for_its_place() -> None:
    clock, made = [0.0], 0

    def ask() -> Rows:
        nonlocal made
        made += 1
        return Rows(["newest"], [(made,)], more=False)

    shared = Looks(2.0, lambda: clock[0])
    told = []
    for clock[0], place in ((0.0, "a"), (0.5, "b"), (1.0, "a"), (1.6, "a"), (1.9, "b")):
        told.append(shared.found(place, ask).values[0][0])
    assert told == [1, 2, 1, 3, 2]


def spent(root: Path, calls: int) -> CallBudget:
    """The budget of the token, of which exporters took most."""
    (path,) = root.glob("*.budget")
    budget = CallBudget(path, calls)
    with contextlib.suppress(BudgetSpent):
        while True:
            budget.take(0.0, 0.9)
    return budget


async def test_what_is_kept_for_delivery_is_not_asked_for(calls: list[str], tmp_path: Path) -> None:
    """A page and a program are told when to come again, and exporters call at once meanwhile."""
    slow = 160  # calls in five minutes, forty at once: one more each 2.5 s
    async with asked(tmp_path, {"query_timeout": "60s"}, source=source(tmp_path, max_calls_per_5m=slow)) as client:
        assert (await client.get("/api/v1/logs")).status_code == 200
        before = len(calls)
        budget = spent(tmp_path, slow)
        answer = await client.get("/api/v1/logs")
        assert (answer.status_code, len(calls)) == (503, before)
        assert "kept for delivery" in answer.json()["detail"]
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert budget.take(0.0) == 0.0


async def test_who_follows_looks_less_often_while_calls_are_kept_and_goes_on(
    followed: Tails, tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an end of the stream, and without a gap."""
    monkeypatch.setattr(tails, "HEARTBEAT_SECS", 0.01)
    following = await opened(followed)
    kept = True
    ask = D1Source.send

    def send(self: D1Source, coroutine: Any) -> Any:
        if kept:
            coroutine.close()
            raise NotNow("D1 is not asked: kept", 5.0)
        return ask(self, coroutine)

    monkeypatch.setattr(D1Source, "send", send)
    look(followed)
    new = writer.put("a")
    told = following.told()
    async with asyncio.timeout(_SECS):
        assert [type(await anext(told)) for _ in range(3)] == [Quiet, Quiet, Quiet]
        kept = False
        while not isinstance(found := await anext(told), Records):
            pass
    assert [row["record_id"] for row in found.rows] == new
    await told.aclose()
    following.close()
