"""What is about people is masked in whatever shows records: a mail address and a card number stand in every place that a store has, and every route
is asked. A new route is asked as well: its path is read from the application."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi.routing import APIRoute

from collector.console.api import ROUTERS as API
from collector.console.application import application
from collector.console.loki import ROUTERS as LOKI
from collector.console.masking import LOCK, Masks
from collector.console.mcp.reading import READING
from collector.console.mcp.tools import Caller, call
from collector.console.pages import ROUTERS as PAGES
from collector.console.pages.panels import _PANELS
from collector.console.tailing import Records
from collector.console.visitor import LOCAL
from collector.extensions.console.config import SHOWN
from collector.query.query import Query
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import HOST, parts_of

pytestmark = pytest.mark.anyio

NOW = time.time_ns()
A, ISSUE, PATTERN, RECORD = "a.example", "aaaa000000000001", "00000000000000ab", f"{1:026}"
MAIL, CARD = "jane.roe@example.com", "4111 1111 1111 1111"
MARKED = f"paid by {MAIL} with {CARD}"
FOUND = re.compile(r"jane\.roe|4111.{0,3}1111|hunter2")
"""However it is written: in a link, too."""
COUNTS = orjson.dumps({MARKED: 3}).decode()
ON, OFF = {"redact": {"enabled": True}, "loki": True}, {"loki": True}
FOLLOWED = {"/api/v1/logs/tail", "/logs/tail"}
"""They don't end: what they tell is looked at by itself."""
NO_RECORDS = {"/login/to", "/login/back"}


def put(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def planted(root: Path) -> None:
    """A store with both in every text."""
    attributes = [
        ("logboom.issue.id", ISSUE), ("logboom.pattern.id", PATTERN), ("logboom.triage.level", "critical"), ("logboom.component", MARKED),
        ("logboom.endpoint", f"/users/{MAIL}"), ("logboom.error_type", MARKED), ("exception.stacktrace", f"Error: {MARKED}\n  at x"),
        ("who", MAIL), ("card", int(CARD.replace(" ", ""))), ("password", "hunter2"), (MAIL, "as a key"),
    ]  # fmt: skip
    resource = [("service.name", f"shop of {MAIL}"), ("deployment.environment.name", f"prod {MAIL}"), ("owner", MARKED)]
    made = [
        Row(f"{number:026}", attributes, resource=resource,
            fields={"domain": A, "time_unix_nano": NOW - number * 10**9, "body": f"{number} {MARKED}", "severity_text": f"ERROR {MAIL}"})
        for number in range(1, 6)
    ]  # fmt: skip
    store = EmbeddedStore(root / "store.db")
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    texts = ("title", "component", "service", "environment", "assignee", "owner", "category", "type", "reason", "acknowledged_by",
             "triage_rule", "cause", "suggestion")  # fmt: skip
    last = {"version": 7, "event_id": "E"}
    rows_of: dict[str, dict[str, Any]] = {
        "issues": {
            "issue_id": ISSUE, "state": "new", "level": "critical", "priority": "high", "events": 3, "first_seen_unix_nano": NOW - 60 * 10**9,
            "last_seen_unix_nano": NOW, **dict.fromkeys(texts, MARKED), **dict.fromkeys(("services", "endpoints", "versions", "environments"), COUNTS),
            "variants": orjson.dumps({MARKED: [MARKED, [MARKED], 3]}).decode(), "details": orjson.dumps({MARKED: MARKED}).decode(),
        },
        "issue_activity": {"issue_id": ISSUE, "activity": 1, "change": "assigned", "reason": MARKED, "who": MARKED, "why": MARKED, "time_unix_nano": NOW},
        "deployments": {"deployment_id": "1", "service": MARKED, "service_version": MARKED, "environment": MARKED, "url": f"https://ci/{MAIL}",
                        "time_unix_nano": NOW - 120 * 10**9},
        "patterns": {"pattern_id": PATTERN, "template": f"paid by {MAIL} with {CARD} <*>", "source": "text", "service": MARKED, "component": MARKED,
                     "level": "critical", "count": 5, "first_seen_unix_nano": NOW - 10**9, "last_seen_unix_nano": NOW, "levels": '{"critical":5}',
                     "parameters": orjson.dumps([[[MARKED, 3]]]).decode(), "samples": orjson.dumps([MARKED]).decode(), "time_unix_nano": NOW},
        "notifications": {"group_id": "g", "exporter": "slack", "sequence": 1, "receiver": "page", "status": "firing", "reason": MARKED,
                          "level": "critical", "started_unix_nano": NOW, "count": 1, "labels": orjson.dumps({"service": MARKED}).decode(),
                          "alerts": orjson.dumps([{"title": MARKED, "labels": {"service": MARKED}}]).decode(), "time_unix_nano": NOW},
        "silences": {"silence_id": "s", "matchers": f'{{service="{MAIL}"}}', "who": MARKED, "why": MARKED, "starts_unix_nano": NOW,
                     "ends_unix_nano": NOW + 10**13},
        "responses": {"response_id": "r", "name": "restart", "exporter": "docker", "target": MARKED, "state": "proposed", "reason": MARKED,
                      "dry_run": 0, "who": MARKED, "why": MARKED, "labels": orjson.dumps({"service": MARKED}).decode(),
                      "proposed_unix_nano": NOW, "expires_unix_nano": NOW + 10**13, "time_unix_nano": NOW},
    }  # fmt: skip
    minute = NOW // 60_000_000_000
    with closing(sqlite3.connect(root / "store.db")) as connection, connection:
        for table, row in rows_of.items():
            put(connection, table, {"domain": A, **row, **last})
        for table, key in (("pattern_minutes", "pattern_id"), ("issue_minutes", "issue_id")):
            ident = PATTERN if key == "pattern_id" else ISSUE
            connection.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, 'critical', ?, 5)", (A, minute, ident))


