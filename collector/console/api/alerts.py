"""Alerts, silences and responses: what goes on, who was told, and what people decide."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field

from collector.console.api.records import DOMAIN, Domain, ask
from collector.console.asking import scope_of
from collector.console.deciding import DECISIONS, SILENCE_COMMAND, silence_of
from collector.console.parts import parts, visitor
from collector.console.views import alerts
from collector.control.asking import Told

router = APIRouter(tags=["alerts"])

Over = Annotated[bool, Query(alias="all", description="Also those that are over.")]
Whose = Annotated[
    str, Query(alias="domain", description="Whose it is.", min_length=1, max_length=253, json_schema_extra=DOMAIN)
]
Key = Annotated[str, Header(alias="idempotency-key", max_length=256)]


class Alerts(BaseModel):
    """Groups, the one that was told of last first."""

    alerts: list[dict[str, Any]]


class Silences(BaseModel):
    """Those that hold."""

    silences: list[dict[str, Any]]


class Responses(BaseModel):
    """Those that wait for a person or are under way."""

    responses: list[dict[str, Any]]


class NewSilence(BaseModel):
    """Labels whose alerts are kept back, as `level="warning", service=~"shop|cart"`, and for how long: `30m`, `2h`, `3d`."""

    domain: str = Field(min_length=1, max_length=253, json_schema_extra=DOMAIN)
    matchers: str = Field(min_length=1, max_length=4096, json_schema_extra={"format": "logboom-matchers"})
    for_: str = Field("2h", alias="for", max_length=32, json_schema_extra={"format": "logboom-duration"})
    why: str = Field("", max_length=1000)


class Decided(BaseModel):
    """The command is on disk. Not `done`: its owner has not said yet what became of it."""

    command: str
    done: bool


@router.get("/alerts")
async def list_alerts(request: Request, domain: Domain = "", over: Over = False) -> Alerts:
    """Groups of alerts, and what each exporter was told last."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    return Alerts(alerts=await ask(request, scope, lambda connection: alerts.groups(connection, over=over)))


@router.post("/alerts/{group}/{verb}")
async def decide_alert(
    request: Request,
    group: str,
    verb: Literal["acknowledge", "unacknowledge", "resolve"],
    domain: Whose,
    idempotency_key: Key = "",
) -> Decided:
    """Acknowledge a group, take that back, or say that it is over."""
    return await _decided(request, verb, group, domain, idempotency_key)


@router.get("/silences")
async def list_silences(request: Request, domain: Domain = "", over: Over = False) -> Silences:
    """Silences that hold."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    return Silences(silences=await ask(request, scope, lambda connection: alerts.silences(connection, over=over)))


@router.post("/silences", status_code=201)
async def silence(request: Request, given: NewSilence, idempotency_key: Key = "") -> Decided:
    """Keep alerts with these labels back for a while."""
    said = silence_of(given.matchers, given.for_)
    return _answer(
        await parts(request).commands.carry_out(
            visitor(request), SILENCE_COMMAND, given.domain, said, why=given.why, key=idempotency_key
        )
    )


@router.delete("/silences/{ident}")
async def unsilence(request: Request, ident: str, domain: Whose, idempotency_key: Key = "") -> Decided:
    """End a silence."""
    return await _decided(request, "unsilence", ident, domain, idempotency_key)


@router.get("/responses")
async def list_responses(request: Request, domain: Domain = "", over: Over = False) -> Responses:
    """What is done about alerts, and what waits for a person."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    return Responses(responses=await ask(request, scope, lambda connection: alerts.responses(connection, over=over)))


@router.post("/responses/{ident}/{verb}")
async def decide_response(
    request: Request, ident: str, verb: Literal["approve", "deny"], domain: Whose, idempotency_key: Key = ""
) -> Decided:
    """Let it begin, or not."""
    return await _decided(request, verb, ident, domain, idempotency_key)


async def _decided(request: Request, verb: str, subject: str, domain: str, key: str) -> Decided:
    decision = DECISIONS[verb]
    told = await parts(request).commands.carry_out(
        visitor(request), decision.command, domain, {decision.subject: subject}, key=key
    )
    return _answer(told)


def _answer(told: Told) -> Decided:
    return Decided(command=told.id, done=bool(told.settled))
