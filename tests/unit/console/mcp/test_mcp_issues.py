"""Issues as agents are told them, and what they decide where the options allow it."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.console.commanding import Commands
from collector.console.mcp.issues import DECIDING, ISSUES
from collector.console.mcp.tools import Caller, call
from collector.console.refusal import Refused
from collector.console.visitor import Role, Visitor
from collector.control.asking import Settled, Told
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from counterparts.console import parts_of

pytestmark = pytest.mark.anyio

NOW = time.time_ns()
DOMAIN, ID = "a.example", "aaaa000000000001"
TOOLS = {tool.name: tool for tool in (*ISSUES, *DECIDING)}


def stored(root: Path) -> None:
    """An issue that somebody looks after, with a secret in its sample and its title."""
    EmbeddedStore(root / "store.db").open()
    counts = orjson.dumps({"shop": 3}).decode()
    row = {
        "domain": DOMAIN, "issue_id": ID, "state": "ongoing", "level": "critical", "priority": "high", "events": 3, "version": 7, "event_id": "E",
        "first_seen_unix_nano": NOW - 60 * 10**9, "last_seen_unix_nano": NOW, "title": "no card for anna@example.com", "service": "shop",
        "assignee": "Berta", "acknowledged_by": "Berta", "services": counts,
        "samples": orjson.dumps([[1, "R", "password=hunter2 declined"]]).decode(),
        "variants": orjson.dumps({"v": ["stack", ["shop.pay", "shop.main"], 3]}).decode(),
    }  # fmt: skip
    activity = {"domain": DOMAIN, "issue_id": ID, "activity": 1, "change": "assigned", "reason": "assigned to Berta", "who": "Berta", "why": "hers",
                "time_unix_nano": NOW, "version": 1, "event_id": "E"}  # fmt: skip
    with sqlite3.connect(root / "store.db") as connection:
        for table, values in (("issues", row), ("issue_activity", activity)):
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))
    connection.close()


async def told(root: Path, name: str, role: Role = Role.OPERATOR, sees: str = DOMAIN, **given: Any) -> dict[str, Any]:
    with parts_of(root) as parts:
        answer = await call(TOOLS, Caller(parts, Visitor("agent of anna", Scope.of(sees), role)), name, given)
        document: dict[str, Any] = json.loads(answer.text())
        return document


async def test_an_issue_is_told_with_its_stack_and_without_who(tmp_path: Path) -> None:
    stored(tmp_path)
    listed, one = await told(tmp_path, "issues"), await told(tmp_path, "issue", id=ID[:6])
    [row] = listed["data"]["issues"]
    assert (row["issue_id"], row["events"], len(row["last_24_hours"])) == (ID, 3, 24)
    assert listed["data"]["by_state"] == {"ongoing": 1}
    assert one["data"]["grouping"] == [{"by": "stack", "frames": ["shop.pay", "shop.main"], "events": 3}]
    assert one["data"]["samples"] == ["password=**** declined"]
    assert one["data"]["seen_in"] == {"services": {"shop": 3}}
    for secret in ("hunter2", "anna@", "Berta"):
        assert secret not in json.dumps([listed, one])
    with pytest.raises(Refused, match="no such issue"):
        await told(tmp_path, "issue", sees="b.example", id=ID)


@pytest.mark.parametrize(
    ("name", "given", "attributes"),
    [
        ("resolve_issue", {"version": "1.2"}, {"logboom.issue.version": "1.2"}),
        ("archive_issue", {"until": "forever"}, {"logboom.issue.until": "forever"}),
        ("acknowledge_issue", {}, {}),
        ("assign_issue", {"assignee": "Carl"}, {"logboom.issue.assignee": "Carl"}),
    ],
)
async def test_a_decision_is_the_command_of_who_asks_and_says_that_an_agent_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, given: dict[str, Any], attributes: dict[str, Any]
) -> None:
    stored(tmp_path)
    carried: list[Any] = []

    async def carry_out(_: Commands, visitor: Visitor, command: str, domain: str, said: Any, **more: Any) -> Told:
        carried.append((visitor.name, command, domain, said, more["why"]))
        return Told("C1", [Settled("issues", applied=True)])

    monkeypatch.setattr(Commands, "carry_out", carry_out)
    answer = await told(tmp_path, name, id=ID, why="seen to", **given)
    verb = name.removesuffix("_issue")
    assert carried == [
        (
            "agent of anna",
            f"logboom.command.issue.{verb}",
            DOMAIN,
            {"logboom.issue.id": ID, **attributes},
            "an agent, over MCP: seen to",
        )
    ]
    assert (answer["data"]["command"], answer["notes"]) == ("C1", ["done"])


async def test_a_viewer_decides_nothing(tmp_path: Path) -> None:
    """Whatever is offered: the command itself asks for the role."""
    stored(tmp_path)
    with pytest.raises(Refused, match="takes the role operator"):
        await told(tmp_path, "resolve_issue", Role.VIEWER, id=ID, why="mended")
