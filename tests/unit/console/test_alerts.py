"""Alerts, silences and responses on their page and by the API, and what becomes of decisions."""

from __future__ import annotations

import html
import json
import re
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.alert_commands import (
    ACKNOWLEDGE,
    GROUP,
    MATCHERS,
    SECONDS,
    SILENCE,
    SILENCE_ID,
    UNACKNOWLEDGE,
    UNSILENCE,
)
from collector.console import commanding
from collector.control.asking import NotRunning, Settled, Told
from collector.control.record import ControlRecord
from collector.reserved import APPLIED
from collector.responses.words import APPROVE, ID
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.events import marked
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio
NOW = time.time_ns()


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each test: pages say how long ago something was, and tests before this one take minutes."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", time.time_ns())


MINUTE = 60 * 10**9
TELLS: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "connectors": {
        "alerting": {
            "route": {
                "receiver": "office",
                "routes": [{"matchers": ['level="critical"'], "receiver": "oncall", "escalation": "up"}],
            },
            "receivers": {"office": ["webhook/chat"], "oncall": ["webhook/pager"]},
            "escalations": {"up": {"steps": [{"after": "5m", "notify": ["webhook/boss"]}, {"after": "15m", "notify": ["webhook/chief"]}]}},
            "monitors": [{"name": "busy", "query": "failed", "above": 20}],
        }
    },
    "exporters": {
        "sqlite": {}, **{f"webhook/{name}": {"endpoint": "https://chat.example/hook"} for name in ("chat", "pager", "boss", "chief")},
    },
    "service": {
        "pipelines": {
            "logs": {"receivers": ["otlp"], "exporters": ["sqlite", "alerting"]},
            "logs/alerts": {"receivers": ["alerting"], "exporters": [f"webhook/{name}" for name in ("chat", "pager", "boss", "chief")]},
        }
    },
}  # fmt: skip
HOSTILE = "<b>\u202eboom"
_TOLD = "INSERT INTO notifications VALUES (?, ?, ?, ?, 'team', ?, '', 'critical', ?, 7, ?, '[]', ?, 1, ?)"


def made(path: Path) -> None:
    """A store with one record."""
    store = EmbeddedStore(path)
    store.insert(rows(batch_of([Row("1", fields={"domain": "a.example"})]), Limits()))
    store.close()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[ControlRecord]:
    """Commands that reached the service, which applies all."""
    found: list[ControlRecord] = []

    def ask(_root: Path, record: ControlRecord, _wait: float) -> Told:
        found.append(record)
        return Told(record.id, [Settled("connector/alerting", applied=True)])

    monkeypatch.setattr(commanding, "ask", ask)
    return found


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    made(tmp_path / "store.db")
    with closing(sqlite3.connect(tmp_path / "store.db")) as store, store:
        labels = '{"service": "' + HOSTILE + '"}'
        for group, exporter, sequence, status in (
            ("g1", "slack", 1, "firing"), ("g1", "mail", 1, "firing"), ("g1", "mail", 2, "resolved"), ("g2", "slack", 1, "resolved"),
        ):  # fmt: skip
            store.execute(_TOLD, ("a.example", group, exporter, sequence, status, NOW, labels, NOW + sequence, "e"))
        store.execute(
            "INSERT INTO silences VALUES ('a.example', 's1', '{level=\"warning\"}', 'anna', ?, 0, ?, 1, 'e')",
            (HOSTILE, NOW + 10**13),
        )
        store.execute("INSERT INTO silences VALUES ('a.example', 's0', '{}', 'anna', '', 0, 1, 1, 'e')")
        store.execute(
            "INSERT INTO responses (domain, response_id, name, target, state, dry_run, time_unix_nano, version, event_id)"
            " VALUES ('a.example', 'r1', 'restart', 'shop', 'proposed', 0, ?, 1, 'e')",
            (NOW,),
        )
    async with asked(tmp_path) as opened:
        yield opened


