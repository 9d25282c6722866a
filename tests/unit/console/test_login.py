"""Log in, be known, log out: by keys and links, and every way in which somebody is not let in."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest
from openapi_spec_validator import validate
from pydantic import ValidationError

from collector.console.login.cookies import Cookie
from collector.domains.access_file import FILE
from collector.domains.credential import ROLES
from collector.domains.key_store import KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.domains.session_store import Link, SessionStore, new_token
from collector.extensions.console.config import ConsoleConfig
from counterparts.console import HOST, Door, asked, guarded

pytestmark = pytest.mark.anyio
OPTIONS: Mapping[str, Any] = {"login": {"authenticators": ["api_keys"]}}
PASSWORD = "pä:ss"
HASHED = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
OURS = {"origin": f"http://{HOST}"}


def a_key(root: Path, kind: KeyKind = KeyKind.READER, **fields: Any) -> tuple[str, str]:
    """Its id and its text."""
    made = new_key(kind)
    KeyStore(root / FILE).add(Key(made.id, kind, "a.example", made.digest, **fields))
    return made.id, made.text


@asynccontextmanager
async def console(root: Path, options: Mapping[str, Any] = OPTIONS) -> AsyncIterator[tuple[httpx.AsyncClient, Door]]:
    door = Door()
    async with asked(root, options, config=guarded(api_keys={}), door=door) as client:
        yield client, door


async def log_in(client: httpx.AsyncClient, key: str, **form: str) -> httpx.Response:
    return await client.post("/login", data={"by": "api_keys", "secret": key, **form}, headers=OURS)


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


async def test_who_is_not_known_is_sent_to_log_in_and_back(tmp_path: Path) -> None:
    """People by a redirect, parts of pages by htmx, programs by 401."""
    _, key = a_key(tmp_path)
    async with console(tmp_path) as (client, door):
        answer = await client.get("/logs?q=level%3Acritical&domain=a.example")
        assert (answer.status_code, answer.headers["location"]) == (
            303, "/login?next=%2Flogs%3Fq%3Dlevel%253Acritical%26domain%3Da.example",
        )  # fmt: skip
        part = await client.get("/panels/overview.figures", headers={"hx-request": "true"})
        assert (part.status_code, part.headers["hx-redirect"], part.text) == (401, "/login", "")
        told = await client.get("/api/v1/me")
        assert (told.status_code, told.headers["www-authenticate"]) == (401, 'Bearer realm="logboom"')
        assert door.refused[-1].cause == "missing"
        page = await client.get(answer.headers["location"])
        assert page.status_code == 200
        came = await log_in(client, key, next="/logs?q=level%3Acritical&domain=a.example")
        assert (came.status_code, came.headers["location"]) == (303, "/logs?q=level%3Acritical&domain=a.example")
        assert (await client.get(came.headers["location"])).status_code == 200


async def test_a_session_from_log_in_to_log_out(tmp_path: Path) -> None:
    ident, key = a_key(tmp_path)
    async with console(tmp_path) as (client, door):
        cookie = (await log_in(client, key)).headers["set-cookie"]
        for said in ("HttpOnly", "SameSite=lax", "Path=/"):
            assert said in cookie
        assert key not in cookie
        me = (await client.get("/api/v1/me")).json()
        assert me == {
            "name": ident,
            "role": "viewer",
            "domains": ["a.example"],
            "login": "api_keys",
            "privacy": False,
            "masked": True,
        }
        page = (await client.get("/")).text
        assert ident in page
        assert 'action="/logout"' in page
        taken = dict(client.cookies)
        out = await client.post("/logout", data={"form_token": form_token(page)}, headers=OURS)
        assert (out.status_code, out.headers["location"]) == (303, "/login")
        client.cookies.update(taken)
        assert (await client.get("/api/v1/me")).status_code == 401
        assert [said.split()[:2] for said in door.in_and_out] == [["in", ident], ["out", ident]]


async def test_each_log_in_is_a_session_of_its_own(tmp_path: Path) -> None:
    """A cookie that somebody put there before is worth nothing afterwards (session fixation)."""
    _, key = a_key(tmp_path)
    async with console(tmp_path) as (client, _):
        await log_in(client, key)
        first = client.cookies["lb-8080"]
        page = (await client.get("/login?link=x")).text
        await client.post(
            "/login", data={"by": "api_keys", "secret": key, "form_token": form_token(page)}, headers=OURS
        )
        second = client.cookies["lb-8080"]
        assert first != second
        for value, status in ((first, 401), (second, 200), ("x", 401), ("x" * 5000, 401)):
            client.cookies.set("lb-8080", value, domain="localhost.local")
            client.cookies.clear()
            answer = await client.get("/api/v1/me", headers={"cookie": f"lb-8080={value}"})
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("fields", "kind", "status", "cause"),
    [
        ({"revoked_at": 1}, KeyKind.READER, 401, "revoked"),
        ({"expires_at": 1}, KeyKind.READER, 401, "expired"),
        ({"not_before": 1 << 40}, KeyKind.READER, 401, "early"),
        ({}, KeyKind.INGEST, 403, "scope"),
        ({}, KeyKind.BROWSER, 403, "scope"),
        ({"networks": ("10.0.0.0/8",)}, KeyKind.READER, 403, "network"),
    ],
)
async def test_who_is_not_let_in(
    tmp_path: Path, fields: dict[str, Any], kind: KeyKind, status: int, cause: str
) -> None:
    _, key = a_key(tmp_path, kind, **fields)
    async with console(tmp_path) as (client, door):
        page = await log_in(client, key)
        assert page.status_code == status
        assert "set-cookie" not in page.headers
        assert key not in page.text
        program = await client.get("/api/v1/me", headers={"authorization": f"Bearer {key}"})
        assert program.status_code == status
        assert key not in program.text
        assert "www-authenticate" in program.headers or cause == "network"
        assert {said.cause for said in door.refused} == {cause}
        assert key not in str(door.refused)


async def test_what_nobody_knows_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    async with console(tmp_path) as (client, door):
        for text in ("rubbish", new_key(KeyKind.READER).text, "ünïcode \r\n", "x" * 5000):
            page = await log_in(client, text)
            assert page.status_code in (401, 400)
            assert text not in page.text
        assert (await client.post("/login", data={"by": "none", "secret": "x"}, headers=OURS)).status_code == 404
        assert {said.cause for said in door.refused} == {"malformed", "unknown"}


async def test_too_many_wrong_ones_close_the_network_for_strangers(tmp_path: Path) -> None:
    _, key = a_key(tmp_path)
    async with console(tmp_path) as (client, _):
        for _ in range(20):
            await log_in(client, "wrong")
        closed = await log_in(client, "wrong")
        assert closed.status_code == 429
        assert "Wait a minute" in closed.text
        assert (await log_in(client, key)).status_code == 303


@pytest.mark.parametrize("what", ["revoked", "idle", "too long", "ended elsewhere", "another key"])
async def test_a_session_ends(tmp_path: Path, what: str) -> None:
    ident, key = a_key(tmp_path)
    async with console(tmp_path) as (client, door):
        await log_in(client, key)
        assert (await client.get("/api/v1/me")).status_code == 200
        match what:
            case "revoked":
                KeyStore(tmp_path / FILE).revoke(ident, 1)
                door.look()
            case "idle":
                door.later_secs = 2 * 3600
            case "too long":
                for door.later_secs in range(3600, 12 * 3600, 3600):
                    assert (await client.get("/api/v1/me")).status_code == 200
                door.later_secs = 12 * 3600
            case "ended elsewhere":
                SessionStore(tmp_path / FILE).end_of()
            case _:
                made = new_key(KeyKind.READER)
                with sqlite3.connect(tmp_path / FILE) as connection:
                    connection.execute("UPDATE keys SET digest = ?", (made.digest,))
                connection.close()
                door.look()
        assert (await client.get("/api/v1/me")).status_code == 401
        assert (await client.get("/")).headers["location"] == "/login"


async def test_a_change_in_a_session_must_be_meant(tmp_path: Path) -> None:
    """The cookie is sent whoever made the browser ask: a form shows the token of the session, a page's script sends JSON or says who it is."""
    _, key = a_key(tmp_path)
    async with console(tmp_path) as (client, _):
        await log_in(client, key)
        token = form_token((await client.get("/")).text)

        async def change(headers: dict[str, str], **more: str) -> int:
            return (await client.post("/display", data={"theme": "dark", **more}, headers=headers)).status_code

        assert await change(OURS) == await change(OURS, form_token="0" * 64) == 403
        assert await change({}, form_token=token) == 403  # no browser is silent about where it comes from
        assert await change({"sec-fetch-site": "cross-site"}, form_token=token) == 403
        assert await change({"origin": "http://evil.example"}, form_token=token) == 403
        assert await change({"sec-fetch-site": "same-site"}, form_token=token) == 403
        assert await change(OURS, form_token=token) == 303
        assert await change({**OURS, "hx-request": "true"}) == 303
        form = {"theme": (None, "dark"), "form_token": (None, token)}
        assert (await client.post("/display", files=form, headers=OURS)).status_code == 403
        long = await client.post(
            "/display",
            content=b"theme=dark&x=" + b"x" * (80 << 10),
            headers={**OURS, "content-type": "application/x-www-form-urlencoded"},
        )
        assert long.status_code == 403


