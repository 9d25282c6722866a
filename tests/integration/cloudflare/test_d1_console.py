"""The console over D1: what it says of the file, it says of D1, and what that had to read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from collector.console.d1_source import D1Source
from collector.console.stores import Stores
from collector.console.tailing.tail import Quiet, Records
from collector.control.reporter import Reporter
from collector.query.query import Query
from collector.scope import Scope
from collector.store.d1_config import D1StoreConfig
from counterparts.console import asked

pytestmark = pytest.mark.anyio

TIMES = {"from": "2027-01-15T00:00:00Z", "to": "2027-01-16T00:00:00Z"}
QUERY = "disk level:>=info severity:[9 TO 24] -service:till"
QUESTIONS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "all": ("/logs", {}), "a query": ("/logs", {"q": QUERY, "limit": 7}), "an attribute": ("/logs", {"q": "resource.service.version:1.1"}),
    "quotes": ("/logs", {"q": '"a\' ?1 ?"'}),
    "histogram": ("/logs/histogram", {}), "of rows": ("/logs/histogram", {"q": "is full"}), "facets": ("/logs/facets", {"q": QUERY}),
    "overview": ("/stats/overview", {}), "issues": ("/issues", {"state": "all"}), "patterns": ("/patterns", {}), "report": ("/report", {}),
    "deployments": ("/deployments", {}), "alerts": ("/alerts", {"all": True}), "silences": ("/silences", {"all": True}),
    "responses": ("/responses", {"all": True}), "domains": ("/domains", {}),
}  # fmt: skip
PATIENT = {"query_timeout": "100s"}
_OWN = ("took_ms", "rows_read")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def consoles(both: Any) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    folder = both[0]
    async with asked(folder, PATIENT) as file, asked(folder, PATIENT, source=D1Source(config(both), folder)) as d1:
        yield file, d1


def said(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return {name: value for name, value in told.items() if name not in _OWN}


@pytest.mark.parametrize("domain", ["", "a.com"], ids=["all", "one domain"])
async def test_they_say_the_same(consoles: tuple[httpx.AsyncClient, httpx.AsyncClient], domain: str) -> None:
    """And how many rows that took, where they are billed."""
    for name, (path, given) in QUESTIONS.items():
        file, d1 = [await each.get(f"/api/v1{path}", params={**TIMES, **given, "domain": domain}) for each in consoles]
        assert said(d1) == said(file), name
        read = int(d1.headers["x-logboom-rows-read"])
        assert d1.json().get("rows_read", read) == read
        assert "x-logboom-rows-read" not in file.headers
        assert file.json().get("rows_read") is None


async def test_pages_an_issue_and_a_record(consoles: tuple[httpx.AsyncClient, httpx.AsyncClient]) -> None:
    """Cursors, what lies around a record, an issue's own page; and pages for people."""
    told = []
    for client in consoles:
        first = said(await client.get("/api/v1/logs", params={**TIMES, "limit": 30}))
        rest = said(await client.get("/api/v1/logs", params={**TIMES, "limit": 1000, "cursor": first["next"]}))
        record = first["records"][5]["record_id"]
        issue = said(await client.get("/api/v1/issues", params={"state": "all"}))["issues"][0]["issue_id"]
        more = [f"/logs/{record}", f"/logs/{record}/context", f"/issues/{issue}", f"/issues/{issue}/events"]
        answers = [said(await client.get(f"/api/v1{path}")) for path in more]
        exported = (await client.get("/api/v1/logs/export", params=TIMES)).text
        told.append([first["records"], rest["records"], answers, exported])
        page = await client.get("/logs", params=TIMES | {"q": QUERY})
        assert (page.status_code, "disk" in page.text) == (200, True)
    assert told[0] == told[1]


