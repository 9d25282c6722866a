"""What holds for every route where the console asks who comes, whoever adds one: nothing without a login, changes by their role, and of
foreign domains nothing at all."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from collector.console.api import ROUTERS as API
from collector.console.loki import ROUTERS as LOKI
from collector.console.pages import ROUTERS as PAGES
from collector.console.security.guard import OF_VISITOR
from collector.console.security.origins import CHANGING
from collector.console.unmasking import PATHS as UNMASKING
from collector.domains.access_file import FILE
from collector.domains.credential import ROLES
from collector.domains.session_store import Link, SessionStore
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import HOST, asked

pytestmark = pytest.mark.anyio
OURS = {"origin": f"http://{HOST}", "hx-request": "true"}
OPEN = {"/login", "/login/link", "/login/to", "/login/back"}
NOW = time.time_ns()
RECORD, ISSUE, MARK = f"{7:026}", "bbbb000000000002", "only-b-says-this"
IDS = {"record_id": RECORD, "issue_id": ISSUE, "pattern_id": ISSUE, "id": RECORD}


def routes() -> Iterator[tuple[str, str]]:
    """Method and path; parts of paths are ids of the domain b."""
    for prefix, routers in (("/api/v1", API), ("", (*PAGES, *LOKI))):
        for router in routers:
            for route in router.routes:
                if isinstance(route, APIRoute):
                    path = re.sub(r"\{([^}:]*)[^}]*\}", lambda part: IDS.get(part[1], "x"), prefix + route.path)
                    yield from ((method, path) for method in sorted(route.methods))


ROUTES = sorted({*routes(), ("POST", "/mcp"), ("GET", "/mcp")})


def store_of_two(root: Path) -> None:
    """Records of a and b; what b says holds the mark everywhere."""
    made = [
        Row(RECORD if domain == "b.example" else f"{8:026}",
            [("logboom.triage.level", "critical"), ("logboom.issue.id", ISSUE), ("logboom.component", f"{mark}c"), ("logboom.endpoint", f"/{mark}")],
            resource=[("service.name", f"{mark}s"), ("deployment.environment.name", f"{mark}e")],
            fields={"domain": domain, "time_unix_nano": NOW - 10**9, "body": f"{mark} body"})
        for domain, mark in (("a.example", "a"), ("b.example", MARK))
    ]  # fmt: skip
    store = EmbeddedStore(root / "store.db")
    store.insert(rows(batch_of(made), Limits()))
    store.close()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    store_of_two(tmp_path)
    async with asked(tmp_path, {"login": {}, "loki": True}) as opened:
        yield opened


async def become(client: httpx.AsyncClient, root: Path, role: str, domains: frozenset[str] | None) -> None:
    SessionStore(root / FILE).add_link(role, Link(role, ROLES[role], domains, 1 << 40))
    client.cookies.clear()
    answer = await client.post("/login/link", data={"link": role}, headers=OURS)
    assert answer.status_code == 303


async def test_without_a_login_nothing_is_answered(client: httpx.AsyncClient) -> None:
    assert len(ROUTES) > 40
    for method, path in ROUTES:
        answer = await client.request(method, path, headers={"origin": OURS["origin"]})
        if path in OPEN:
            assert answer.status_code in (200, 400, 401), (method, path)
            assert MARK not in answer.text
        elif path.startswith(("/api/", "/loki/", "/mcp", "/ready")):
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="logboom"'), path
            assert MARK not in answer.text
        else:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/login"), path
            assert (method == "GET" and path != "/") == ("next=" in answer.headers["location"])


async def test_each_role_changes_what_it_may(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """A viewer nothing but what concerns themselves; what an operator is refused is not refused for the role. What is masked, privacy alone."""
    every = [(method, path) for method, path in ROUTES if method in CHANGING and path not in (*OF_VISITOR, "/mcp")]
    unmasking = [(method, path) for method, path in every if UNMASKING.fullmatch(path)]
    changes = [each for each in every if each not in unmasking]
    assert changes
    assert len(unmasking) == 2
    await become(client, tmp_path, "viewer", None)
    for method, path in changes:
        answer = await client.request(method, path, json={}, headers=OURS)
        assert answer.status_code == 403, (method, path)
    for role in ("operator", "admin"):
        await become(client, tmp_path, role, frozenset({"a.example"}))
        for method, path in changes:
            answer = await client.request(method, path, json={}, headers=OURS)
            assert answer.status_code not in (401, 403), (role, method, path, answer.text)
    for role in ROLES:
        await become(client, tmp_path, role, frozenset({"a.example"}))
        for method, path in unmasking:
            answer = await client.request(method, path, json={}, headers=OURS)
            assert (answer.status_code in (401, 403)) == (role != "privacy"), (role, path, answer.text)
        if role == "privacy":
            refused = [
                (await client.request(method, path, json={}, headers=OURS)).status_code for method, path in changes
            ]
            assert set(refused) == {403}


async def test_keys_are_for_admins(client: httpx.AsyncClient, tmp_path: Path) -> None:
    for role, status in (("viewer", 403), ("operator", 403), ("admin", 200)):
        await become(client, tmp_path, role, None)
        assert (await client.get("/api/v1/keys")).status_code == status


@pytest.mark.parametrize("role", ["viewer", "admin"])
async def test_of_a_foreign_domain_there_is_nothing(client: httpx.AsyncClient, tmp_path: Path, role: str) -> None:
    """Whatever is asked, with its ids, with its name, or without."""
    await become(client, tmp_path, role, None)
    assert MARK in (await client.get(f"/api/v1/logs/{RECORD}")).text
    await become(client, tmp_path, role, frozenset({"a.example"}))
    for path in sorted({path for method, path in ROUTES if method == "GET"}):
        for asked_for in ({}, {"domain": "b.example"}, {"domain": "none.example"}, {"q": MARK}):
            if path.endswith("/tail") and "domain" not in asked_for:
                continue  # it does not end; its own tests look at what comes
            parameters: dict[str, Any] = {**asked_for, "from": "now-1h"}
            answer = await client.get(path, params=parameters)
            assert answer.status_code in (200, 303, 400, 401, 403, 404, 405, 503), (path, answer.text)
            told = answer.text.replace(f"q={MARK}", "").replace(f'value="{MARK}"', "")
            if "q" not in asked_for:
                assert MARK not in told, (path, asked_for)
        named = [await client.get(path, params={"domain": name}) for name in ("b.example", "none.example")]
        assert named[0].status_code == named[1].status_code, path
    for path in (
        f"/api/v1/logs/{RECORD}",
        f"/api/v1/logs/{RECORD}/context",
        f"/api/v1/issues/{ISSUE}",
        f"/issues/{ISSUE}",
    ):
        assert (await client.get(path)).status_code == 404, path
    for path in (
        "/",
        "/logs",
        "/issues",
        "/patterns",
        "/alerts",
        "/report",
        "/api/v1/logs",
        "/api/v1/logs/export",
        "/api/v1/logs/facets",
    ):
        assert (await client.get(path, params={"domain": "b.example"})).status_code == 404, path
