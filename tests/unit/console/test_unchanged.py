"""`ETag`, `If-None-Match` and what browsers may keep, over a store that changes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from collector.console.api.unchanged import MinuteRoute
from collector.console.security import guard
from collector.console.stores import Stores
from collector.console.times import iso
from collector.console.visitor import Role, Visitor
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio

NOW = time.time_ns()
A, B = "a.example", "b.example"
ENDED = {"from": iso(NOW - 7200 * 10**9), "to": iso(NOW - 3600 * 10**9)}
OPEN = {"from": iso(NOW - 3600 * 10**9), "to": iso(NOW + 3600 * 10**9)}
COUNTS = ("/logs/histogram", "/logs/facets", "/stats/overview", "/patterns", "/report", "/deployments")
RECORDS = ("/logs",)
TIMELESS = (f"/logs/{1:026}", f"/logs/{1:026}/context", "/domains", "/fields", "/issues")


def stored(path: Path, *numbers: int) -> None:
    """Records of two hours ago and of now."""
    store = EmbeddedStore(path / "store.db")
    made = [
        Row(f"{number:026}", fields={"domain": (A, B)[number % 2 == 0], "time_unix_nano": NOW - number * 10**9})
        for number in numbers
    ]
    store.insert(rows(batch_of(made), Limits()))
    store.close()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    stored(tmp_path, 1, 2, 5000)
    async with asked(tmp_path, {"query_timeout": "100s"}) as opened:
        yield opened


@pytest.mark.parametrize("path", [*COUNTS, *RECORDS, *TIMELESS])
async def test_nothing_is_told_twice_until_something_changes(
    client: httpx.AsyncClient, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the store is asked nothing for that."""
    monkeypatch.setattr(MinuteRoute, "clock_secs", 10**9)  # no minute ends meanwhile
    url, times = f"/api/v1{path}", {} if path in TIMELESS else OPEN
    first = await client.get(url, params=times)
    tag = {"if-none-match": f'"other", {first.headers["etag"]}'}
    with monkeypatch.context() as patched:
        patched.delattr(Stores, "ask")
        again = await client.get(url, params=times, headers=tag)
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    stored(tmp_path, 3)
    changed = await client.get(url, params=times, headers=tag)
    assert (changed.status_code, changed.headers["etag"] == first.headers["etag"]) == (200, False)


async def test_another_question_is_another_answer(client: httpx.AsyncClient) -> None:
    first = await client.get("/api/v1/logs", params=OPEN)
    for other in ({"limit": 1}, {"q": "x"}, {"domain": A}, {"to": ENDED["to"], "from": ENDED["from"]}):
        given = await client.get("/api/v1/logs", params=OPEN | other, headers={"if-none-match": first.headers["etag"]})
        assert given.status_code == 200, other


async def test_no_tag_tells_a_visitor_of_what_is_not_theirs(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of all, nor of one domain: who sees another scope has another tag, and what doesn't exist for them stays so."""
    paths = [*COUNTS, *RECORDS, *TIMELESS]
    seen = {path: (await client.get(f"/api/v1{path}", params=OPEN)).headers["etag"] for path in paths}
    for scope in (Scope.of(A), Scope.of(B)):
        monkeypatch.setattr(guard, "LOCAL", Visitor("anna", scope, Role.VIEWER))
        for path, tag in seen.items():
            given = await client.get(f"/api/v1{path}", params=OPEN, headers={"if-none-match": tag})
            assert given.status_code in (200, 404), path
            assert given.headers.get("etag") != tag
        hidden = await client.get(f"/api/v1/logs/{1:026}", headers={"if-none-match": seen[f"/logs/{1:026}"]})
        assert hidden.status_code == (200 if A in scope else 404)
        mine = await client.get("/api/v1/logs", params=OPEN)
        seen |= {"/logs": mine.headers["etag"]}


async def test_what_moves_has_no_tag(client: httpx.AsyncClient) -> None:
    """Times that are relative, what the service says, and changes."""
    for path in (*COUNTS, *RECORDS):
        for times in ({}, {"from": "now-2h", "to": OPEN["to"]}, {"from": OPEN["from"]}):
            answer = await client.get(f"/api/v1{path}", params=times)
            assert ("etag" in answer.headers, answer.headers["cache-control"]) == (False, "no-store"), path
    for path in ("/me", "/limits", "/keys", "/deadletters", "/alerts", "/silences"):
        answer = await client.get(f"/api/v1{path}")
        assert "etag" not in answer.headers


async def test_what_says_how_the_last_day_was_moves_with_the_minute(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its store may not have changed."""
    tag = (await client.get("/api/v1/issues")).headers["etag"]
    monkeypatch.setattr(MinuteRoute, "clock_secs", 61)
    assert (await client.get("/api/v1/issues", headers={"if-none-match": tag})).status_code == 200


async def test_pages_behind_a_cursor_have_one(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/logs", params={"limit": 1})).json()
    answer = await client.get("/api/v1/logs", params={"limit": 1, "cursor": first["next"]})
    assert answer.headers["etag"]


async def test_counts_of_what_ended_are_kept_a_minute_and_records_never(client: httpx.AsyncClient) -> None:
    for path in COUNTS:
        ended = await client.get(f"/api/v1{path}", params=ENDED)
        assert ended.headers["cache-control"] == "private, max-age=60"
        assert ended.headers["vary"] == "Cookie, Authorization"
        lasting = await client.get(f"/api/v1{path}", params=OPEN)
        assert lasting.headers["cache-control"] == "private, no-cache"
    for path in (*RECORDS, f"/logs/{1:026}"):
        answer = await client.get(f"/api/v1{path}", params=ENDED)
        assert (answer.headers["cache-control"], bool(answer.headers["etag"])) == ("no-store", True)


async def test_what_did_not_end_is_asked_for_again(tmp_path: Path) -> None:
    """It may get further."""
    stored(tmp_path, *range(1, 9))
    async with asked(tmp_path, {"query_timeout": "1us"}) as client:
        for path in ("/logs", "/logs/histogram", "/logs/facets"):
            answer = await client.get(f"/api/v1{path}", params={**OPEN, "q": "nowhere"})
            assert (answer.status_code, answer.headers.get("etag")) == (200, None)


async def test_an_error_has_no_tag(tmp_path: Path) -> None:
    async with asked(tmp_path) as client:
        answer = await client.get("/api/v1/logs", params=OPEN)
        assert (answer.status_code, answer.headers.get("etag")) == (503, None)
