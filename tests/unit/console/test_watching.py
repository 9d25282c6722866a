"""A long answer ends with the session or the key that opened it, whether something is sent or not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from collector.console.application import application
from collector.console.security import watching
from collector.console.security.watching import Watched
from collector.domains.access_file import FILE
from collector.domains.key_store import KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from counterparts.console import HOST, Door, guarded, parts_of
from counterparts.store_writer import Writer

pytestmark = pytest.mark.anyio
BODY = {"type": "http.response.body", "body": b"x", "more_body": True}


class Client:
    """What it says, and then nothing; what it is sent."""

    def __init__(self, *says: str) -> None:
        self._says = [{"type": each} for each in says]
        self.sent: list[Any] = []
        self.lasts = True

    async def receive(self) -> Any:
        return self._says.pop(0) if self._says else await asyncio.Event().wait()

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def is_in(self) -> bool:
        return self.lasts


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EACH_SECS", 0.02)


async def test_what_is_sent_ends_with_who_asked() -> None:
    """They are asked for again each few seconds."""
    at, client = [0.0], Client()
    watched = Watched(client.receive, client.send, client.is_in, lambda: at[0])
    for at[0] in (1.0, 6.0, 9.0):
        await watched.send(BODY)
        client.lasts = at[0] < 6
    at[0] = 12.0
    with pytest.raises(OSError, match="let in"):
        await watched.send(BODY)
    assert len(client.sent) == 3


async def test_a_quiet_answer_ends_too(often: None) -> None:
    client = Client("http.request")
    watched = Watched(client.receive, client.send, client.is_in)
    assert await watched.receive() == {"type": "http.request"}
    waiting = asyncio.create_task(watched.receive())
    await asyncio.wait({waiting}, timeout=0.1)
    assert not waiting.done()
    client.lasts = False
    async with asyncio.timeout(60):
        assert await waiting == {"type": "http.disconnect"}
    with pytest.raises(OSError, match="let in"):
        await watched.send(BODY)


async def test_a_quiet_socket_is_closed_with_the_reason(often: None) -> None:
    client = Client("websocket.connect")
    client.lasts = False
    watched = Watched(client.receive, client.send, client.is_in)
    assert await watched.receive() == {"type": "websocket.connect"}
    async with asyncio.timeout(60):
        assert (await watched.receive())["type"] == "websocket.disconnect"
    assert client.sent == [{"type": "websocket.close", "code": 1008}]


async def test_a_socket_that_talks_is_closed_too() -> None:
    """What a client says in between keeps nothing open."""
    at, client = [0.0], Client("websocket.connect", "websocket.receive", "websocket.receive")
    watched = Watched(client.receive, client.send, client.is_in, lambda: at[0])
    assert [(await watched.receive())["type"] for _ in range(2)] == ["websocket.connect", "websocket.receive"]
    at[0], client.lasts = 6.0, False
    assert (await watched.receive())["type"] == "websocket.disconnect"


@pytest.mark.parametrize("ends", ["revoked", "out"])
async def test_a_tail_ends_with_the_key_or_session_that_opened_it(tmp_path: Path, often: None, ends: str) -> None:
    """And its place is free."""
    Writer(tmp_path / "store.db").close()
    made, door = new_key(KeyKind.READER), Door()
    keys = KeyStore(tmp_path / FILE)
    keys.add(Key(made.id, KeyKind.READER, "a.example", made.digest))
    options = {"login": {"authenticators": ["api_keys"]}}
    with parts_of(tmp_path, options, guarded(api_keys={}), door) as parts:
        assert parts.logins is not None
        assert parts.stores is not None
        shown = f"Bearer {made.text}"
        if ends == "out":
            token = await parts.logins.log_in(scope_of([]), "api_keys", shown)
            header = (b"cookie", f"lb-8080={token}".encode())
        else:
            header = (b"authorization", shown.encode())
        client = Client("http.request")
        answering = asyncio.create_task(application(parts)(scope_of([header]), client.receive, client.send))
        async with asyncio.timeout(60):
            while len(client.sent) < 3:
                await asyncio.sleep(0.01)
        assert client.sent[0]["status"] == 200
        await asyncio.wait({answering}, timeout=0.1)
        assert not answering.done()
        if ends == "out":
            await parts.logins.log_out(token)
        else:
            keys.revoke(made.id, 1)
            door.look()
        async with asyncio.timeout(60):
            await answering
        assert not parts.stores.tails._open


def scope_of(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """A request for the live tail."""
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": "/api/v1/logs/tail", "raw_path": b"/api/v1/logs/tail", "query_string": b"",
        "root_path": "", "headers": [(b"host", HOST.encode()), *headers], "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8080),
    }  # fmt: skip
