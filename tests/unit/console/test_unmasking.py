"""To see a record without masks takes a role, a reason, and an entry of the audit log before it is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.console import unmasking
from collector.console.security import guard
from collector.console.visitor import Role, Visitor, visitor_of
from collector.control.asking import NotRunning
from collector.control.catalogue import PRIVACY_UNMASKED
from collector.control.record import ControlRecord
from collector.domains.credential import ROLES
from collector.encryption.key_ring import KeyRing
from collector.encryption.master_key import LocalMasterKey, new_master_key
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio
A, RECORD, MAIL, CARD = "a.example", f"{1:026}", "jane.roe@example.com", "4111 1111 1111 1111"
PAGE, API = f"/logs/{RECORD}/unmask", f"/api/v1/logs/{RECORD}/unmask"
ORIGIN = {"sec-fetch-site": "same-origin", "origin": "http://localhost:8080"}
VISITORS: dict[str, Visitor] = {
    name: visitor_of(name, scopes, frozenset({A}), "basicauth") for name, scopes in ROLES.items()
}


def stored(root: Path, attributes: Any = (), domain: str = A) -> None:
    store = EmbeddedStore(root / "store.db")
    row = Row(RECORD, [("who", MAIL), *attributes], fields={"domain": domain, "body": f"paid with {CARD}"})
    store.insert(rows(batch_of([row]), Limits()))
    store.close()


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> list[ControlRecord]:
    told: list[ControlRecord] = []
    monkeypatch.setattr(unmasking, "ask", lambda _root, record: told.append(record))
    return told


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(role: str) -> AsyncIterator[httpx.AsyncClient]:
        monkeypatch.setattr(guard, "LOCAL", VISITORS[role])
        async with asked(tmp_path, {"redact": {"enabled": True}}) as client:
            yield client

    return opened


async def test_with_a_reason_it_is_shown_and_that_is_audited(
    console: Callable[..., Any], tmp_path: Path, audited: list[ControlRecord]
) -> None:
    stored(tmp_path)
    async with console("privacy") as client:
        before = await client.get(f"/logs/{RECORD}")
        assert MAIL not in before.text
        assert "Unmask" in before.text
        page = await client.post(PAGE, data={"reason": "case 1234"}, headers=ORIGIN)
        program = await client.post(API, json={"reason": "  case\n 1234 "})
    assert (page.status_code, program.status_code) == (200, 200)
    for text in (page.text, program.text):
        assert MAIL in text
        assert CARD in text
    assert page.headers["cache-control"] == "no-store"
    assert [each.name for each in audited] == [PRIVACY_UNMASKED.event_name] * 2
    for each, by in zip(audited, ("console", "api"), strict=True):
        assert each.domain == A
        assert each.attributes["user.id"] == "privacy"
        assert (each.attributes["logboom.why"], each.attributes["logboom.record"], each.attributes["logboom.by"]) == (
            "case 1234",
            RECORD,
            by,
        )
        assert MAIL not in str(each)


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
async def test_no_other_role_sees_it(
    role: str, console: Callable[..., Any], tmp_path: Path, audited: list[ControlRecord]
) -> None:
    stored(tmp_path)
    async with console(role) as client:
        for path, given in ((PAGE, {"data": {"reason": "case 1234"}}), (API, {"json": {"reason": "case 1234"}})):
            answer = await client.post(path, headers=ORIGIN, **given)
            assert answer.status_code == 403
            assert MAIL not in answer.text
        shown = await client.get(f"/logs/{RECORD}")
    assert "Unmask<" not in shown.text
    assert "takes the role privacy" in shown.text
    assert audited == []


@pytest.mark.parametrize("reason", ["", "   ", "abc", "x" * 501])
async def test_without_a_reason_it_is_not_shown(
    reason: str, console: Callable[..., Any], tmp_path: Path, audited: list[ControlRecord]
) -> None:
    stored(tmp_path)
    async with console("privacy") as client:
        answer = await client.post(PAGE, data={"reason": reason}, headers=ORIGIN)
    assert answer.status_code == 400
    assert MAIL not in answer.text
    assert audited == []


async def test_what_cannot_be_audited_is_not_shown(
    console: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object) -> None:
        raise NotRunning("the control journal is full")

    monkeypatch.setattr(unmasking, "ask", nobody)
    stored(tmp_path)
    async with console("privacy") as client:
        answer = await client.post(API, json={"reason": "case 1234"})
    assert answer.status_code == 503
    assert MAIL not in answer.text


async def test_a_record_of_another_domain_is_not_there(
    console: Callable[..., Any], tmp_path: Path, audited: list[ControlRecord]
) -> None:
    stored(tmp_path, domain="b.example")
    async with console("privacy") as client:
        assert (await client.post(API, json={"reason": "case 1234"})).status_code == 404
    assert audited == []


async def test_privacy_changes_nothing_else_and_pages_of_others_ask_in_vain(
    console: Callable[..., Any], tmp_path: Path, audited: list[ControlRecord]
) -> None:
    stored(tmp_path)
    async with console("privacy") as client:
        assert (await client.post("/health/deadletters", data={"action": "delete"}, headers=ORIGIN)).status_code == 403
        assert (await client.post(f"/issues/{RECORD}/unmask", headers=ORIGIN)).status_code == 403
        strange = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
        assert (await client.post(PAGE, data={"reason": "case 1234"}, headers=strange)).status_code == 403
    assert audited == []


async def test_what_is_encrypted_is_a_lock_until_it_is_unmasked(
    console: Callable[..., Any], tmp_path: Path, audited: list[ControlRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new_master_key()

    def ring(*_: object) -> KeyRing:
        return KeyRing(tmp_path / "keys.db", lambda: LocalMasterKey(lambda: [key]))

    keys = ring()
    keys.check()
    sealed = keys.seal_text(A, "patient", "Jane Roe")
    keys.close()
    stored(tmp_path, [("patient", sealed)])
    monkeypatch.setattr(unmasking, "key_ring", ring)
    async with console("privacy") as client:
        masked = (await client.get(f"/api/v1/logs/{RECORD}")).json()
        plain = (await client.post(API, json={"reason": "case 1234"})).json()
    assert masked["attributes"]["patient"] == "🔒 encrypted"
    assert plain["attributes"]["patient"] == "Jane Roe"


def test_the_role_looks_and_no_role_above_it_has_it() -> None:
    """Who runs the service need not see whom it is about."""
    assert VISITORS["privacy"].role is Role.VIEWER
    assert {name for name, each in VISITORS.items() if each.privacy} == {"privacy"}
    assert {name for name, each in VISITORS.items() if each.sees_audit} == {"privacy", "admin"}
    both = visitor_of("x", ROLES["operator"] | ROLES["privacy"], None)
    assert (both.role, both.privacy, both.scope) == (Role.OPERATOR, True, Scope.everything())
