"""How the service is, what domains send, what was refused for good, and who may send."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from collector.backend.interface import FiledLetter
from collector.console.api.records import Domain
from collector.console.asking import scope_of
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused
from collector.console.telling import decided, letters, told
from collector.console.views import health
from collector.console.visitor import Role
from collector.domains.key_store import KeysUnreadable

router = APIRouter(tags=["health"])


class Pipeline(BaseModel):
    """As the supervisor told it `told_secs_ago`; `service`: null for who sees some domains alone."""

    told_secs_ago: float
    flow: list[dict[str, Any]]
    service: dict[str, Any] | None


class Usage(BaseModel):
    """A row for each domain."""

    domains: list[dict[str, Any]]


class DeadLetters(BaseModel):
    """The oldest `limit` of `total`."""

    deadletters: list[dict[str, Any]]
    total: int


class LimitsOfDomains(BaseModel):
    """Unit (`records`, `bytes`, `requests`) to so many a second; `domains`: of those with others than `rates`."""

    rates: dict[str, float]
    per_key: dict[str, float]
    domains: dict[str, dict[str, float]]


class Keys(BaseModel):
    """What is known of each; times are seconds since 1970."""

    keys: list[dict[str, Any]]


class Asked(BaseModel):
    """It is done within seconds."""

    asked: str
    records: int


@router.get("/health/pipeline")
async def pipeline(request: Request, domain: Domain = "") -> Pipeline:
    """The flow of records; exporters, journals, processes, conditions."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    return Pipeline(**health.pipeline(told(request), scope))


@router.get("/domains/usage")
async def usage(request: Request, domain: Domain = "") -> Usage:
    """What domains sent, and what was refused of it."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    return Usage(domains=health.usage(told(request), scope))


@router.get("/deadletters")
async def dead_letters(
    request: Request, domain: Domain = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> DeadLetters:
    """What destinations refused for good, oldest first."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    found = await letters(request, scope)
    return DeadLetters(deadletters=[_letter(each) for each in found[:limit]], total=len(found))


@router.post("/deadletters/{ident}/{action}")
async def decide(request: Request, ident: str, action: Literal["replay", "delete"]) -> Asked:
    """Give it another try, or give it up for good."""
    return Asked(asked=action, records=await decided(request, action, ident=ident))


@router.get("/limits")
async def limits(request: Request, domain: Domain = "") -> LimitsOfDomains:
    """What domains may send a second: what counts for all, and for those that have their own."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    return LimitsOfDomains(**health.limits(parts(request).settings, scope))


@router.get("/keys")
async def keys(request: Request) -> Keys:
    """Keys of the domains of an admin, without what is secret."""
    who = visitor(request)
    if who.role < Role.ADMIN:
        raise Refused(403, "to see keys takes the role admin")
    try:
        found = await asyncio.to_thread(health.keys, parts(request).root, who.scope)
    except KeysUnreadable as error:
        raise Refused(503, "the keys can't be read now", None, 5.0) from error
    return Keys(keys=found)


def _letter(each: FiledLetter) -> dict[str, Any]:
    info = each.info
    return {
        "id": each.id, "owner": info.owner, "pipeline": info.pipeline, "reason": info.reason, "records": info.records,
        "by_domain": dict(info.by_domain), "size_bytes": info.size_bytes, "created_unix_ms": info.created_unix_ms, "raw": info.raw,
    }  # fmt: skip
