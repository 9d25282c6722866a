"""What every answer has, how requests fail, and what pages remember."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.console.asking import MOST_UNIX_NANO, asked, moment
from collector.console.pages import panels
from collector.console.refusal import Refused
from collector.console.visitor import LOCAL, Role, Visitor
from collector.scope import Scope
from counterparts.console import asked as console

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000 * 10**9


async def test_every_answer_says_what_a_page_may_do(tmp_path: Path) -> None:
    """Also those of errors, of files and of the API."""
    async with console(tmp_path) as client:
        for path in ("/", "/none", "/api/v1/me", "/api/v1/none", "/static/x/tokens.css", "/static/x/none"):
            answer = await client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == (
                "nosniff",
                "same-origin",
            )
            assert answer.headers["cache-control"] in ("no-store", "no-cache")


async def test_programs_get_problems_and_people_pages(tmp_path: Path) -> None:
    async with console(tmp_path) as client:
        problem = await client.get("/api/v1/none")
        assert problem.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "request_id"} == set(problem.json())
        page = await client.get("/none")
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "There is nothing here" in page.text


async def test_a_panel_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sentence and without what went wrong inside; the other one is shown."""

    async def broken(_: object) -> object:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setitem(panels._PANELS, "test.broken", broken)
    async with console(tmp_path) as client:
        answer = await client.get("/panels/test.broken")
        assert "could not be shown" in answer.text
        assert "secret of the inside" not in answer.text
        assert (await client.get("/panels/none")).status_code == 404


async def test_how_pages_look_is_remembered_and_leads_back_here_alone(tmp_path: Path) -> None:
    async with console(tmp_path) as client:
        said = {"theme": "dark", "density": "roomy", "zone": "Europe/Berlin", "back": "/?domain=a.example"}
        answer = await client.post("/display", data=said)
        assert (answer.status_code, answer.headers["location"]) == (303, "/?domain=a.example")
        page = (await client.get("/")).text
        assert 'data-theme="dark"' in page
        assert 'data-density="roomy"' in page
        assert "Europe/Berlin" in page
        for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "evil"):
            answer = await client.post("/display", data=said | {"back": elsewhere})
            assert answer.headers["location"] == "/"
        assert (await client.post("/display", data={"theme": "<script>"})).status_code == 400


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("now", NOW),
        ("now-1h", NOW - 3600 * 10**9),
        ("now-7d", NOW - 7 * 86_400 * 10**9),
        ("2027-01-15T08:00:00Z", NOW),
        ("2027-01-15T09:00:00.000001+01:00", NOW + 1000),
        ("2027-01-15T08:00:00.123456789Z", NOW + 123_456_789),
        ("now-999999d", 0),
        ("9999-01-01T00:00:00Z", MOST_UNIX_NANO),
        ("9" * 19, MOST_UNIX_NANO),
        (str(NOW), NOW),
    ],
)
def test_times_are_written_in_several_ways(written: str, meant: int) -> None:
    assert moment(written, NOW, "from") == meant


@pytest.mark.parametrize(
    "written", ["", "yesterday", "now+1h", "now-", "now-1x", "2027-01-15", "2027-01-15T08:00:00", "9" * 40]
)
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(Refused) as refused:
        moment(written, NOW, "from")
    assert (refused.value.status, refused.value.more) == (400, {"parameter": "from"})


def test_a_domain_of_others_is_not_there() -> None:
    """As one that nobody has."""
    visitor = Visitor("anna", Scope.of("a.example"), Role.VIEWER)
    assert asked({"domain": "a.example"}, visitor).scope == asked({}, visitor).scope == Scope.of("a.example")
    for name in ("b.example", "none.example", "A.example", "x" * 300):
        with pytest.raises(Refused) as refused:
            asked({"domain": name}, visitor)
        assert refused.value.status == 404
    with pytest.raises(Refused) as refused:
        asked({"q": "levl:critical"}, LOCAL)
    assert refused.value.more == {"position": 0, "did_you_mean": "level:"}
    with pytest.raises(Refused):
        asked({"from": "now-1h", "to": "now-2h"}, LOCAL)