def routes() -> Iterator[str]:
    """Of all that can be read, with what is there in their paths."""
    named = {"record_id": RECORD, "id_": ISSUE}
    for prefix, routers in (("/api/v1", API), ("", PAGES), ("", LOKI)):
        for route in (each for router in routers for each in router.routes if isinstance(each, APIRoute)):
            if "GET" not in (route.methods or ()):
                continue
            path = prefix + route.path
            if path == "/panels/{name}":
                yield from (f"/panels/{name}?record_id={RECORD}&id_={ISSUE}" for name in _PANELS)
            elif path.endswith("/label/{name}/values"):
                yield from (
                    path.replace("{name}", name) for name in ("service_name", "endpoint", "environment", "component")
                )
            else:
                yield re.sub(r"\{(\w+)\}", lambda part: named[part[1]], path)


def asked_for(path: str) -> str:
    """With what Loki's questions need."""
    log = {"query": '{level="critical"}', "start": "0", "match[]": '{level="critical"}'}
    if path.startswith("/loki/") and path.endswith(("query_range", "series", "volume", "volume_range", "stats")):
        return str(httpx.URL(path, params=log))
    return str(httpx.URL(path, params={"format": "csv"})) if path.endswith("/export") else path


@asynccontextmanager
async def console(root: Path, options: Mapping[str, Any]) -> AsyncIterator[tuple[Any, httpx.AsyncClient]]:
    with parts_of(root, options) as parts:
        transport = httpx.ASGITransport(application(parts), client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", timeout=60.0) as client:
            yield parts, client


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data")
    planted(made)
    return made


async def shown(client: httpx.AsyncClient) -> dict[str, str]:
    """Path → what is answered. Explaining takes a process for each."""
    found = {}
    for path in sorted(set(routes()) - FOLLOWED - NO_RECORDS):
        answer = await client.get(asked_for(path))
        found[path] = answer.text
    return found


async def test_no_route_shows_what_is_about_people(root: Path) -> None:
    async with console(root, ON) as (_, client):
        masked = await shown(client)
    assert [path for path, text in masked.items() if FOUND.search(text)] == []
    async with console(root, OFF) as (_, client):
        plain = await shown(client)
    showing = {path for path, text in plain.items() if FOUND.search(text)}
    wanted = {
        "/", "/logs", f"/logs/{RECORD}", f"/logs/{RECORD}/context", "/issues", f"/issues/{ISSUE}", "/patterns", "/alerts", "/report",
        "/api/v1/logs", f"/api/v1/logs/{RECORD}", "/api/v1/logs/export", f"/api/v1/logs/{RECORD}/context", "/api/v1/logs/facets", "/api/v1/issues",
        f"/api/v1/issues/{ISSUE}", f"/api/v1/issues/{ISSUE}/events", "/api/v1/patterns", "/api/v1/alerts", "/api/v1/silences", "/api/v1/responses",
        "/api/v1/deployments", "/api/v1/report", "/loki/api/v1/query_range", "/loki/api/v1/series", "/loki/api/v1/label/service_name/values",
    }  # fmt: skip
    assert wanted - showing == set()  # else it was planted where nobody looks


async def test_what_is_followed_is_masked(root: Path) -> None:
    async with console(root, ON) as (parts, _):
        following = await parts.stores.tails.open(Query(""), Scope.everything(), "0")
        told = [one async for one in _some(following.told())]
        following.close()
    texts = [orjson.dumps(each.rows, default=str).decode() for each in told if isinstance(each, Records)]
    assert texts
    assert not FOUND.search("".join(texts))


async def _some(told: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for one in told:
        yield one
        if isinstance(one, Records):
            return


@pytest.mark.parametrize("options", [ON, OFF], ids=["masked", "agents always"])
async def test_agents_are_told_nothing_about_people(options: dict[str, Any], root: Path) -> None:
    tools = {tool.name: tool for tool in READING}
    arguments: dict[str, dict[str, Any]] = {"explain": {"id": RECORD}, "count": {"by": "service"}}
    with parts_of(root, options) as parts:
        for name in tools:
            answer = await call(tools, Caller(parts, LOCAL), name, arguments.get(name, {}))
            assert not FOUND.search(json.dumps(dict(answer.data), default=str)), name


def test_what_is_json_stays_json_and_our_own_names_stay() -> None:
    masks = Masks(SHOWN)
    text = orjson.dumps(
        {
            "a": {"mail": MAIL},
            "n": [1, 4111111111111111],
            "time_unix_nano": 4111111111111111,
            "password": "hunter2",
            "ok": True,
        }
    ).decode()
    assert json.loads(masks.value({"attributes": text})["attributes"]) == {
        "a": {"mail": "****"}, "n": [1, "****"], "time_unix_nano": 4111111111111111, "password": "****", "ok": True,
    }  # fmt: skip
    ours = {
        "record_id": RECORD,
        "domain": A,
        "trace_id": "4111111111111111abcdefabcdefabcd",
        "pattern_id": PATTERN,
        "version": "1.2.3",
    }
    assert masks.value({**ours, "body": MAIL}) == {**ours, "body": "****"}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (
            {"domain": MAIL, "version": MAIL, "trace_id": CARD},
            {"domain": "****", "version": "****", "trace_id": "****"},
        ),
        ({"group_id": ["DE89370400440532013000"]}, {"group_id": ["****"]}),
        ({"password": ["hunter2", 7, None]}, {"password": ["****", "****", None]}),
        ({"password": {"old": "hunter2", "set": True}}, {"password": {"old": "****", "set": True}}),
        ({"card": 4111111111111111.0, "ratio": 4111111111111112.0}, {"card": "****", "ratio": 4111111111111112.0}),
    ],
    ids=["what a sender calls as we do", "in a list", "secrets in a list", "secrets in a map", "a double"],
)
def test_what_stands_in_maps(given: dict[str, Any], left: dict[str, Any]) -> None:
    assert json.loads(Masks(SHOWN).value({"attributes": orjson.dumps(given).decode()})["attributes"]) == left