_ELSEWHERE = (
    "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
    "javascript:alert(1)", "evil", "", "/login?next=/login", "/logout", "http:/evil.example", " /x",
)  # fmt: skip


async def test_the_way_back_never_leads_off_the_console(tmp_path: Path) -> None:
    _, key = a_key(tmp_path)
    async with console(tmp_path) as (client, _):
        for elsewhere in _ELSEWHERE:
            client.cookies.clear()
            assert (await log_in(client, key, next=elsewhere)).headers["location"] == "/", elsewhere
            assert (await client.get("/login", params={"next": elsewhere})).headers["location"] == "/", elsewhere


async def test_a_link_lets_in_once(tmp_path: Path) -> None:
    """Looking at it does not use it up: programs that show what is behind links do that."""
    token, store = new_token(), SessionStore(tmp_path / FILE)
    store.add_link(token, Link("root", ROLES["admin"], None, 1 << 40))
    async with console(tmp_path, {"login": {}}) as (client, door):
        for _ in range(2):
            page = await client.get("/login", params={"link": token})
            assert 'action="/login/link"' in page.text
        came = await client.post("/login/link", data={"link": token}, headers=OURS)
        assert (came.status_code, came.headers["location"]) == (303, "/")
        assert (await client.get("/api/v1/me")).json() == {
            "name": "root", "role": "admin", "domains": None, "login": "link", "privacy": False, "masked": True,
        }  # fmt: skip
        client.cookies.clear()
        again = await client.post("/login/link", data={"link": token}, headers=OURS)
        assert again.status_code == 401
        assert "followed before" in again.text
        assert door.in_and_out[0].startswith("in root link")


