"""Issues for agents; and what is done about them, where the options allow it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from collector.causes.briefing import briefing
from collector.console.changing_issues import carry_out
from collector.console.mcp.answers import Answer
from collector.console.mcp.redacted import members
from collector.console.mcp.tools import Arguments, Caller, Tool
from collector.console.times import iso
from collector.console.views import issues as views
from collector.control.record import Value
from collector.scope import Scope
from collector.store.issue_reading import Row, Whole, whole
from collector.store.reading import Readable

_IDS = ("issue_id", "domain", "state", "priority", "level", "events", "users")
_SAID = ("title", "component", "service", "environment", "category")


class Issues(Arguments):
    """Those of a state."""

    state: Annotated[
        str,
        Field(max_length=20, description="open, all, new, ongoing, escalating, regressed, archived, resolved, merged."),
    ] = "open"
    sort: Literal["urgency", "events", "last", "first"] = "urgency"
    limit: Annotated[int, Field(ge=1, le=50)] = 20


async def issues(caller: Caller, given: Issues) -> Answer:
    """The most urgent first."""
    states = views.states_of(given.state)
    found = await caller.ask(
        caller.scope(given.domain), lambda connection: views.issues(connection, states, given.sort, given.limit)
    )
    rows = await asyncio.to_thread(lambda: [_listed(row) for row in found.rows])
    return Answer({"issues": rows, "by_state": dict(found.states)}, "issues")


def _listed(row: Row) -> dict[str, Any]:
    said = members({name: row[name] for name in _SAID if row.get(name)})
    seen = {
        f"{name}_seen": iso(row[f"{name}_seen_unix_nano"])
        for name in ("first", "last")
        if row[f"{name}_seen_unix_nano"]
    }
    return {name: row[name] for name in _IDS if row.get(name)} | said | seen | {"last_24_hours": row["trend"]}


class OfIssue(Arguments):
    """One issue."""

    id: Annotated[str, Field(min_length=4, max_length=64, description="`issue_id`, or how it begins.")]


async def issue(caller: Caller, given: OfIssue) -> Answer:
    """As a model is told it: what it is, what changed, where to look, what was done."""
    row = await _row(caller, given.id, given.domain)

    def question(connection: Readable) -> tuple[Whole, Any]:
        from collector.causes.explaining import (
            explain_issue,
        )  # takes polars, which the rest of the console does without

        return whole(connection, row), explain_issue(connection, row["domain"], row["issue_id"])

    found, cause = await caller.ask(Scope.of(row["domain"]), question)
    told = await asyncio.to_thread(briefing, {**found.issue, "variants": list(found.variants)}, found.activity, cause)
    return Answer({"domain": row["domain"], **told.document})


class Resolve(OfIssue):
    """It is mended."""

    version: Annotated[
        str, Field(max_length=255, description="In which version it is mended; seen in older ones it stays resolved.")
    ] = ""
    why: Annotated[str, Field(min_length=1, max_length=400)]


class Archive(OfIssue):
    """Nobody is told of it until then."""

    until: Literal["escalating", "forever"] = "escalating"
    why: Annotated[str, Field(min_length=1, max_length=400)]


class Acknowledge(OfIssue):
    """Somebody has seen it."""

    why: Annotated[str, Field(min_length=1, max_length=400)]


class Assign(OfIssue):
    """Who looks after it."""

    assignee: Annotated[str, Field(max_length=200, description="Empty: nobody.")]
    why: Annotated[str, Field(min_length=1, max_length=400)]


async def resolve(caller: Caller, given: Resolve) -> Answer:
    """Seen again, it has regressed."""
    return await _done(caller, given, "resolve", {"version": given.version} if given.version else {}, given.why)


async def archive(caller: Caller, given: Archive) -> Answer:
    """It comes back by itself when it escalates."""
    return await _done(caller, given, "archive", {"until": given.until}, given.why)


async def acknowledge(caller: Caller, given: Acknowledge) -> Answer:
    """Its escalation rests."""
    return await _done(caller, given, "acknowledge", {}, given.why)


async def assign(caller: Caller, given: Assign) -> Answer:
    """To a person, or to nobody."""
    return await _done(caller, given, "assign", {"assignee": given.assignee}, given.why)


async def _done(caller: Caller, given: OfIssue, verb: str, said: Mapping[str, Value], why: str) -> Answer:
    row = await _row(caller, given.id, given.domain)
    told = await carry_out(caller.parts, caller.visitor, row, verb, said, f"an agent, over MCP: {why}")
    done = "done" if told.settled else "on its way: its owner has not answered yet"
    return Answer({"issue_id": row["issue_id"], "domain": row["domain"], "did": verb, "command": told.id}, "", [done])


async def _row(caller: Caller, id_: str, domain: str) -> Row:
    return await caller.ask(caller.scope(domain), lambda connection: views.issue(connection, id_))


ISSUES = (
    Tool(
        "issues",
        "Errors by their cause, the most urgent first, each with its events in the hours of the last day.",
        Issues,
        issues,
    ),
    Tool(
        "issue",
        "An issue: stack or pattern, samples, where it is seen, what changed when it began and where to look, what was done.",
        OfIssue,
        issue,
    ),
)
DECIDING = (
    Tool("resolve_issue", "Say that an issue is mended.", Resolve, resolve, changes=True),
    Tool("archive_issue", "Let nobody be told of an issue for now.", Archive, archive, changes=True),
    Tool("acknowledge_issue", "Say that somebody has seen an issue.", Acknowledge, acknowledge, changes=True),
    Tool("assign_issue", "Say who looks after an issue.", Assign, assign, changes=True),
)
