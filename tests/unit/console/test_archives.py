"""What the store holds no more is found in the archive, by the API and the page of logs: each record once, of the visitor's domains alone."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from collector.archive.columns import table_of
from collector.archive.names import Cut, ObjectName
from collector.archive.reading import open_archive
from collector.archive.staging import Staging
from collector.base32 import first_record_id
from collector.console import archives as asking
from collector.console.archive_child import Order, answer
from collector.settings import load
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked, guarded

pytestmark = pytest.mark.anyio
HOUR_NS = 3_600_000_000_000
FIRST = int(time.time()) // 3600 * HOUR_NS - 30 * HOUR_NS
SPAN = {"from": str(FIRST), "to": str(FIRST + 10 * HOUR_NS)}
PATIENT = {"archive_timeout": "40s", "query_timeout": "40s"}
CARD = "4111 1111 1111 1111"


def records() -> list[Row]:
    """Ten hours of two domains, the numbers of all in their bodies."""
    return [
        Row(f"01HF7YAT00P266K2R692K{n:05}", (("status", 200 + n % 3),), (("service.name", "shop"),),
            fields={"time_unix_nano": FIRST + n // 4 * HOUR_NS + n % 4 + 1, "domain": ("a.example", "b.example")[n % 2],
                    "severity_number": 17, "body": f"payment {n} with {CARD}"})
        for n in range(40)
    ]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store of the last four hours, and an archive of all ten."""
    (tmp_path / "archive").mkdir()
    target = open_archive(str(tmp_path / "archive")).catalog.target
    staging = Staging(tmp_path / "staging", 1 << 20)
    staging.add(table_of(batch_of(records())))
    for staged in staging.finish():
        target.put(str(ObjectName(staged.place, "ours", Cut(0, 1, 1), staged.footer.digest)), staged.path.read_bytes())
    store = EmbeddedStore(tmp_path / "store.db")
    store.insert(rows(batch_of(records()[24:]), Limits()))
    store.close()
    return tmp_path


@pytest.fixture(autouse=True)
def without_a_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's function in this process; one test starts it."""
    if "process" not in request.node.name:

        def answered(_module: str, order: Order, _failed: str) -> Any:
            return orjson.loads(answer(order))

        monkeypatch.setattr(asking, "answered", answered)


def config(root: Path, **login: Any) -> dict[str, Any]:
    made = dict(guarded(**login))
    made["exporters"] = {"sqlite": {}, "archive": {"to": str(root / "archive")}}
    pipelines = {"logs": {"receivers": ["otlp"], "exporters": ["sqlite", "archive"]}}
    return {**made, "service": {**made["service"], "pipelines": pipelines}}