async def test_a_link_for_some_domains_shows_those(tmp_path: Path) -> None:
    SessionStore(tmp_path / FILE).add_link(
        "t", Link("bob", ROLES["operator"], frozenset({"b.example", "a.example"}), 1 << 40)
    )
    async with console(tmp_path, {"login": {}}) as (client, _):
        await client.post("/login/link", data={"link": "t"}, headers=OURS)
        me = (await client.get("/api/v1/me")).json()
        assert (me["role"], me["domains"]) == ("operator", ["a.example", "b.example"])


async def test_programs_show_a_key_and_people_don_t(tmp_path: Path) -> None:
    """A key in a header opens no page, so what a proxy adds counts for nothing there; one in a URL opens nothing at all."""
    ident, key = a_key(tmp_path, KeyKind.ADMIN)
    async with console(tmp_path, {**OPTIONS, "loki": True}) as (client, door):
        bearer = {"authorization": f"Bearer {key}"}
        me = (await client.get("/api/v1/me", headers=bearer)).json()
        assert me == {
            "name": ident,
            "role": "admin",
            "domains": ["a.example"],
            "login": "",
            "privacy": False,
            "masked": True,
        }
        assert (await client.get("/api/v1/me", headers={"x-api-key": key})).status_code == 200
        assert (await client.get("/loki/api/v1/labels", headers=bearer)).status_code != 401
        assert (await client.get("/loki/api/v1/labels")).status_code == 401
        assert (await client.get("/", headers=bearer)).status_code == 303
        assert (await client.get("/static/x/none", headers={"authorization": "Bearer rubbish"})).status_code == 404
        assert door.refused[-1].cause == "missing"
        assert (await client.get("/api/v1/me", params={"key": key})).status_code == 401


