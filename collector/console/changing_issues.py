"""What is done about an issue: the commands of `logboom issues`."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from collector.console.parts import Parts, parts, visitor
from collector.console.refusal import Refused
from collector.console.visitor import Visitor
from collector.control.asking import Told
from collector.control.record import Value
from collector.store.issue_reading import Row

VERBS: Mapping[str, frozenset[str]] = {
    "resolve": frozenset({"version", "next_release"}),
    "archive": frozenset({"until", "events", "users", "seconds"}),
    "unarchive": frozenset(),
    "assign": frozenset({"assignee"}),
    "acknowledge": frozenset(),
    "merge": frozenset({"with"}),
    "split": frozenset({"grouping"}),
    "priority": frozenset({"priority"}),
}
"""Verb → what may be said with it."""


async def change(request: Request, issue: Row, verb: str, said: Mapping[str, Value], why: str = "") -> Told:
    """The same for a request. Raises `Refused`."""
    key = request.headers.get("idempotency-key", "")
    return await carry_out(parts(request), visitor(request), issue, verb, said, why, key)


async def carry_out(
    made: Parts, who: Visitor, issue: Row, verb: str, said: Mapping[str, Value], why: str = "", key: str = ""
) -> Told:
    """Hand it over for whoever asks, and wait for what becomes of it.

    Raises:
        Refused: there is no such verb, or `Commands.carry_out` says so.
    """
    if verb not in VERBS or not set(said) <= VERBS[verb]:
        raise Refused(400, f"nothing of the kind is done about issues: there is {', '.join(VERBS)}")
    attributes: dict[str, Value] = {"logboom.issue.id": issue["issue_id"]}
    attributes.update({f"logboom.issue.{name}": value for name, value in said.items()})
    return await made.commands.carry_out(
        who, f"logboom.command.issue.{verb}", issue["domain"], attributes, why=why, key=key
    )
