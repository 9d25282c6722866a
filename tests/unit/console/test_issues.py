"""Issues: pages and API over a store with issues of two domains, whose every text is hostile."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from collector.console import changing_issues
from collector.console.commanding import Commands
from collector.control.asking import Told
from collector.store.embedded import EmbeddedStore
from collector.store.issue_reading import events
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio

NOW = time.time_ns()
A, B = "a.example", "b.example"
FIRST, SECOND = "aaaa000000000001", "bbbb000000000002"
HOSTILE = "<script>alert(1)</script>\"'\u202e\x1b[31m"
ORIGIN = {"sec-fetch-site": "same-origin", "origin": "http://localhost:8080"}


def issue(id_: str, domain: str, **fields: Any) -> dict[str, Any]:
    """A row, with markup in every text."""
    counts = orjson.dumps({HOSTILE: 3}).decode()
    texts = ("title", "component", "service", "environment", "assignee", "owner", "category", "type", "reason", "acknowledged_by",
             "triage_rule", "cause", "suggestion")  # fmt: skip
    return {
        "domain": domain, "issue_id": id_, "state": "new", "level": "critical", "priority": "high", "events": 3, "version": 7,
        "event_id": "E", "first_seen_unix_nano": NOW - 60 * 10**9, "last_seen_unix_nano": NOW, **dict.fromkeys(texts, HOSTILE),
        **dict.fromkeys(("services", "endpoints", "versions", "environments"), counts),
        "variants": orjson.dumps({HOSTILE: [HOSTILE, [HOSTILE], 3]}).decode(), "details": orjson.dumps({HOSTILE: HOSTILE}).decode(),
        **fields,
    }  # fmt: skip


def put(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    store = EmbeddedStore(tmp_path / "store.db")
    made = [
        Row(f"{number:026}", [("logboom.issue.id", FIRST), (HOSTILE, HOSTILE), ("exception.stacktrace", HOSTILE)],
            fields={"domain": A, "time_unix_nano": NOW - number * 10**9, "body": f"{HOSTILE} {number}"})
        for number in range(3)
    ]  # fmt: skip
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        put(connection, "issues", issue(FIRST, A))
        put(connection, "issues", issue(SECOND, B, state="resolved"))
        put(connection, "issue_activity", {"domain": A, "issue_id": FIRST, "activity": 1, "change": HOSTILE, "reason": HOSTILE, "who": HOSTILE,
                                           "why": HOSTILE, "time_unix_nano": NOW, "version": 1, "event_id": "E"})  # fmt: skip
        put(connection, "deployments", {"domain": A, "deployment_id": "1", "service": HOSTILE, "service_version": HOSTILE,
                                        "time_unix_nano": NOW - 120 * 10**9, "version": 1, "event_id": "E"})  # fmt: skip
    connection.close()
    async with asked(tmp_path) as opened:
        yield opened


PAGES = ("/issues", "/issues?state=resolved&sort=last", f"/issues/{FIRST}", f"/panels/issue.changed?id_={FIRST}")


@pytest.mark.parametrize("path", PAGES)
async def test_no_text_of_a_sender_is_markup(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert "\x1b" not in answer.text
    assert "could not be shown" not in answer.text


async def test_the_list_counts_states_and_draws_a_day(client: httpx.AsyncClient) -> None:
    """Of the domains that are asked for alone."""
    found = (await client.get("/api/v1/issues")).json()
    assert [row["issue_id"] for row in found["issues"]] == [FIRST]
    assert sum(found["issues"][0]["trend"]) == 3
    assert len(found["issues"][0]["trend"]) == 24
    assert found["states"] == {"new": 1, "resolved": 1}
    other = (await client.get("/api/v1/issues", params={"domain": B, "state": "all"})).json()
    assert [row["issue_id"] for row in other["issues"]] == [SECOND]
    assert other["states"] == {"resolved": 1}


async def test_an_issue_of_another_domain_is_not_there(client: httpx.AsyncClient) -> None:
    for path in (f"/issues/{FIRST}", f"/api/v1/issues/{FIRST}", f"/api/v1/issues/{FIRST}/events"):
        assert (await client.get(path, params={"domain": B})).status_code == 404


async def test_what_is_no_state_or_order_is_refused(client: httpx.AsyncClient) -> None:
    for asked_for in ({"state": "ignored"}, {"sort": "title"}):
        assert (await client.get("/issues", params=asked_for)).status_code == 400
        assert (await client.get("/api/v1/issues", params=asked_for)).status_code == 400


async def test_events_come_each_once_and_the_newest_first(client: httpx.AsyncClient) -> None:
    """Page by page, and one by one on the page."""
    found, before = [], ""
    while before is not None:
        answer = (await client.get(f"/api/v1/issues/{FIRST}/events", params={"limit": 2, "before": before})).json()
        found += [each["record_id"] for each in answer["events"]]
        before = answer["next"]
    assert found == [f"{number:026}" for number in range(3)]
    second = {"event": f"{NOW}.{found[0]}"}
    assert " 1</bdi></pre>" in (await client.get(f"/issues/{FIRST}", params=second)).text
    newer = {"event": f"{NOW - 2 * 10**9}.{found[2]}", "way": "newer"}
    assert " 1</bdi></pre>" in (await client.get(f"/issues/{FIRST}", params=newer)).text


def test_events_are_found_by_the_minutes_that_have_some(tmp_path: Path) -> None:
    """Whatever lies between them; minutes with more issues than are counted apart are looked through, too."""
    minute = 60 * 10**9
    at = [NOW - ago * minute for ago in (0, 1, 500, 501, 9000)]
    store = EmbeddedStore(tmp_path / "store.db")
    made = [
        Row(f"{number:026}", [("logboom.issue.id", FIRST if number < 5 else SECOND)], fields={"domain": A, "time_unix_nano": when})
        for number, when in enumerate([*at, *range(NOW - 600 * minute, NOW, 10 * minute)])
    ]  # fmt: skip
    store.insert(rows(batch_of(made), Limits()))
    store.close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute(
            "UPDATE issue_minutes SET issue_id = '(other)' WHERE minute = ? AND issue_id = ?", (at[2] // minute, FIRST)
        )
        row = {"domain": A, "issue_id": FIRST}

        def ids(**place: Any) -> list[int]:
            return [int(each["record_id"]) for each in events(connection, row, 10, **place)]

        assert ids() == [0, 1, 2, 3, 4]
        assert ids(before=(at[1], f"{1:026}")) == [2, 3, 4]
        assert ids(after=(at[3], f"{3:026}")) == [2, 1, 0]
        assert [each["record_id"] for each in events(connection, row, 2)] == [f"{number:026}" for number in (0, 1)]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Commands, as they are handed over."""
    seen: list[tuple[str, dict[str, Any]]] = []

    async def carry_out(_: Commands, __: Any, name: str, domain: str, attributes: Any, **more: Any) -> Told:
        seen.append((name, {"domain": domain, **attributes, "why": more["why"]}))
        return Told("C")

    monkeypatch.setattr(Commands, "carry_out", carry_out)
    return seen