async def test_two_authorizations_are_refused(tmp_path: Path) -> None:
    _, key = a_key(tmp_path)
    async with console(tmp_path) as (client, _):
        two = [("authorization", f"Bearer {key}"), ("authorization", "Bearer x")]
        assert (await client.get("/api/v1/me", headers=two)).status_code == 400


async def test_sessions_that_can_t_be_looked_up_are_nobody_s_fault(tmp_path: Path) -> None:
    """Whoever asks comes again; nobody is let in meanwhile."""
    async with console(tmp_path) as (client, _):
        (tmp_path / FILE).write_bytes(b"no database" * 1000)
        answer = await client.get("/", headers={"cookie": "lb-8080=x"})
        assert answer.status_code == 503
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("options", "name", "secure"),
    [
        ({}, "lb-8080", False),
        ({"public_url": "https://logs.example"}, "__Host-lb", True),
        ({"public_url": "http://logs.example"}, "lb-8080", False),
        ({"public_url": "https://logs.example/x", "base_path": "/x"}, "lb-8080", True),
        ({"tls": {"cert_file": "c", "key_file": "k"}}, "__Host-lb", True),
    ],
)
def test_cookies_are_as_narrow_as_they_can_be(options: dict[str, Any], name: str, secure: bool) -> None:
    cookie = Cookie.of(ConsoleConfig.model_validate(options))
    assert (cookie.name, cookie.secure, cookie.path) == (name, secure, options.get("base_path", "/"))


async def test_the_document_says_what_to_show(tmp_path: Path) -> None:
    _, key = a_key(tmp_path)
    async with console(tmp_path) as (client, _):
        document = (await client.get("/api/v1/openapi.json", headers={"authorization": f"Bearer {key}"})).json()
        validate(document)
        assert [next(iter(each)) for each in document["security"]] == list(document["components"]["securitySchemes"])
    async with asked(tmp_path) as client:
        assert "security" not in (await client.get("/api/v1/openapi.json")).json()


def test_a_login_without_options_is_one() -> None:
    assert ConsoleConfig.model_validate({"login": None}).login == ConsoleConfig.model_validate({"login": {}}).login
    assert ConsoleConfig.model_validate({"login": None}).login is not None
    assert ConsoleConfig().login is None


@pytest.mark.parametrize(
    "url", ["logs.example", "https://", "https://u@logs.example", "https://logs.example/x", "https://logs.example?x"]
)
def test_what_is_no_public_url(url: str) -> None:
    with pytest.raises(ValidationError):
        ConsoleConfig.model_validate({"public_url": url})


def test_clear_text_is_warned_of() -> None:
    """Where keys and passwords go over a network as they are."""
    others = {"endpoint": "0.0.0.0:8080", "login": {}}
    tls = {"cert_file": "c", "key_file": "k"}
    for more in ({"endpoint": "127.0.0.1:8080"}, {"public_url": "https://logs.example"}, {"tls": tls}):
        assert ConsoleConfig.model_validate(others | more).cautions() == {}
    assert (
        "clear text"
        in ConsoleConfig.model_validate(others | {"public_url": "http://logs.example"}).cautions()["endpoint"]
    )


async def test_by_which_names_it_is_asked_for(tmp_path: Path) -> None:
    """One that others reach, by any, unless some are named: a stranger's name leads to the login, whose cookies it does not have."""
    others = {"login": {}, "endpoint": "0.0.0.0:8080"}
    for options, host, status in (
        (others, "logs.example:8080", 200), (others, "10.0.0.1:8080", 200),
        (others | {"hosts": ["logs.example"]}, "logs.example", 200), (others | {"hosts": ["logs.example"]}, "evil.example", 421),
        (others | {"public_url": "https://logs.example"}, "logs.example", 200),
        (others | {"public_url": "https://logs.example"}, "evil.example", 421),
        ({"login": {}}, "evil.example", 421),
    ):  # fmt: skip
        async with console(tmp_path, options) as (client, _):
            assert (await client.get("/login", headers={"host": host})).status_code == status, (options, host)


