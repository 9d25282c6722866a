"""The audit log in the console: for admins and for privacy, of their domains, page after page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from collector.console.security import guard
from collector.console.visitor import visitor_of
from collector.domains.credential import ROLES
from counterparts.audit_bench import AuditBench
from counterparts.console import asked

pytestmark = pytest.mark.anyio
A, B = "a.example", "b.example"
MAIL = "anna@example.com"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with chains of two domains; who logged in is called by an address."""
    bench = AuditBench(tmp_path_factory.mktemp("data") / "made")
    bench.tell(
        domain=A, body=f"{MAIL} logged in <script>alert(1)</script>", user_id=MAIL, client_address="198.51.100.7"
    )
    bench.chained(4, A)
    bench.chained(2, B)
    bench.close()
    return bench.root


@asynccontextmanager
async def console(
    root: Path, monkeypatch: pytest.MonkeyPatch, role: str = "admin", domains: frozenset[str] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(guard, "LOCAL", visitor_of("x", ROLES[role], domains))
    async with asked(root, {"redact": {"enabled": True}}) as client:
        yield client


@pytest.mark.parametrize("role", ["admin", "privacy"])
async def test_entries_page_after_page_as_they_are(role: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who did something is what the log is for: no name is masked."""
    async with console(root, monkeypatch, role) as client:
        found, before = [], ""
        while True:
            page = (await client.get("/api/v1/audit", params={"limit": 3, "before": before})).json()
            found += page["entries"]
            if page["before"] is None:
                break
            before = page["before"]
        assert sorted((each["domain"], each["seq"]) for each in found) == [(A, n) for n in range(1, 6)] + [
            (B, 1),
            (B, 2),
        ]
        assert found[-1]["who"] == MAIL
        assert found[-1]["attributes"]["client.address"] == "198.51.100.7"
        shown = (await client.get("/audit")).text
    assert MAIL in shown
    assert "&lt;script&gt;" in shown
    assert "<script>alert" not in shown


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_no_other_role_sees_it(role: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(root, monkeypatch, role) as client:
        for path in (
            "/audit",
            "/api/v1/audit",
            "/api/v1/audit/chains",
            "/panels/audit.entries",
            "/panels/audit.standing",
        ):
            answer = await client.get(path)
            assert MAIL not in answer.text, path
            assert answer.status_code == 403 or "takes the role admin or privacy" in answer.text, path
        assert "/audit" not in (await client.get("/")).text


async def test_domains_of_others_are_not_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(root, monkeypatch, "admin", frozenset({B})) as client:
        entries = (await client.get("/api/v1/audit")).json()["entries"]
        chains = (await client.get("/api/v1/audit/chains")).json()["chains"]
        assert {each["domain"] for each in (*entries, *chains)} == {B}
        assert (await client.get("/api/v1/audit", params={"domain": A})).status_code == 404
        assert MAIL not in (await client.get("/audit")).text


async def test_where_the_chains_stand_and_what_protects_people(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(root, monkeypatch) as client:
        found = (await client.get("/api/v1/audit/chains")).json()
    assert [(each["domain"], each["seq"], each["checkpoint_seq"]) for each in found["chains"]] == [(A, 5, 5), (B, 2, 2)]
    said = found["protection"]
    assert (said["masked"], said["encrypted"], said["audited"], said["retention_days"], said["elsewhere"]) == (
        True,
        False,
        True,
        2192,
        [],
    )
    assert "card" in said["classes"]


async def test_what_is_no_place_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(root, monkeypatch) as client:
        assert (await client.get("/api/v1/audit", params={"before": "x"})).status_code == 400
        assert (await client.get("/api/v1/audit", params={"from": "x"})).status_code == 400
