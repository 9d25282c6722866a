"""Before the first record: how to send, samples at the press of a button, and what arrives."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.console import sampling
from collector.console.security import guard
from collector.console.visitor import Role, Visitor
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio


def config(**block: Any) -> dict[str, Any]:
    """A service whose HTTP receiver has these options."""
    return {
        "receivers": {"otlp/door": {"protocols": {"http": {"endpoint": "127.0.0.1:4318", **block}}}},
        "exporters": {"sqlite": {}},
        "service": {"pipelines": {"logs": {"receivers": ["otlp/door"], "exporters": ["sqlite"]}}},
    }


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Children that would have been started; each says that all was taken."""
    found: list[Sequence[str]] = []

    def run(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        found.append(command)
        return subprocess.CompletedProcess(command, 0, json.dumps({"acknowledged": 1000}).encode())

    monkeypatch.setattr(sampling.subprocess, "run", run)
    return found


async def press(client: httpx.AsyncClient, domain: str = "") -> httpx.Response:
    return await client.post("/samples", data={"domain": domain})


async def test_the_first_page_offers_samples_and_waits(tmp_path: Path) -> None:
    async with asked(tmp_path, config=config()) as client:
        page = (await client.get("/")).text
        assert "Send 1,000 sample logs" in page
        assert "Waiting for the first record" in page
        assert "http://127.0.0.1:4318" in page
        assert "could not be shown" not in page


async def test_the_button_sends_them_through_the_door_and_what_arrives_is_shown(
    tmp_path: Path, commands: list[Sequence[str]]
) -> None:
    async with asked(tmp_path, config=config(endpoint="0.0.0.0:4400")) as client:
        answer = await press(client, "a.example")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?domain=a.example&samples=1")
        [command] = commands
        assert command[:4] == [sys.executable, "-m", "collector.cli", "send"]
        assert command[command.index("--endpoint") + 1] == "http://127.0.0.1:4400"
        assert command[command.index("--domain") + 1] == "a.example"
        store = EmbeddedStore(tmp_path / "store.db")
        store.insert(rows(batch_of([Row("1", fields={"domain": "a.example"})]), Limits()))
        store.close()
        page = (await client.get(answer.headers["location"] + "&from=now-20000d")).text
        assert "<b>1 records</b> have arrived" in page
        assert "See the overview" in page


@pytest.mark.parametrize(
    "block", [{"auth": {"authenticator": "basicauth"}}, {"tls": {"cert_file": "c", "key_file": "k"}}]
)
async def test_where_the_door_asks_for_more_there_is_no_button(
    tmp_path: Path, commands: list[Sequence[str]], block: dict[str, Any]
) -> None:
    given = config(**block)
    given["extensions"] = {
        "basicauth": {"htpasswd": {"inline": "a:$$2y$$05$$Ps2V/ykHBh1hhMVhZMlB8.R7VjTQPG6vGOkjbvvjCiEXOAWCAXCem"}}
    }
    given["service"]["extensions"] = ["basicauth"]
    async with asked(tmp_path, config=given) as client:
        page = (await client.get("/")).text
        assert "sample logs</button>" not in page
        assert "logboom send" in page
        assert (await press(client)).status_code == 409
        assert commands == []


async def test_what_was_not_taken_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"acknowledged": 0, "problem": "<b>connection refused"}).encode()
    monkeypatch.setattr(sampling.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, said))
    async with asked(tmp_path, config=config()) as client:
        answer = await press(client)
        assert answer.status_code == 503
        assert "The samples were not taken: &lt;b&gt;connection refused" in answer.text


async def test_who_sees_one_domain_sends_to_no_other(
    tmp_path: Path, commands: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LOCAL", Visitor("anna", Scope.of("a.example"), Role.OPERATOR))
    async with asked(tmp_path, config=config()) as client:
        assert "sample logs</button>" not in (await client.get("/")).text
        assert (await press(client, "b.example")).status_code == 404
        assert (await press(client)).status_code == 404
        assert (await press(client, "a.example")).status_code == 303
        assert [each[each.index("--domain") + 1] for each in commands] == ["a.example"]
