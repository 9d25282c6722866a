"""The audit log, for the roles admin and privacy."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from collector.console.api.records import Domain, From, To, ask
from collector.console.auditing import as_object, audited_scope, place_of, place_text, protection, span_of
from collector.console.parts import parts
from collector.console.times import iso
from collector.console.views import audit

router = APIRouter(tags=["audit"])


class Entries(BaseModel):
    """The newest first. `before`: asks for the next page; null: there is none."""

    entries: list[dict[str, Any]]
    before: str | None


class Chains(BaseModel):
    """Where the chain of each domain stands, and what the configuration does for those whom records are about. `logboom audit verify` says whether
    they are whole."""

    chains: list[dict[str, Any]]
    protection: dict[str, Any]


@router.get("/audit")
async def entries(
    request: Request,
    domain: Domain = "",
    from_: From = "now-7d",
    to: To = "now",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[
        str,
        Query(description="`before` of the page before.", max_length=40, json_schema_extra={"format": "logboom-place"}),
    ] = "",
) -> Entries:
    """Who did and read what."""
    scope = audited_scope(request, domain)
    since, until = span_of(from_, to, time.time_ns())
    question = audit.entries(scope, since, until, limit, place_of(before))
    found = await ask(request, scope, question, plain=True, also=audit.TABLES)
    return Entries(entries=[as_object(row) for row in found.entries], before=place_text(found.before))


@router.get("/audit/chains")
async def chains(request: Request, domain: Domain = "") -> Chains:
    """Where they stand."""
    scope = audited_scope(request, domain)
    found = await ask(request, scope, audit.standings(scope), plain=True, also=audit.TABLES)
    rows = [
        {
            "domain": each.domain, "seq": each.seq, "time": iso(each.time_unix_nano),
            "checkpoint_seq": each.checkpoint.seq if each.checkpoint else None,
            "checkpoint_time": iso(each.checkpoint.time) if each.checkpoint else None,
        }
        for each in found
    ]  # fmt: skip
    return Chains(chains=rows, protection=protection(parts(request)))
