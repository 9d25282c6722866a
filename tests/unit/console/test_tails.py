"""Who follows at once; one look at the store for all; the stream over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.console.file_source import FileSource
from collector.console.refusal import Refused
from collector.console.security import guard
from collector.console.tailing import EventStream, Following, Quiet, Records, Reset, Tails, tails
from collector.console.tailing import event_stream as streams
from collector.console.visitor import Role, Visitor
from collector.query.query import Query
from collector.scope import Scope
from collector.store.reading import NoStore
from counterparts.console import asked
from counterparts.store_writer import Writer

pytestmark = pytest.mark.anyio
A, B = "a.example", "b.example"
_SECS = 60.0


@pytest.fixture
def writer(tmp_path: Path) -> Any:
    made = Writer(tmp_path / "store.db")
    with contextlib.closing(made):
        yield made


@pytest.fixture
async def followed(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tails]:
    monkeypatch.setattr(FileSource, "look_secs", 0.01)
    made = Tails(FileSource(writer.path), most=4)
    with contextlib.closing(made):
        yield made


async def opened(made: Tails, *domains: str, after: str = "") -> Following:
    return await made.open(Query(""), Scope.of(*domains) if domains else Scope.everything(), after)


async def records(following: Following, count: int) -> list[str]:
    """The next ones."""
    found: list[str] = []
    async with asyncio.timeout(_SECS):
        async for told in following.told():
            found += [row["record_id"] for row in told.rows] if isinstance(told, Records) else []
            if len(found) >= count:
                break
    return found


async def test_all_who_follow_are_told_what_is_committed(writer: Writer, followed: Tails) -> None:
    both = [await opened(followed), await opened(followed, A)]
    told = [asyncio.create_task(records(each, count)) for each, count in zip(both, (3, 2), strict=True)]
    (theirs,) = writer.put("theirs", domain=B)
    new = writer.put("a", "b")
    assert await told[1] == new
    assert await told[0] == [theirs, *new]
    for each in both:
        each.close()


async def test_while_nothing_is_committed_nobody_is_asked_but_for_the_version(
    followed: Tails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "HEARTBEAT_SECS", 0.2)
    following = await opened(followed)
    steps = 0
    step = following._step

    def counted() -> Any:
        nonlocal steps
        steps += 1
        return step()

    monkeypatch.setattr(Following, "_step", lambda _: counted())
    quiet = 0
    async for told in following.told():
        assert isinstance(told, Quiet)
        quiet += 1
        if quiet == 4:
            break
    assert steps <= 6  # each 0.01 s would be 60
    following.close()


async def test_so_many_follow_at_once_and_half_of_them_the_same(followed: Tails) -> None:
    both = [await opened(followed, A), await opened(followed, A)]
    with pytest.raises(Refused) as refused:
        await opened(followed, A)
    assert (refused.value.status, refused.value.retry_after_secs) == (429, 10.0)
    others = [await opened(followed, B), await opened(followed, B)]
    with pytest.raises(Refused):
        await opened(followed)
    both[0].close()
    both[0].close()
    await opened(followed)
    for each in [*both, *others]:
        each.close()


async def test_without_a_store_there_is_no_place_taken(tmp_path: Path) -> None:
    made = Tails(FileSource(tmp_path / "none.db"), most=2)
    for _ in range(3):
        with pytest.raises(NoStore):
            await opened(made)
    made.close()


async def test_another_store_under_the_name_is_told(writer: Writer, followed: Tails, tmp_path: Path) -> None:
    writer.put("old")
    following = await opened(followed)
    found: list[Any] = []

    async def read() -> None:
        async for told in following.told():
            found.append(told)
            if isinstance(told, Records):
                return

    task = asyncio.create_task(read())
    while not found:
        await asyncio.sleep(0.01)
    other = Writer(tmp_path / "other.db")
    new = other.put("new")
    other.close()
    writer.close()
    for beside in ("-wal", "-shm"):
        (tmp_path / f"store.db{beside}").unlink(missing_ok=True)
    (tmp_path / "other.db").rename(writer.path)
    await asyncio.wait_for(task, _SECS)
    assert [type(one) for one in found] == [Quiet, Reset, Records]
    assert [row["record_id"] for row in found[-1].rows] == new
    following.close()


class Events:
    """What an answer sends, until it has enough."""

    def __init__(self, app: Any, path: str, query: str = "", headers: dict[str, str] | None = None) -> None:
        self._app, self.status, self.headers, self.text = app, 0, {}, ""
        given = {"host": "localhost:8080", **(headers or {})}
        self._scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET", "path": path,
            "raw_path": path.encode(), "root_path": "", "query_string": query.encode(), "scheme": "http", "server": ("localhost", 8080),
            "client": ("127.0.0.1", 50_000), "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }  # fmt: skip
        self._gone = asyncio.Event()

    async def until(self, *needles: str) -> list[tuple[str, str, Any]]:
        """(id, event, data) of all, once these are in the text; then the client goes away."""
        await asyncio.wait_for(self._app(self._scope, self._receive, self._sender(needles)), _SECS)
        return [self._event(one) for one in self.text.split("\n\n") if one.startswith("id:")]

    def _sender(self, needles: tuple[str, ...]) -> Any:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self.text += message.get("body", b"").decode()
            if all(needle in self.text for needle in needles):
                self._gone.set()

        return send

    async def _receive(self) -> Any:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    def _event(self, text: str) -> tuple[str, str, Any]:
        fields = dict(line.split(": ", 1) for line in text.split("\n"))
        return fields["id"], fields["event"], orjson.loads(fields["data"])


@pytest.fixture
async def app(writer: Writer, tmp_path: Path) -> AsyncIterator[Any]:
    writer.put("before", domain=A)
    async with asked(tmp_path) as client:
        yield client._transport.app  # type: ignore[attr-defined]


@pytest.mark.parametrize("header", [True, False])
async def test_a_stream_goes_on_behind_the_place_that_a_client_names(writer: Writer, app: Any, header: bool) -> None:
    one, *rest = writer.put("wanted 1", "wanted 2", "wanted 3")
    writer.put("other")
    place = {"headers": {"last-event-id": one}} if header else {"query": f"after={one}&q=wanted"}
    asked_ = Events(app, "/api/v1/logs/tail", **{"query": f"q=wanted&after={'0' * header}", **place})  # type: ignore[arg-type]
    found = await asked_.until(rest[-1], "event: record")
    assert asked_.headers["content-type"].startswith("text/event-stream")
    assert asked_.headers["cache-control"] == "no-store"
    assert asked_.text.startswith("retry: 1000\n\n")
    told = [row for _, name, data in found if name == "record" for row in data["records"]]
    assert [row["record_id"] for row in told] == rest
    assert told[0]["body"] == "wanted 2"
    assert "rowid" not in told[0]


async def test_the_page_is_told_rows(writer: Writer, app: Any) -> None:
    writer.put("<b>hostile\u202e</b>")
    asked_ = Events(app, "/logs/tail", "after=0&q=hostile")
    found = await asked_.until("event: record")
    (row,) = next(data["rows"] for _, name, data in found if name == "record")
    assert "&lt;b&gt;<mark>hostile</mark>" in row["html"]
    assert r'<span class="esc">\u202e</span>' in row["html"]
    assert row["id"] in row["html"]
    assert row["day"]


@pytest.mark.parametrize(("query", "status"), [("q=level:", 400), ("domain=b.example", 404), ("q=nofield:x", 400)])
async def test_what_can_t_be_followed_is_refused_before_it_begins(
    app: Any, monkeypatch: pytest.MonkeyPatch, query: str, status: int
) -> None:
    monkeypatch.setattr(guard, "LOCAL", Visitor("anna", Scope.of(A), Role.VIEWER))
    asked_ = Events(app, "/api/v1/logs/tail", query)
    await asked_.until("")
    assert asked_.status == status


async def test_records_of_others_are_not_told(writer: Writer, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LOCAL", Visitor("anna", Scope.of(A), Role.VIEWER))
    writer.put("secret", domain=B)
    (last,) = writer.put("mine")
    asked_ = Events(app, "/api/v1/logs/tail", "after=0")
    await asked_.until(last)
    assert "secret" not in asked_.text


async def test_a_stream_ends_by_itself_and_gives_its_place_back(
    app: Any, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is asked again who may look."""
    monkeypatch.setattr(streams, "LONGEST_SECS", 0.0)
    monkeypatch.setattr(tails, "HEARTBEAT_SECS", 0.01)
    for _ in range(FileSource.most_tails):
        asked_ = Events(app, "/api/v1/logs/tail")
        await asked_.until("never")
        assert asked_.status == 200


async def test_a_client_that_takes_nothing_is_left(followed: Tails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STALLED_SECS", 0.05)
    following = await opened(followed)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def receive() -> Any:
        await asyncio.Event().wait()

    scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
    await asyncio.wait_for(EventStream(following, lambda _: {})(scope, receive, send), _SECS)
    again = [await opened(followed), await opened(followed)]
    for each in again:
        each.close()
