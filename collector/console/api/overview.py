"""What the pages Overview, Patterns and Report show, for programs; and deployments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from collector.console.api.records import DOMAIN, Domain, From, Q, To, ask
from collector.console.api.unchanged import StoreRoute, partial
from collector.console.asking import asked
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused
from collector.console.views import counts
from collector.console.views.patterns import patterns
from collector.console.views.report import bills, report
from collector.control.command import DEPLOYMENT
from collector.control.deployment import Deployment, NoDeployment
from collector.store.deployment_reading import deployed
from collector.store.issue_reading import counted
from collector.store.pattern_reading import as_objects

router = APIRouter(tags=["overview"], route_class=StoreRoute)


@router.get("/stats/overview")
async def overview(
    request: Request, domain: Domain = "", q: Q = "", from_: From = "now-24h", to: To = "now"
) -> dict[str, Any]:
    """Records by level and issues by state; a day, where no time is given."""
    wanted = asked({"domain": domain, "q": q, "from": from_, "to": to}, visitor(request))
    now = await ask(request, wanted.scope, counts.histogram(wanted, 1, parts(request).options.query_timeout))
    states = await ask(request, wanted.scope, counted)
    if not now.complete:
        partial(request)
    return {
        "levels": now.totals,
        "records": now.total,
        "complete": now.complete,
        "source": now.source,
        "issues": states,
    }


@router.get("/patterns")
async def patterns_(
    request: Request,
    domain: Domain = "",
    from_: From = "now-24h",
    to: To = "now",
    sort: Literal["count", "new", "level"] = "count",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Patterns with records in a time; a day, where none is given. `records`, `patterns`: of all of them."""
    wanted = asked({"domain": domain, "from": from_, "to": to}, visitor(request))
    found = await ask(request, wanted.scope, patterns(wanted.since, wanted.until, sort, limit))
    told = [_texts(row) for row in as_objects(found.listed, wanted.since)]
    return {"patterns": told, "records": found.records, "count": found.patterns}


@router.get("/report")
async def report_(request: Request, domain: Domain = "", from_: From = "now-7d", to: To = "now") -> dict[str, Any]:
    """As `logboom report --json` has it; a week, where no time is given."""
    wanted = asked({"domain": domain, "from": from_, "to": to}, visitor(request))
    if bills(parts(request)):
        partial(request)
    made = await ask(request, wanted.scope, report(parts(request), wanted))
    return made.document()


@router.get("/deployments")
async def deployments(
    request: Request,
    domain: Domain = "",
    from_: From = "now-7d",
    to: To = "now",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> dict[str, Any]:
    """Those of a time, the newest first; a week, where none is given."""
    wanted = asked({"domain": domain, "from": from_, "to": to}, visitor(request))
    found = await ask(request, wanted.scope, lambda connection: deployed(connection, wanted.since, wanted.until, limit))
    return {"deployments": [_texts(row) for row in found]}


_Name = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra={"format": "logboom-name"})]


class Marked(BaseModel):
    """A version that runs somewhere. `time`: since when, RFC 3339; now without it."""

    model_config = ConfigDict(extra="forbid")

    domain: str = Field(min_length=1, max_length=253, json_schema_extra=DOMAIN)
    service: _Name
    version: _Name
    environment: _Name = "production"
    time: str | None = Field(None, json_schema_extra={"format": "date-time"})
    url: str | None = Field(
        None,
        max_length=2048,
        pattern=r"^([Hh][Tt][Tt][Pp][Ss]?:[^\x00-\x20\x7f]*)?$",
        json_schema_extra={"format": "logboom-url"},
    )


@router.post("/deployments", status_code=201)
async def mark(request: Request, wanted: Marked) -> dict[str, Any]:
    """Mark a deployment, so that what changes after it can be laid at its door."""
    try:
        made = Deployment.of_body(wanted.model_dump(exclude_none=True, exclude={"domain"}), "")
    except NoDeployment as problem:
        raise Refused(400, str(problem)) from problem
    key = request.headers.get("idempotency-key", "")
    told = await parts(request).commands.carry_out(
        visitor(request), DEPLOYMENT, wanted.domain, made.of_command(), key=key
    )
    return {"command": told.id}


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    """Nanoseconds as texts: they are more than JavaScript's numbers hold."""
    return {
        name: str(value) if name.endswith("_unix_nano") and value is not None else value for name, value in row.items()
    }
