"""Issues for programs: lists, one, its records, and what is done about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from collector.console.api.records import Domain, ask
from collector.console.api.unchanged import MinuteRoute, RecordsRoute
from collector.console.asking import scope_of
from collector.console.changing_issues import change
from collector.console.parts import visitor
from collector.console.refusal import Refused
from collector.console.views.issues import MOST, issue, issues, states_of
from collector.scope import Scope
from collector.store.issue_reading import Row, events, whole

router = APIRouter(tags=["issues"])
lists = APIRouter(tags=["issues"], route_class=MinuteRoute)
records = APIRouter(tags=["issues"], route_class=RecordsRoute)
State = Literal["open", "all", "new", "ongoing", "escalating", "regressed", "archived", "resolved", "merged"]
_NANO = "_unix_nano"
_VERBS = {"resolved": "resolve", "archived": "archive", "open": "unarchive"}


class Change(BaseModel):
    """What is done about an issue: one thing at a time.

    Args:
        state: `resolved`, `archived`, or `open` for one that was archived.
        until: of archived ones: `escalating`, `forever`, or days.
        assignee: who looks after it; an empty text: nobody.
        merge_into: id of the issue that this one is part of from now on.
        acknowledged: somebody has seen it.
    """

    model_config = ConfigDict(extra="forbid")

    state: Literal["resolved", "archived", "open"] | None = None
    until: Literal["escalating", "forever"] | Annotated[int, Field(ge=1, le=365)] | None = None
    version: Annotated[str, Field(max_length=255)] | None = None
    assignee: Annotated[str, Field(max_length=200)] | None = None
    merge_into: Annotated[str, Field(min_length=4, max_length=64)] | None = None
    priority: Literal["auto", "low", "medium", "high"] | None = None
    acknowledged: Literal[True] | None = None
    why: Annotated[str, Field(max_length=500)] = ""


@lists.get("/issues")
async def list_(
    request: Request,
    domain: Domain = "",
    state: State = "open",
    sort: Literal["urgency", "events", "last", "first"] = "urgency",
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> dict[str, Any]:
    """The first ones in a state (`open`, `all`, or one), each with its events in 24 parts of the last day; `states`: how many there are of each."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    states = states_of(state)
    found = await ask(request, scope, lambda connection: issues(connection, states, sort, limit))
    return {"issues": [_told(row) for row in found.rows], "states": dict(found.states)}


@router.get("/issues/{id_}")
async def one(request: Request, response: Response, id_: str, domain: Domain = "") -> dict[str, Any]:
    """All that is stored of an issue. Its `ETag` is for `If-Match` of a change."""
    row = await _row(request, id_, domain)
    found = await ask(request, Scope.of(row["domain"]), lambda connection: whole(connection, row))
    response.headers["etag"] = _tag(row)
    return {**_told(found.issue), "variants": list(found.variants), "activity": [_told(each) for each in found.activity],
            "hours": [list(each) for each in found.hours]}  # fmt: skip


@records.get("/issues/{id_}/events")
async def events_of(
    request: Request,
    id_: str,
    domain: Domain = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        str, Query(description="`next` of the page before.", pattern=r"^(\d{1,19}\.[A-Za-z0-9]{1,40})?$")
    ] = "",
) -> dict[str, Any]:
    """Its records, the newest first; `next`: for `before` of the next page."""
    row = await _row(request, id_, domain)
    place = _place(before)
    found = await ask(request, Scope.of(row["domain"]), lambda connection: events(connection, row, limit + 1, place))
    last = found[limit - 1] if len(found) > limit else None
    next_ = f"{last['time_unix_nano']}.{last['record_id']}" if last else None
    told = ("record_id", "domain", "time_unix_nano", "level", "body", "service_name", "component", "endpoint")
    return {"events": [_told({name: each[name] for name in told}) for each in found[:limit]], "next": next_}


@router.patch("/issues/{id_}")
async def patch(
    request: Request, id_: str, wanted: Change, domain: Domain = "", if_match: Annotated[str | None, Header()] = None
) -> dict[str, Any]:
    """Do something about it; `If-Match` with the `ETag` that was seen: only if nothing happened to it since."""
    row = await _row(request, id_, domain)
    if if_match is not None and if_match not in ("*", _tag(row)):
        raise Refused(412, "the issue has changed since: look at it again", {"etag": _tag(row)})
    target, verb, said = await _command(request, row, wanted)
    told = await change(request, target, verb, said, wanted.why)
    return {"command": told.id, "done": [dict(each.snapshot) for each in told.settled]}


async def _command(request: Request, row: Row, wanted: Change) -> tuple[Row, str, dict[str, Any]]:
    """Of which issue, and what. Raises `Refused` where it is not one thing."""
    given = wanted.model_dump(exclude_none=True, exclude={"why", "until", "version"})
    if len(given) != 1:
        raise Refused(400, "one of state, assignee, merge_into, priority and acknowledged is needed, and no more")
    if (wanted.until is not None and wanted.state != "archived") or (wanted.version and wanted.state != "resolved"):
        raise Refused(400, "until is said of archived issues, version of resolved ones")
    match next(iter(given)):
        case "state":
            return row, _VERBS[str(wanted.state)], _state(wanted)
        case "merge_into":
            into = await _row(request, str(wanted.merge_into), row["domain"])
            return into, "merge", {"with": row["issue_id"]}
        case "acknowledged":
            return row, "acknowledge", {}
        case "assignee":
            return row, "assign", {"assignee": wanted.assignee}
        case _:
            return row, "priority", {"priority": wanted.priority}


def _state(wanted: Change) -> dict[str, Any]:
    if wanted.state == "archived":
        if isinstance(wanted.until, int):
            return {"until": "condition", "seconds": wanted.until * 86_400}
        return {"until": wanted.until or "escalating"}
    return {"version": wanted.version} if wanted.version else {}


async def _row(request: Request, id_: str, domain: str) -> Row:
    scope, _ = scope_of({"domain": domain}, visitor(request))
    return await ask(request, scope, lambda connection: issue(connection, id_))


def _tag(row: Row) -> str:
    return f'"{row["version"]}"'


def _told(row: Row) -> dict[str, Any]:
    """Nanoseconds as texts: they are more than JavaScript's numbers hold."""
    return {name: str(value) if name.endswith(_NANO) and value is not None else value for name, value in row.items()}


def _place(text: str) -> tuple[int, str] | None:
    at, _, id_ = text.partition(".")
    return (int(at), id_) if text else None
