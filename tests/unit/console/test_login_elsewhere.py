"""People who log in at a provider: the code flow against Authlib's server, with PKCE, state and nonce, and everything that can be wrong with it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest

from counterparts.console import HOST, Door, asked, guarded
from counterparts.oidc_people import PeopleProvider

pytestmark = pytest.mark.anyio
BACK = f"http://{HOST}/login/back"
TRIP = "lb-trip-8080"


@pytest.fixture(scope="module")
def provider() -> Iterator[PeopleProvider]:
    with PeopleProvider("ES256", back=BACK) as running:
        yield running


@pytest.fixture(autouse=True)
def as_it_was(provider: PeopleProvider) -> None:
    provider.audience = "console"
    provider.claims = {"domain": "a.example", "realm": {"roles": ["staff", "sre"]}, "preferred_username": "anna"}
    provider.nonce, provider.down, provider.denies, provider.secret = None, False, False, "c0nsole"


@asynccontextmanager
async def console(
    root: Path, provider: PeopleProvider, **options: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Door]]:
    """Once it has the provider's keys."""
    oidc = {
        "issuer_url": provider.url, "username_claim": "preferred_username", "role_claim": "realm.roles", "role_map": {"sre": "operator"},
        "login": {"client_id": "console", "client_secret": provider.secret, "name": "Example ID"}, **options,
    }  # fmt: skip
    door, before = Door(), len(provider.asked)
    async with asked(root, {"login": {"authenticators": ["oidc"]}}, config=guarded(oidc=oidc), door=door) as client:
        until = time.monotonic() + 30
        while "/jwks" not in provider.asked[before:] and time.monotonic() < until:
            await anyio.sleep(0.01)
        yield client, door


def entry(provider: PeopleProvider, goal: str = "/") -> httpx.QueryParams:
    return httpx.QueryParams({"by": "oidc", "name": provider.url, "next": goal})


def at_the_provider(url: str) -> str:
    """Where its page sends the browser."""
    answer = httpx.get(url, timeout=30)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def back_from(client: httpx.AsyncClient, provider: PeopleProvider, goal: str = "/") -> str:
    sent = await client.get("/login/to", params=entry(provider, goal))
    assert sent.status_code == 303
    return at_the_provider(sent.headers["location"])


async def test_there_and_back(tmp_path: Path, provider: PeopleProvider) -> None:
    async with console(tmp_path, provider) as (client, door):
        page = (await client.get("/login", params={"next": "/logs?q=x"})).text
        assert "Log in with Example ID" in page
        sent = await client.get("/login/to", params=entry(provider, "/logs?q=x"))
        asked_for = parse_qs(urlsplit(sent.headers["location"]).query)
        assert asked_for["redirect_uri"] == [BACK]
        assert (asked_for["code_challenge_method"], asked_for["scope"]) == (["S256"], ["openid profile email"])
        for said in ("HttpOnly", "SameSite=lax", "Max-Age=600"):
            assert said in sent.headers["set-cookie"]
        came = await client.get(at_the_provider(sent.headers["location"]))
        assert (came.status_code, came.headers["location"]) == (303, "/logs?q=x")
        assert TRIP not in client.cookies
        me = (await client.get("/api/v1/me")).json()
        assert me == {
            "name": "anna",
            "role": "operator",
            "domains": ["a.example"],
            "login": "oidc",
            "privacy": False,
            "masked": True,
        }
        door.later_secs = 3600
        assert (await client.get("/api/v1/me")).status_code == 200
        door.later_secs = 12 * 3600
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_client_without_a_secret(tmp_path: Path, provider: PeopleProvider) -> None:
    """PKCE says that who asks for the token is who was sent."""
    provider.secret = ""
    async with console(tmp_path, provider) as (client, _):
        assert (await client.get(await back_from(client, provider))).status_code == 303