async def test_a_text_at_which_statements_end_is_one_that_no_record_has(
    consoles: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    for client in consoles:
        assert (await client.get("/api/v1/logs/a%00b")).status_code == 404


async def test_what_may_be_read_is_bounded(both: Any) -> None:
    """A search says how far it got, and goes on from there."""
    wanted = {"q": "nowhere", "from": "2027-01-15T07:50:00Z", "to": "2027-01-15T08:15:00Z"}
    async with asked(both[0], PATIENT, source=D1Source(config(both), both[0], 40)) as client:
        page = (await client.get("/api/v1/logs", params=wanted)).json()
        assert (page["complete"], 40 <= page["rows_read"] < 300) == (False, True)
        while page["next"]:
            page = (await client.get("/api/v1/logs", params={**wanted, "cursor": page["next"]})).json()
        assert (page["complete"], page["records"]) == (True, [])


def config(both: Any, **options: Any) -> D1StoreConfig:
    return D1StoreConfig.model_validate(both[1] | options)


async def test_where_each_domain_has_a_database_one_is_chosen(both: Any) -> None:
    divided = config(both, database_id="", databases={"a.com": both[1]["database_id"], "b.com": "another"})
    async with asked(both[0], PATIENT, source=D1Source(divided, both[0])) as client:
        answer = await client.get("/api/v1/logs", params=TIMES)
        assert (answer.status_code, answer.json()["parameter"]) == (400, "domain")
        assert said(await client.get("/api/v1/domains")) == {"domains": ["a.com", "b.com"]}
        assert "domain=b.com" in (await client.get("/logs")).text
        assert said(await client.get("/api/v1/logs", params={**TIMES, "domain": "a.com"}))["records"]
        missing = await client.get("/api/v1/logs", params={**TIMES, "domain": "b.com"})
        assert missing.status_code == 503


async def test_a_domain_with_a_database_of_its_own_is_followed(both: Any) -> None:
    """From the place that the page names."""
    divided = config(both, database_id="", databases={"a.com": both[1]["database_id"], "b.com": "another"})
    async with asked(both[0], {"query_timeout": "60s"}, source=D1Source(divided, both[0])) as client:
        page = await client.get("/panels/logs.rows", params={"domain": "a.com"})
        place = re.search(r'data-after="(\w+)"', page.text)
    stores = Stores(D1Source(divided, both[0]), 1)
    following = await stores.tails.open(Query(""), Scope.of("a.com"))
    async with asyncio.timeout(120):
        first = await anext(aiter(following.told()))
    following.close()
    stores.close()
    assert place is not None, page.text
    assert first == Quiet(place[1])


async def test_what_d1_refuses_is_told_without_its_token(both: Any) -> None:
    for options in ({"api_token": "wrong-token"}, {"base_url": "http://127.0.0.1:9/client/v4"}):
        async with asked(both[0], PATIENT, source=D1Source(config(both, **options), both[0])) as client:
            answer = await client.get("/api/v1/logs", params=TIMES)
            assert answer.status_code == 503
            assert "D1" in answer.json()["detail"]
            assert "wrong-token" not in answer.text


async def test_slow_ones_are_told_with_a_plan(both: Any) -> None:
    told: list[Any] = []

    class Teller:
        def tell(self, record: Any) -> None:
            told.append(record)

    reporter = Reporter(Teller(), "console 0", lambda: "logboom")
    async with asked(
        both[0], {**PATIENT, "slow_query": "1us"}, reporter=reporter, source=D1Source(config(both), both[0])
    ) as client:
        await client.get("/api/v1/logs", params={**TIMES, "q": "secret", "domain": "a.com"})
    [event] = told
    assert re.search("USING INDEX logs_domain_time", event.attributes["logboom.plan"])
    assert "secret" not in str(event.to_json())


async def test_it_is_followed(both: Any) -> None:
    """From the beginning, each record once."""
    source = D1Source(config(both), both[0])
    stores, seen = Stores(source, 1), []
    following = await stores.tails.open(Query(""), Scope.everything(), "0")
    async with asyncio.timeout(120):
        async for told in following.told():
            seen += [row["record_id"] for row in told.rows] if isinstance(told, Records) else []
            if len(seen) >= len(both[2][0]):
                break
    following.close()
    stores.close()
    assert sorted(seen) == sorted(both[2][0].column("record_id").to_list())
