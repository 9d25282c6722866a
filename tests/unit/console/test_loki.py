"""`/loki/api/v1` over a store with records of two domains."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio

START = time.time_ns() // 10**9 * 10**9 - 600 * 10**9
A, B = "a.example", "b.example"
LEVELS = ("critical", "warning", "info", "debug")


def record(number: int, domain: str) -> Row:
    """A second after the one before."""
    attributes = [("logboom.triage.level", LEVELS[number % 4]), ("number", number), ("user", f"u{number % 3}")]
    fields = {"domain": domain, "time_unix_nano": START + number * 10**9, "body": f"Record {number} (é)"}
    return Row(f"{domain[0]}{number:025}", attributes, resource=[("service.name", f"shop-{number % 2}")], fields=fields)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    store = EmbeddedStore(tmp_path / "store.db")
    store.insert(rows(batch_of([record(n, A) for n in range(1, 101)] + [record(n, B) for n in range(1, 11)]), Limits()))
    store.close()
    async with asked(tmp_path, {"loki": True}) as opened:
        yield opened


async def get(client: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None, **given: Any) -> Any:
    times = {"start": START, "end": START + 300 * 10**9, **given}
    answer = await client.get(f"/loki/api/v1/{path}", params=times, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"] if path != "index/stats" else answer.json()


async def lines(client: httpx.AsyncClient, query: str, **given: Any) -> list[list[str]]:
    data = await get(client, "query_range", query=query, limit=1000, **given)
    assert data["resultType"] == "streams"
    return sorted((value for each in data["result"] for value in each["values"]), reverse=True)


async def test_off_by_default(tmp_path: Path) -> None:
    async with asked(tmp_path) as client:
        assert (await client.get("/loki/api/v1/labels")).status_code == 404


async def test_grafana_s_health_check(client: httpx.AsyncClient) -> None:
    data = await get(client, "query", query="vector(1)+vector(1)", time="4000000000")
    assert data["resultType"] == "vector"
    assert data["result"] == [{"metric": {}, "value": [4e9, "2"]}]
    assert (await client.get("/loki/api/v1/detected_labels")).status_code == 404


@pytest.mark.parametrize(
    ("query", "takes"),
    [
        ('{domain="a.example"}', lambda n: True),
        ('{domain="a.example", level="critical"}', lambda n: n % 4 == 0),
        ('{domain="a.example",level!="critical"}', lambda n: n % 4),
        ('{domain=~"a.*",level=~"crit.*|debug"}', lambda n: n % 4 in (0, 3)),
        ('{domain="a.example",level=~"crit"}', lambda n: False),
        ('{domain="a.example",service_name!~".*-1"}', lambda n: n % 2 == 0),
        ('{domain="a.example",component=""}', lambda n: True),
        ('{domain="a.example",component!=""}', lambda n: False),
        ('{domain="a.example"} |= "Record 1"', lambda n: str(n).startswith("1")),
        ('{domain="a.example"} |= "record 1"', lambda n: False),
        ('{domain="a.example"} != "Record 1" |= `(é)`', lambda n: not str(n).startswith("1")),
        ('{domain="a.example"} |~ "Record \\\\d \\\\("', lambda n: n < 10),
        ('{domain="a.example"} !~ `(?i)record \\d \\(`', lambda n: n >= 10),
        ('{domain="a.example"} | json | number >= 90 | user="u0"', lambda n: n >= 90 and n % 3 == 0),
        ('{domain="a.example"} | number != 7 | drop __error__', lambda n: n != 7),
        ('{domain="a.example"} | user=~"u[12]"', lambda n: n % 3),
        ("{domain=\"' OR 1=1 --\"}", lambda n: False),
    ],
)  # fmt: skip
async def test_lines(client: httpx.AsyncClient, query: str, takes: Any) -> None:
    """Both directions, newest or oldest first."""
    expected = [[str(START + n * 10**9), f"Record {n} (é)"] for n in range(100, 0, -1) if takes(n)]
    assert await lines(client, query) == expected
    assert await lines(client, query, direction="forward") == expected


async def test_direction_and_limit(client: httpx.AsyncClient) -> None:
    for direction, first in (("backward", 100), ("forward", 1)):
        data = await get(client, "query_range", query='{domain="a.example"}', limit=1, direction=direction)
        [stream] = data["result"]
        assert stream["stream"] == {"domain": A, "level": LEVELS[first % 4], "service_name": f"shop-{first % 2}"}
        assert stream["values"] == [[str(START + first * 10**9), f"Record {first} (é)"]]


async def test_attributes_are_structured_metadata(client: httpx.AsyncClient) -> None:
    """With the header by which Grafana asks for them."""
    flags = {"X-Loki-Response-Encoding-Flags": "categorize-labels", "X-Scope-OrgID": B}
    data = await get(client, "query_range", flags, query='{domain="a.example"}', limit=1)
    assert data["encodingFlags"] == ["categorize-labels"]
    metadata = data["result"][0]["values"][0][2]
    assert metadata["parsed"] == {}
    assert metadata["structuredMetadata"].items() >= {"number": "100", "user": "u1", "record_id": f"a{100:025}"}.items()


async def test_a_matrix_counts_what_is_within_each_window(client: httpx.AsyncClient) -> None:
    """Behind `t - range`, up to `t`; whether ranges overlap, touch or leave gaps."""
    for range_, step in ((10, 10), (30, 10), (10, 30), (7, 5)):
        for function, per in (("count_over_time", 1), ("rate", range_)):
            query = f'sum by (level, detected_level) ({function}({{domain="a.example"}} | drop __error__ [{range_}s]))'
            data = await get(client, "query_range", query=query, step=f"{step * 1000}ms")
            assert data["resultType"] == "matrix"
            found = {
                each["metric"]["level"]: {int(at): float(n) for at, n in each["values"]} for each in data["result"]
            }
            for residue, level in enumerate(LEVELS):
                expected = {
                    START // 10**9 + t: len([n for n in range(t - range_ + 1, t + 1) if 1 <= n <= 100 and n % 4 == residue]) / per
                    for t in range(0, 301, step)
                }  # fmt: skip
                assert found[level] == pytest.approx({at: n for at, n in expected.items() if n})


@pytest.mark.parametrize(
    ("ranking", "found"), [("topk(1, ", {"info": "3"}), ("bottomk(2, ", {"critical": "2", "debug": "2"})]
)
async def test_so_many_series_of_each_step(client: httpx.AsyncClient, ranking: str, found: dict[str, str]) -> None:
    """Of equal ones the first by their labels."""
    query = f'{ranking}sum by (level) (count_over_time({{domain="b.example"}}[10s])))'
    data = await get(client, "query", query=query, time=START + 10 * 10**9)
    assert {one["metric"]["level"]: one["value"][1] for one in data["result"]} == found


async def test_bytes_of_lines(client: httpx.AsyncClient) -> None:
    """An é is two of them."""
    data = await get(client, "query", query='sum(bytes_over_time({domain="b.example"}[10s]))', time=START + 10 * 10**9)
    assert data["result"][0]["value"][1] == "131"
    data = await get(client, "query", query='sum(bytes_rate({domain="b.example"}[10s]))', time=START + 10 * 10**9)
    assert data["result"][0]["value"][1] == "13.1"


async def test_volumes(client: httpx.AsyncClient) -> None:
    data = await get(client, "index/volume", query='{domain="b.example"}')
    assert [(one["metric"], one["value"][1]) for one in data["result"]] == [({"domain": B}, "131")]
    data = await get(client, "index/volume", query='{domain=~".+"}', targetLabels="service_name", limit=1)
    assert len(data["result"]) == 1
    assert data["result"][0]["metric"] == {"service_name": "shop-0"}
    data = await get(client, "index/volume_range", query='{domain="b.example"}', step="100s")
    assert data["resultType"] == "matrix"
    assert sum(float(value) for _, value in data["result"][0]["values"]) == 131


async def test_who_asks_before_they_ask(client: httpx.AsyncClient) -> None:
    assert (await client.get("/ready")).text == "ready\n"
    assert (await client.get("/loki/api/v1/status/buildinfo")).json()["version"]


async def test_a_metric_at_one_moment(client: httpx.AsyncClient) -> None:
    query = 'sum(count_over_time({domain=~".+"}[1m]))'
    data = await get(client, "query", query=query, time=START + 60 * 10**9)
    assert data["result"] == [{"metric": {}, "value": [START / 1e9 + 60, "70"]}]
    each = await get(client, "query", query='rate({level="info"}[100s])', time=START + 100 * 10**9)
    assert {(one["metric"]["domain"], one["value"][1]) for one in each["result"]} == {(A, "0.25"), (B, "0.03")}


async def test_labels_values_series_and_stats(client: httpx.AsyncClient) -> None:
    assert await get(client, "labels") == ["component", "domain", "endpoint", "environment", "level", "service_name"]
    assert await get(client, "label/domain/values") == [A, B]
    assert await get(client, "label/level/values", query='{service_name="shop-1"}') == ["debug", "warning"]
    assert await get(client, "label/nothing/values") == []
    series = await get(client, "series", **{"match[]": '{domain="b.example",level="info"}'})
    assert series == [{"domain": B, "level": "info", "service_name": "shop-0"}]
    assert await get(client, "index/stats", query='{domain="b.example"}') == {
        "streams": 4, "chunks": 0, "bytes": 131, "entries": 10,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "given", "says"),
    [
        ("query_range", {"query": "{"}, "parse error"),
        ("query_range", {"query": '{domain=~"("}'}, "regexp"),
        ("query_range", {"query": '{domain="\\ud800"}'}, "invalid string"),
        ("query_range", {"query": "{}", "limit": "5001"}, "limit"),
        ("query_range", {"query": "{}", "start": "2", "end": "1"}, "end timestamp"),
        ("query_range", {"query": "rate({}[1s])", "step": "1ns"}, "maximum resolution"),
        ("query_range", {"query": "rate({}[0s])"}, "duration"),
        ("query_range", {"query": "{}" + ' |= "a"' * 65}, "conditions"),
        ("query", {"query": "{}"}, "range query"),
        ("series", {"match[]": "rate({}[1s])"}, "selector"),
        ("query_range", {"query": ""}, "parse error"),
    ],
)
async def test_errors_are_texts(client: httpx.AsyncClient, path: str, given: dict[str, str], says: str) -> None:
    answer = await client.get(f"/loki/api/v1/{path}", params=given)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert says in answer.text