@pytest.mark.parametrize(
    ("claims", "options", "status", "me"),
    [
        ({"realm": {"roles": ["staff"]}}, {}, 403, None),
        ({"realm": "sre"}, {}, 403, None),
        ({"domain": None}, {}, 403, None),
        ({"domain": ["a.example", "b.example"]}, {}, 303, ("operator", ["a.example", "b.example"])),
        ({}, {"domain_claim": ""}, 303, ("operator", None)),
        ({"realm": {"roles": ["viewer", "admin"]}}, {"role_map": {}}, 303, ("admin", ["a.example"])),
        ({"realm.roles": "sre"}, {}, 303, ("operator", ["a.example"])),
        ({"scope": "logs:read", "realm": None}, {}, 303, ("viewer", ["a.example"])),
    ],
)
async def test_claims_give_role_and_domains(
    tmp_path: Path, provider: PeopleProvider, claims: dict[str, Any], options: dict[str, Any], status: int, me: Any
) -> None:
    provider.claims = {name: value for name, value in {**provider.claims, **claims}.items() if value is not None}
    async with console(tmp_path, provider, **options) as (client, _):
        came = await client.get(await back_from(client, provider))
        assert came.status_code == status
        told = (await client.get("/api/v1/me")).json()
        assert me is None or (told["role"], told["domains"]) == me


async def test_who_began_elsewhere_is_not_let_in(tmp_path: Path, provider: PeopleProvider) -> None:
    """A code that somebody else got, in this browser: it would log in as them (login CSRF); nobody asks the provider for it."""
    async with console(tmp_path, provider) as (client, door):
        came = await back_from(client, provider)
        cookie = client.cookies[TRIP]
        client.cookies.clear()
        before = len(provider.asked)
        for trip in ("", "rubbish", "e30=", cookie[:-8]):
            answer = await client.get(came, headers={"cookie": f"{TRIP}={trip}"} if trip else {})
            assert (answer.status_code, "begin again" in answer.text) == (401, True)
        for wrong in (came.replace("state=", "state=x"), f"{came}&iss=https://another.example"):
            assert (await client.get(wrong, headers={"cookie": f"{TRIP}={cookie}"})).status_code == 401
        assert len(provider.asked) == before
        assert (await client.get(came, headers={"cookie": f"{TRIP}={cookie}"})).status_code == 303
        again = await client.get(came, headers={"cookie": f"{TRIP}={cookie}"})
        assert again.status_code == 401
        assert [said.cause for said in door.refused] == ["provider"]


@pytest.mark.parametrize("what", ["nonce", "audience", "key", "expired", "denied", "down"])
async def test_what_the_provider_says_is_checked(tmp_path: Path, provider: PeopleProvider, what: str) -> None:
    async with console(tmp_path, provider) as (client, _):
        if what == "audience":
            provider.audience = "another"
        if what == "nonce":
            provider.nonce = "another"
        if what == "expired":
            provider.claims = {**provider.claims, "exp": int(time.time()) - 3600}
        provider.denies = what == "denied"
        came = await back_from(client, provider)
        keys = provider.keys
        if what == "key":
            provider.keys = [
                type(keys[0]).generate_key("P-256", parameters={"kid": keys[0].kid, "use": "sig"}, auto_kid=False)
            ]
        provider.down = what == "down"
        answer = await client.get(came)
        provider.keys = keys
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers or "lb-8080=" not in answer.headers["set-cookie"]
        assert "c0nsole" not in answer.text
        assert (await client.get("/api/v1/me")).status_code == 401
        if what == "denied":
            assert "access_denied" in answer.text


async def test_a_provider_that_is_down_is_not_asked_again_and_again(tmp_path: Path, provider: PeopleProvider) -> None:
    async with console(tmp_path, provider) as (client, _):
        provider.down = True
        discovery = "/.well-known/openid-configuration"
        before = provider.asked.count(discovery)
        for _attempt in range(5):
            answer = await client.get("/login/to", params=entry(provider))
            assert (answer.status_code, "did not work" in answer.text) == (401, True)
        assert provider.asked.count(discovery) <= before + 2  # the keys' thread asks, too
        for wrong in ({"by": "none"}, {"name": "none"}):
            answer = await client.get("/login/to", params={**dict(entry(provider)), **wrong})
            assert answer.status_code == 401