async def walked(client: httpx.AsyncClient, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All pages."""
    pages, cursor = [], ""
    while True:
        answer = await client.get(path, params={**SPAN, **parameters, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        cursor = pages[-1]["next"]
        if not cursor:
            return pages
        assert len(pages) < 60


def bodies(pages: list[dict[str, Any]]) -> list[str]:
    return [row["body"] for page in pages for row in page["records"]]


@pytest.mark.parametrize("limit", [3, 1000])
async def test_store_and_archive_together_have_each_record_once(root: Path, limit: int) -> None:
    async with asked(root, PATIENT, config=config(root)) as client:
        stored = bodies(await walked(client, "/api/v1/logs", limit=limit))
        archived = bodies(await walked(client, "/api/v1/logs/archived", limit=limit))
        assert stored == [f"payment {n} with {CARD}" for n in range(39, 23, -1)]
        assert archived == [f"payment {n} with {CARD}" for n in range(23, -1, -1)]
        (page,) = await walked(client, "/api/v1/logs/archived", limit=1000, domain="a.example", q="@status:202")
        assert bodies([page]) == [f"payment {n} with {CARD}" for n in range(22, -1, -2) if n % 3 == 2]
        assert (page["objects"], page["complete"], page["damaged"]) == (10, True, [])
        assert page["read_bytes"] > 10_000


async def test_a_budget_ends_a_page_and_the_next_goes_on(root: Path) -> None:
    """An hour is searched whole, however little may be read."""
    made = config(root)
    async with asked(root, {"archive_bytes": "1MiB", "archive_timeout": "1ms"}, config=made) as client:
        pages = await walked(client, "/api/v1/logs/archived", limit=1000)
    assert len(pages) == 10
    assert [page["complete"] for page in pages] == [False] * 9 + [True]
    assert len(bodies(pages)) == 24


async def test_what_is_damaged_is_told(root: Path) -> None:
    file = min((root / "archive").glob("domain=b.example/**/*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    async with asked(root, PATIENT, config=config(root)) as client:
        (page,) = await walked(client, "/api/v1/logs/archived", limit=1000)
        assert file.name in page["damaged"][0]
        assert len(page["records"]) == 22
        shown = await client.get("/panels/logs.rows", params={**SPAN, "archive": "1"})
        assert file.name in shown.text


async def test_values_are_masked_as_those_of_the_store(root: Path) -> None:
    async with asked(root, {**PATIENT, "redact": {"enabled": True}}, config=config(root)) as client:
        (page,) = await walked(client, "/api/v1/logs/archived", limit=1000)
        shown = await client.get("/panels/logs.rows", params={**SPAN, "archive": "1"})
    assert len(page["records"]) == 24
    assert CARD not in str(page)
    assert "payment 7 with" in str(page)
    assert CARD not in shown.text
    assert "payment" in shown.text


async def test_who_leaves_makes_no_room_for_more_than_there_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs takes its place until it is done; what has not begun never does."""
    go_on, begun, ordered = threading.Event(), [], []

    def answered(_module: str, order: Order, _failed: str) -> Any:
        begun.append(order.url)
        go_on.wait(60)
        return orjson.loads(answer(order))

    def order(*given: Any) -> Order:
        ordered.append(given)
        return Order(*given)

    monkeypatch.setattr(asking, "answered", answered)
    monkeypatch.setattr(asking, "Order", order)
    async with asked(root, PATIENT, config=config(root)) as client:
        asking_ = [asyncio.create_task(client.get("/api/v1/logs/archived", params=SPAN)) for _ in range(6)]
        while len(begun) < 2 or len(ordered) < 6:
            await asyncio.sleep(0.01)
        assert (await client.get("/api/v1/logs/archived", params=SPAN)).status_code == 429
        for each in asking_:
            each.cancel()
        await asyncio.gather(*asking_, return_exceptions=True)
        go_on.set()
        assert (await client.get("/api/v1/logs/archived", params=SPAN)).status_code == 200
    assert len(begun) == 3


async def test_without_an_archive_there_is_none(root: Path) -> None:
    async with asked(root) as client:
        answer = await client.get("/api/v1/logs/archived", params=SPAN)
        page = await client.get("/panels/logs.rows", params=SPAN)
    assert answer.status_code == 404
    assert "Search the archive" not in page.text


async def test_the_page_leads_there_and_waits_for_nothing(root: Path) -> None:
    async with asked(root, PATIENT, config=config(root)) as client:
        page = await client.get("/panels/logs.rows", params=SPAN)
        assert "archive=1" in page.text
        first = await client.get("/logs", params={**SPAN, "archive": "1"})
        assert first.status_code == 200
        assert "payment 3 " not in first.text
        shown = await client.get("/panels/logs.rows", params={**SPAN, "archive": "1"})
        assert "payment 23 " in shown.text
        assert "payment 24 " not in shown.text
        assert "From the archive" in shown.text


async def test_a_record_is_opened_by_its_id(root: Path) -> None:
    """Of the archive, where it was received about when it happened; one of another domain, or that never was, is not there."""
    received = (FIRST + HOUR_NS + 5) // 1_000_000
    made = Row(
        first_record_id(received)[:21] + "00000",
        fields={"time_unix_nano": FIRST + HOUR_NS + 5, "domain": "a.example", "body": "alone"},
    )
    staging = Staging(root / "staging-2", 1 << 20)
    staging.add(table_of(batch_of([made])))
    target = open_archive(str(root / "archive")).catalog.target
    for staged in staging.finish():
        target.put(str(ObjectName(staged.place, "ours", Cut(0, 2, 2), staged.footer.digest)), staged.path.read_bytes())
    async with asked(root, PATIENT, config=config(root)) as client:
        answer = await client.get(f"/api/v1/logs/{made.record_id}")
        assert (answer.status_code, answer.json()["body"]) == (200, "alone")
        assert "alone" in (await client.get(f"/logs/{made.record_id}", headers={"hx-request": "true"})).text
        assert (await client.get(f"/api/v1/logs/{made.record_id}", params={"domain": "b.example"})).status_code == 404
        for other in (made.record_id[:-1] + "1", "none", "' OR 1=1"):
            assert (await client.get(f"/api/v1/logs/{other}")).status_code == 404


async def test_an_archive_that_can_not_be_read_is_said_so(root: Path) -> None:
    made = config(root)
    made["exporters"]["archive"] = {"to": "s3://nowhere/archive", "timeout": "1s",
                                    "storage": {"endpoint": "http://127.0.0.1:9", "allow_http": True, "skip_signature": True}}  # fmt: skip
    async with asked(root, PATIENT, config=made) as client:
        answer = await client.get("/api/v1/logs/archived", params=SPAN)
    assert answer.status_code == 503
    assert "archive" in answer.json()["detail"]


async def test_a_process_answers(root: Path) -> None:
    """As it is in production: a child, which has columns."""
    async with asked(root, PATIENT, config=config(root)) as client:
        pages = await walked(client, "/api/v1/logs/archived", limit=1000)
    assert len(bodies(pages)) == 24


def test_an_exporter_that_keeps_no_archive_is_no_archive(root: Path) -> None:
    import yaml

    from collector.errors import ConfigError

    made = config(root)
    made["extensions"] = {"console": {"archive": "sqlite"}}
    made["service"]["extensions"] = ["console"]
    with pytest.raises(ConfigError, match='exporter "sqlite" keeps no archive'):
        load([f"yaml:{yaml.safe_dump(made)}"], environ={})