@pytest.mark.parametrize("field", ["@password", '@"password"'])
async def test_counting_by_a_secret_shows_none(field: str, root: Path) -> None:
    """Its values stand there without the name that makes them secrets."""
    async with console(root, ON) as (_, client):
        (masked,) = (await client.get("/api/v1/logs/facets", params={"fields": field})).json()["facets"]
    async with console(root, OFF) as (parts, client):
        (plain,) = (await client.get("/api/v1/logs/facets", params={"fields": field})).json()["facets"]
        told = await call({tool.name: tool for tool in READING}, Caller(parts, LOCAL), "count", {"by": field})
    assert masked["values"] == [{"value": "****", "records": 5}]
    assert plain["values"] == [{"value": "hunter2", "records": 5}]
    assert "hunter2" not in json.dumps(dict(told.data), default=str)


def test_what_is_encrypted_is_a_lock() -> None:
    masks = Masks(SHOWN)
    assert masks.text("user enc:1:9f3a2b:QUJDREVG+/== is in") == f"user {LOCK} is in"


async def test_the_tag_of_an_answer_tells_whether_it_was_masked(root: Path) -> None:
    """Else a browser shows what it has from before."""
    tags = []
    for options in (ON, OFF):
        async with console(root, options) as (_, client):
            tags.append((await client.get(f"/api/v1/logs/{RECORD}")).headers["etag"])
    assert tags[0] != tags[1]
