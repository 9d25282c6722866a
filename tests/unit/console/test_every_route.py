"""What holds for every route that the console has, whoever adds one: the routes are read from the application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from collector.console.api import ROUTERS as API
from collector.console.pages import ROUTERS as PAGES
from collector.console.security import guard
from collector.console.security.headers import POLICY
from collector.console.security.origins import CHANGING
from collector.console.visitor import Role, Visitor
from collector.scope import Scope
from counterparts.console import asked as console

pytestmark = pytest.mark.anyio
VIEWER = Visitor("anna", Scope.of("a.example"), Role.VIEWER)


def routes() -> Iterator[tuple[str, str]]:
    """Method and path; parts of paths are `x`."""
    for prefix, routers in (("/api/v1", API), ("", PAGES)):
        for router in routers:
            for route in router.routes:
                if isinstance(route, APIRoute):
                    path = re.sub(r"\{[^}]*\}", "x", prefix + route.path)
                    yield from ((method, path) for method in sorted(route.methods))


ROUTES = sorted(set(routes()))
CHANGES = [(method, path) for method, path in ROUTES if method in CHANGING]


async def test_no_route_answers_to_a_stranger_s_name(tmp_path: Path) -> None:
    async with console(tmp_path) as client:
        for method, path in ROUTES:
            answer = await client.request(method, path, headers={"host": "evil.example"})
            assert answer.status_code == 421, (method, path)
            assert answer.headers["content-security-policy"] == POLICY


async def test_no_page_of_others_changes_anything(tmp_path: Path) -> None:
    assert CHANGES
    async with console(tmp_path) as client:
        for method, path in CHANGES:
            answer = await client.request(method, path, headers={"sec-fetch-site": "cross-site"})
            assert answer.status_code == 403, (method, path)


async def test_a_viewer_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked for: it is looked at before any route is."""
    monkeypatch.setattr(guard, "LOCAL", VIEWER)
    async with console(tmp_path) as client:
        for method, path in CHANGES:
            if path not in guard.OF_VISITOR:
                answer = await client.request(method, path, json={})
                assert answer.status_code == 403, (method, path)
