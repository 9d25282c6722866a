"""Health: does it flow?"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Literal

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from collector.console.asking import scope_of
from collector.console.pages import frame
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import address, page, part
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused
from collector.console.sharing import shares
from collector.console.telling import decided, letters, told
from collector.console.times import span
from collector.console.views import health
from collector.console.views.domain_flow import Flow, flows
from collector.console.visitor import Role
from collector.domains.key_store import KeysUnreadable
from collector.domains.rate_table import UNITS
from collector.reserved import DOMAIN
from collector.store.reading import NoStore

router = APIRouter()
_PANELS = ("service", "letters", "domains", "limits", "keys")
_MOST_LOTS = 50
_NOTHING_SENT = {"refused": 0, "limited_requests": 0}
_SAID = {
    "replay": "It is tried again within seconds.",
    "delete": "It is given up for good within seconds.",
}


@router.get("/health")
async def health_page(request: Request) -> HTMLResponse:
    """The page."""
    panels = await shown(request, *(f"health.{name}" for name in _PANELS))
    said = _SAID.get(request.query_params.get("done", ""), "")
    return await page(request, "health.html", panels=panels, said=said, ready=_ready(request))


@router.post("/health/deadletters")
async def dead_letters_decided(
    request: Request,
    action: Literal["replay", "delete"] = Form(),
    ident: str = Form(""),
    owner: str = Form(""),
    reason: str = Form(""),
) -> RedirectResponse:
    """A button of a row: one letter, or all of an owner that were refused for the same reason."""
    await decided(request, action, ident=ident, owner=owner, reason=reason)
    return _back(request, action)


def _back(request: Request, done: str) -> RedirectResponse:
    """To the same page, of the same domain."""
    return RedirectResponse(f"{address(request, '/health', done=done)}#letters", 303)


def _ready(request: Request) -> str:
    """Since when; empty for who sees some domains alone."""
    state = parts(request).state.now
    if state is None or not visitor(request).scope.is_everything:
        return ""
    if not state.health.ready:
        return f"{state.health.phase}, takes nothing in"
    return f"{state.health.phase} since {span(time.time() - state.health.started_unix)}"


@panel("health.service")
async def service(request: Request) -> Markup:
    """The way of a record, exporters, journals, processes; of some domains the flow alone."""
    scope, _ = scope_of(request.query_params, visitor(request))
    state = told(request)
    return part(
        request,
        "parts/health_service.html",
        stages=health.stages(state),
        shares=shares(parts(request)),
        **health.pipeline(state, scope),
    )


@panel("health.domains")
async def domains(request: Request) -> Markup:
    """What each sent, what there is of it, and why nothing of it is deleted. Without the store, or without the supervisor, the other half."""
    scope, _ = scope_of(request.query_params, visitor(request))
    state = parts(request).state.now
    sent = {each["domain"]: each for each in (health.usage(state, scope) if state is not None else [])}
    kept: dict[str, Flow] = {}
    with contextlib.suppress(NoStore):
        found = await ask(request, scope, flows(scope, parts(request).options.query_timeout / 2))
        kept = {each.domain: each for each in found}
    names = sorted({*sent, *kept}, key=lambda name: (-kept[name].per_minute if name in kept else 0.0, name))
    why = parts(request).settings.service.privacy.standing().why
    rows = [(name, sent.get(name, _NOTHING_SENT), kept.get(name), why(name)) for name in names if name != DOMAIN]
    return part(request, "parts/health_domains.html", domains=rows, shown=frame.shown(request))


@panel("health.limits")
async def limits(request: Request) -> Markup:
    """What domains may send a second."""
    scope, _ = scope_of(request.query_params, visitor(request))
    found = health.limits(parts(request).settings, scope)
    return part(
        request, "parts/health_limits.html", units=UNITS, rates=found["rates"], per_key=found["per_key"], overrides=found["domains"]
    )  # fmt: skip


@panel("health.keys")
async def keys(request: Request) -> Markup:
    """Who may send, for admins."""
    scope, _ = scope_of(request.query_params, visitor(request))
    found = None
    if visitor(request).role >= Role.ADMIN:
        try:
            found = await asyncio.to_thread(health.keys, parts(request).root, scope)
        except KeysUnreadable as error:
            raise Refused(503, "the keys can't be read now", None, 5.0) from error
    return part(request, "parts/health_keys.html", keys=found, shown=frame.shown(request))


@panel("health.letters")
async def dead_letters(request: Request) -> Markup:
    """What was refused for good."""
    scope, _ = scope_of(request.query_params, visitor(request))
    found = await letters(request, scope)
    lots = health.lots(found)
    return part(
        request, "parts/dead_letters.html", lots=lots[:_MOST_LOTS], more=len(lots) > _MOST_LOTS, total=len(found),
        shown=frame.shown(request), acts=visitor(request).role >= Role.OPERATOR,
    )  # fmt: skip
