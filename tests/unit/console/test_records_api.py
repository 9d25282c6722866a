"""`/api/v1/logs` over a store with records of two domains."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from openapi_spec_validator import validate

from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio

NOW = time.time_ns() // 10**9 * 10**9
A, B = "a.example", "b.example"


def record(number: int, domain: str = A, **fields: Any) -> Row:
    """One of them, a second older for each number."""
    levels = ("critical", "warning", "info", "debug")
    attributes = [
        ("logboom.triage.level", levels[number % 4]),
        ("logboom.endpoint", f"/api/{number % 3}"),
        ("number", number),
    ]
    ident = f"{number:026}" if domain == A else f"B{number:025}"
    given = {"domain": domain, "time_unix_nano": NOW - number * 10**9, "body": f"record {number}", **fields}
    return Row(ident, attributes, resource=[("service.name", f"service-{number % 2}")], fields=given)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    store = EmbeddedStore(tmp_path / "store.db")
    made = [record(number) for number in range(1, 601)] + [record(number, B) for number in range(1, 11)]
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    async with asked(tmp_path) as opened:
        yield opened


async def every(client: httpx.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    """All pages."""
    found, cursor = [], ""
    while True:
        page = (await client.get("/api/v1/logs", params={**parameters, "cursor": cursor})).json()
        found += page["records"]
        cursor = page["next"]
        if cursor is None:
            return found


async def test_pages_hold_each_record_once_and_don_t_move(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """What comes meanwhile is on none of them."""
    first = (await client.get("/api/v1/logs", params={"domain": A, "limit": 100})).json()
    store = EmbeddedStore(tmp_path / "store.db")
    store.insert(rows(batch_of([record(-1), record(900)]), Limits()))
    store.close()
    second = (await client.get("/api/v1/logs", params={"domain": A, "limit": 100, "cursor": first["next"]})).json()
    bodies = [each["body"] for each in first["records"] + second["records"]]
    assert bodies == [f"record {number}" for number in range(1, 201)]
    assert second["to"] == first["to"]


async def test_list_histogram_and_facets_agree(client: httpx.AsyncClient) -> None:
    """Counts by minute are taken where they know it, for a reader of one domain, too."""
    for q in ("", "level:critical", "service:service-1 -level:debug", "record", "@number:>300"):
        asked_for = {"domain": A, "q": q, "from": "now-1h"}
        listed = await every(client, **asked_for, limit=250)
        histogram = (await client.get("/api/v1/logs/histogram", params=asked_for)).json()
        facets = (await client.get("/api/v1/logs/facets", params=asked_for)).json()["facets"]
        assert histogram["total"] == len(listed) > 0, q
        assert histogram["source"] == ("rows" if "record" in q or "@" in q else "minutes")
        for facet in facets:
            assert sum(each["records"] for each in facet["values"]) + facet["others"] == len(listed), (q, facet)
        endpoints = next(each for each in facets if each["field"] == "endpoint")["values"]
        counted = {value: sum(each["endpoint"] == value for each in listed) for value in ("/api/0", "/api/1", "/api/2")}
        assert {each["value"]: each["records"] for each in endpoints} == counted


async def test_times_have_all_their_digits(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/logs", params={"domain": A, "limit": 1})).json()["records"][0]
    assert found["time_unix_nano"] == str(NOW - 10**9)
    assert found["time"].endswith(".000000000Z")
    assert found["attributes"] == {"number": 1}


async def test_what_stands_around_a_record(client: httpx.AsyncClient) -> None:
    url = f"/api/v1/logs/{300:026}/context"
    for domain in ("", A):
        found = (await client.get(url, params={"before": 2, "after": 2, "domain": domain})).json()
        assert [each["body"] for each in found["before"]] == ["record 302", "record 301"]
        assert [each["body"] for each in found["after"]] == ["record 299", "record 298"]
    found = (await client.get(url, params={"before": 2, "after": 1, "same": "service", "domain": A})).json()
    assert [each["body"] for each in found["before"] + found["after"]] == ["record 304", "record 302", "record 298"]


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("", {"cursor": "nonsense"}, 400),
        ("", {"limit": 1001}, 400),
        ("", {"q": "levl:critical"}, 400),
        ("", {"from": "yesterday"}, 400),
        ("/facets", {"fields": "levle"}, 400),
        ("/facets", {"fields": "body"}, 400),
        ("/histogram", {"buckets": 121}, 400),
        (f"/{1:026}", {"domain": B}, 404),
        (f"/{999:026}", {}, 404),
        (f"/{999:026}/context", {}, 404),
    ],
)
async def test_what_can_t_be_answered_is_a_problem(
    client: httpx.AsyncClient, path: str, parameters: dict[str, Any], status: int
) -> None:
    answer = await client.get(f"/api/v1/logs{path}", params=parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


async def test_a_cursor_is_of_its_query_alone(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/logs", params={"domain": A, "limit": 10})).json()
    for other in ({"domain": B}, {"domain": A, "q": "level:critical"}, {}):
        assert (await client.get("/api/v1/logs", params={**other, "cursor": first["next"]})).status_code == 400


async def test_an_export_is_the_list(client: httpx.AsyncClient) -> None:
    """Over several pages, in both forms."""
    asked_for = {"domain": A, "q": "-level:debug", "from": "now-1h"}
    listed = await every(client, **asked_for)
    answer = await client.get("/api/v1/logs/export", params=asked_for)
    assert [orjson.loads(line) for line in answer.text.splitlines()] == listed
    assert len(listed) == 450
    answer = await client.get("/api/v1/logs/export", params={**asked_for, "q": "", "format": "csv"})
    rows_ = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["body"] for row in rows_] == [f"record {number}" for number in range(1, 601)]
    assert (await client.get("/api/v1/logs/export", params={"format": "xml"})).status_code == 400


async def test_no_cell_is_calculated(client: httpx.AsyncClient, tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store.db")
    store.insert(rows(batch_of([record(700, body='=HYPERLINK("http://evil.example")')]), Limits()))
    store.close()
    answer = await client.get("/api/v1/logs/export", params={"q": "HYPERLINK", "format": "csv"})
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["body"].startswith("'=")


async def test_the_api_is_a_valid_openapi_document(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert {"/api/v1/logs", "/api/v1/logs/export", "/api/v1/issues", "/api/v1/me"} <= set(document["paths"])
    assert not [path for path in document["paths"] if not path.startswith("/api/v1/")]
