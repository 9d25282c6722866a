"""Who is answered at all: by the name of the host, and by where a change comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.console.security.hosts import host_of, is_ours
from collector.console.security.origins import from_our_pages
from counterparts.console import HOST, asked

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "LOCALHOST", "logs.localhost:1"],
)
def test_names_of_this_machine_are_ours(host: str) -> None:
    assert is_ours(host, frozenset())


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "[::2]:8080",
        "::1:8080",
        "x" * 300,
        "localhost:8080:1",
        "127.1",
    ],
)
def test_all_others_are_not(host: str) -> None:
    assert not is_ours(host, frozenset({"console.example"}))


def test_a_proxy_s_name_is_ours_where_the_options_say_so() -> None:
    assert is_ours("Console.example:443", frozenset({"console.example"}))
    assert host_of("[::1]:80") == "::1"


async def test_a_page_that_took_our_address_is_told_nothing(tmp_path: Path) -> None:
    """DNS rebinding: the browser asks us by the stranger's name."""
    async with asked(tmp_path) as client:
        for path in ("/", "/api/v1/me", "/static/x/tokens.css", "/display"):
            answer = await client.get(path, headers={"host": "evil.example"})
            assert answer.status_code == 421
            assert "content-security-policy" in answer.headers
    async with asked(tmp_path, {"hosts": ["console.example"]}) as client:
        assert (await client.get("/api/v1/me", headers={"host": "console.example"})).status_code == 200


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": f"http://{HOST}"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": f"http://{HOST}.evil.example"}, False),
        ({"sec-fetch-site": "cross-site", "origin": f"http://{HOST}"}, False),
    ],
)
async def test_changes_come_from_our_own_pages(tmp_path: Path, headers: dict[str, str], ours: bool) -> None:
    assert from_our_pages({"host": HOST, **headers}) is ours
    async with asked(tmp_path) as client:
        answer = await client.post("/display", data={"theme": "dark"}, headers=headers)
        assert answer.status_code == (303 if ours else 403)
        assert "access-control-allow-origin" not in answer.headers
        assert (await client.get("/", headers=headers)).status_code == 200  # a link from elsewhere leads here