async def get(client: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await client.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()[path]


async def test_a_group_has_all_who_were_told_with_the_last_thing_each(client: httpx.AsyncClient) -> None:
    [firing] = await get(client, "alerts")
    assert (firing["group_id"], firing["status"], firing["count"]) == ("g1", "firing", 7)
    both = {each["group_id"]: each for each in await get(client, "alerts", all=1)}
    assert {each["exporter"]: each["status"] for each in both["g1"]["told"]} == {"slack": "firing", "mail": "resolved"}
    assert both["g2"]["status"] == "resolved"
    assert [each["silence_id"] for each in await get(client, "silences")] == ["s1"]
    assert [each["response_id"] for each in await get(client, "responses")] == ["r1"]


async def test_the_page_shows_them_and_no_text_of_senders_as_markup(client: httpx.AsyncClient) -> None:
    page = (await client.get("/alerts")).text
    for word in ("slack", "anna", "restart", "Acknowledge", "Approve"):
        assert word in page
    assert "could not be shown" not in page
    assert "<b>\u202e" not in page
    assert "\u202e" not in page
    assert 'style="' not in page


def said(name: str, group: str, until: int, at: int) -> Row:
    """What the owner says of a command."""
    became = json.dumps({GROUP: group, "logboom.alert.acknowledged_until": until})
    attributes = [
        ("logboom.command.who", f"anna{HOSTILE}"),
        ("logboom.command.name", name),
        ("logboom.command.snapshot", became),
    ]
    fields = {"domain": "a.example", "event_name": APPLIED, "time_unix_nano": at}
    return Row(f"c{name}{group}", attributes, fields=fields)


async def groups_of(root: Path, *events: Row) -> dict[str, str]:
    """Of three groups that fire: the text of their rows on the page, by title."""
    made(root / "store.db")
    store = EmbeddedStore(root / "store.db")
    if events:
        store.insert(rows(marked(batch_of(events), [APPLIED] * len(events)), Limits()))
    store.close()
    with closing(sqlite3.connect(root / "store.db")) as database, database:
        told = "INSERT INTO notifications VALUES (?, ?, ?, ?, ?, 'firing', ?, 'critical', ?, 7, '{}', ?, ?, 1, 'e')"
        for group, receiver, exporter, reason, ago in (
            ("g1", "oncall", "webhook/pager", "first notification", 4), ("g2", "oncall", "webhook/pager", "first notification", 14),
            ("g2", "oncall", "webhook/boss", "nobody acknowledged it", 9), ("g3", "office", "webhook/chat", "first notification", 60),
        ):  # fmt: skip
            at = NOW - ago * MINUTE
            shown = json.dumps([{"annotations": {"title": f"fault {group}"}, "labels": {"issue": f"i{group}"}}])
            database.execute(told, ("a.example", group, exporter, at, receiver, reason, NOW - 10**12, shown, at))
    async with asked(root, config=TELLS) as client:
        page = (await client.get("/panels/alerts.groups")).text
        assert 'href="/issues/ig1?of=a.example"' in page
        assert "\u202e" not in page
        rows_ = re.findall(r"<tr data-level.*?</tr>", page, re.DOTALL)
        texts = [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", each)).split()) for each in rows_]
        assert len(texts) == 3
        return {group: next(text for text in texts if f"fault {group}" in text) for group in ("g1", "g2", "g3")}


async def test_it_says_who_is_told_next_of_what_nobody_acknowledged(tmp_path: Path) -> None:
    found = await groups_of(tmp_path)
    assert re.search(r"webhook/boss in (1 min|60 s|59 s|5\d s) unless acknowledged", found["g1"])
    assert re.search(r"webhook/chief in (1 min|60 s|5\d s) unless acknowledged", found["g2"])
    assert re.search(r"again in (3 h|2.9 h) while it goes on", found["g3"])


async def test_who_acknowledged_stands_there_until_it_is_taken_back_or_over(tmp_path: Path) -> None:
    until = NOW + 30 * MINUTE
    found = await groups_of(
        tmp_path,
        said(ACKNOWLEDGE, "g1", until, NOW - 3 * MINUTE), said(ACKNOWLEDGE, "g2", until, NOW - 3 * MINUTE),
        said(UNACKNOWLEDGE, "g2", 0, NOW - 2 * MINUTE), said(ACKNOWLEDGE, "g3", NOW - MINUTE, NOW - 3 * MINUTE),
    )  # fmt: skip
    assert re.search(r"by anna.* holds until \d\d:\d\d Take back", found["g1"])
    assert "chief" in found["g2"]
    assert "again in" in found["g3"]


async def test_the_page_says_of_each_level_who_is_told(tmp_path: Path) -> None:
    made(tmp_path / "store.db")
    async with asked(tmp_path, config=TELLS) as client:
        page = html.unescape((await client.get("/alerts")).text)
        assert "unacknowledged: webhook/boss after 5m, webhook/chief after 15m" in page
        assert "nobody: no route asks for this level" in page
        assert "warning when more than 20 records come within 5m" in page
        assert "Nobody is told yet" not in page
    async with asked(tmp_path) as client:
        page = (await client.get("/alerts")).text
        assert "Nobody is told yet" in page
        assert "connectors:\n  alerting:" in page


async def test_an_empty_store_says_so(tmp_path: Path) -> None:
    made(tmp_path / "store.db")
    async with asked(tmp_path) as client:
        page = (await client.get("/alerts")).text
        assert "Nobody was told of anything that goes on" in page
        assert "No silence holds" in page


async def test_decisions_are_commands(client: httpx.AsyncClient, sent: list[ControlRecord]) -> None:
    answer = await client.post("/alerts/decide", data={"verb": "acknowledge", "subject": "g1", "domain": "a.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?done=acknowledge")
    assert "its escalation rests" in (await client.get(answer.headers["location"])).text
    given = {"domain": "a.example", "matchers": 'level="warning"', "for": "30m"}
    assert (await client.post("/api/v1/silences", json=given)).json()["done"]
    await client.delete("/api/v1/silences/s1", params={"domain": "a.example"})
    await client.post("/api/v1/responses/r1/approve", params={"domain": "a.example"})
    assert [each.name for each in sent] == [ACKNOWLEDGE, SILENCE, UNSILENCE, APPROVE]
    acknowledged, silenced, ended, approved = (each.attributes for each in sent)
    assert acknowledged[GROUP] == "g1"
    assert (silenced[MATCHERS], silenced[SECONDS]) == ('{level="warning"}', 1800.0)
    assert (ended[SILENCE_ID], approved[ID]) == ("s1", "r1")


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("silence", {"domain": "a.example", "matchers": "no matcher"}),
        ("silence", {"domain": "a.example", "matchers": 'a="b"', "lasts": "long"}),
        ("decide", {"domain": "a.example", "verb": "explode", "subject": "g1"}),
    ],
)
async def test_what_is_no_decision_is_refused(
    client: httpx.AsyncClient, sent: list[ControlRecord], path: str, given: dict[str, str]
) -> None:
    assert (await client.post(f"/alerts/{path}", data=given)).status_code == 400
    assert sent == []


async def test_nobody_runs(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> Told:
        raise NotRunning("nobody answers")

    monkeypatch.setattr(commanding, "ask", ask)
    answer = await client.post("/api/v1/alerts/g1/resolve", params={"domain": "a.example"})
    assert (answer.status_code, answer.json()["detail"]) == (503, "nobody answers")