async def test_without_a_login_there_is_none(tmp_path: Path) -> None:
    async with asked(tmp_path) as client:
        for method, path in (("GET", "/login"), ("POST", "/login"), ("POST", "/login/link"), ("POST", "/logout")):
            answer = await client.request(method, path, data={"by": "x", "secret": "x", "link": "x"})
            assert answer.status_code == 404, path
        assert "Log out" not in (await client.get("/")).text


@asynccontextmanager
async def with_passwords(root: Path, **options: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Door]]:
    users = root / "users"
    users.write_text(f"anna:{HASHED}\nbob:{HASHED}\n")
    basic = {"htpasswd": {"file": str(users)}, "roles": {"anna": "operator"}, **options}
    door, login = Door(), {"login": {"authenticators": ["basicauth", "api_keys"]}}
    async with asked(root, login, config=guarded(basicauth=basic, api_keys={}), door=door) as client:
        yield client, door


async def test_a_name_and_a_password(tmp_path: Path) -> None:
    """A slow hash is waited for; a user without a role may send, and not look."""
    async with with_passwords(tmp_path, domains={"anna": "b.example"}) as (client, door):
        page = (await client.get("/login")).text
        assert 'autocomplete="current-password"' in page
        assert page.index("Log in with a password") < page.index("Log in with a key")
        form = {"by": "basicauth", "user": "anna", "secret": PASSWORD}
        for wrong, status in (({"secret": "wrong"}, 401), ({"user": "nobody"}, 401), ({"user": "bob"}, 403)):
            answer = await client.post("/login", data=form | wrong, headers=OURS)
            assert (answer.status_code, PASSWORD in answer.text) == (status, False)
        assert (await client.post("/login", data=form, headers=OURS)).status_code == 303
        me = (await client.get("/api/v1/me")).json()
        assert me == {
            "name": "anna",
            "role": "operator",
            "domains": ["b.example"],
            "login": "basicauth",
            "privacy": False,
            "masked": True,
        }
        client.cookies.clear()
        assert (await client.get("/api/v1/me", auth=("anna", PASSWORD))).status_code == 200
        told = await client.get("/api/v1/me")
        assert sorted(told.headers.get_list("www-authenticate")) == [
            'Basic realm="logboom", charset="UTF-8"', 'Bearer realm="logboom"',
        ]  # fmt: skip
        from_page = await client.get("/api/v1/me", headers={"sec-fetch-site": "same-origin"})
        assert from_page.headers.get_list("www-authenticate") == ['Bearer realm="logboom"']
        assert PASSWORD not in str(door.refused)


@pytest.mark.parametrize("users", ["bob:x\n", "anna:{SHA}x\nbob:x\n"])
async def test_a_user_who_is_gone_or_has_another_password_is_out(tmp_path: Path, users: str) -> None:
    async with with_passwords(tmp_path) as (client, door):
        await client.post("/login", data={"by": "basicauth", "user": "anna", "secret": PASSWORD}, headers=OURS)
        assert (await client.get("/api/v1/me")).json()["domains"] is None
        (tmp_path / "users").write_text(users)
        door.look()
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_web_socket_is_opened_for_who_is_known(tmp_path: Path) -> None:
    """Nobody else gets as far as a handshake."""
    _, key = a_key(tmp_path)
    async with console(tmp_path, {**OPTIONS, "loki": True}) as (client, _):
        transport = client._transport
        assert isinstance(transport, httpx.ASGITransport)

        async def status(*headers: tuple[bytes, bytes]) -> int:
            told: list[Any] = []

            async def send(message: Any) -> None:
                told.append(message)

            async def receive() -> Any:
                return {"type": "websocket.connect"}

            scope = {
                "type": "websocket", "path": "/loki/api/v1/tail", "query_string": b"query=", "scheme": "ws", "subprotocols": [],
                "headers": [(b"host", HOST.encode()), *headers], "client": ("127.0.0.1", 1), "server": ("localhost", 8080),
                "extensions": {"websocket.http.response": {}},
            }  # fmt: skip
            await transport.app(scope, receive, send)
            return int(told[0]["status"])

        assert await status() == await status((b"authorization", b"Bearer x")) == 401
        assert await status((b"authorization", f"Bearer {key}".encode())) == 400
        assert await status((b"origin", b"http://evil.example"), (b"authorization", f"Bearer {key}".encode())) == 403