async def test_a_form_becomes_the_command_and_leads_back(
    client: httpx.AsyncClient, done: list[tuple[str, dict[str, Any]]]
) -> None:
    answer = await client.post(f"/issues/{FIRST}/archive", data={"of": A, "days": "7", "why": "known"}, headers=ORIGIN)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/issues/{FIRST}?of={A}&done=archive")
    said = {
        "domain": A,
        "logboom.issue.id": FIRST,
        "logboom.issue.until": "condition",
        "logboom.issue.seconds": 604_800,
    }
    assert done == [("logboom.command.issue.archive", {**said, "why": "known"})]
    assert "It is archived" in (await client.get(answer.headers["location"])).text


async def test_a_patch_asks_for_what_was_seen(
    client: httpx.AsyncClient, done: list[tuple[str, dict[str, Any]]]
) -> None:
    tag = (await client.get(f"/api/v1/issues/{FIRST}")).headers["etag"]
    path = f"/api/v1/issues/{FIRST}"
    late = await client.patch(path, json={"priority": "low"}, headers={**ORIGIN, "if-match": '"6"'})
    both = await client.patch(path, json={"priority": "low", "state": "resolved"}, headers=ORIGIN)
    assert (late.status_code, both.status_code, done) == (412, 400, [])
    answer = await client.patch(path, json={"state": "resolved", "version": "2"}, headers={**ORIGIN, "if-match": tag})
    assert answer.status_code == 200
    assert [name for name, _ in done] == ["logboom.command.issue.resolve"]
    assert done[0][1]["logboom.issue.version"] == "2"


def test_verbs_are_those_of_the_command_line() -> None:
    from collector.cli import issue_changes

    names = {"ack": "acknowledge"}
    written = {names.get(name, name) for name in vars(issue_changes) if name in {*changing_issues.VERBS, "ack"}}
    assert written == set(changing_issues.VERBS)
