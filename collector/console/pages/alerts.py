"""Alerts: who knows?"""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from collector.console.asking import scope_of
from collector.console.deciding import DECISIONS, SILENCE_COMMAND, SILENCED, silence_of
from collector.console.pages import frame
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import page, part
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused
from collector.console.views import alerts
from collector.console.visitor import Role

router = APIRouter()
_SAID = {"silence": SILENCED, **{verb: each.done for verb, each in DECISIONS.items()}}
_WAITS = "It is on its way: nobody has said yet what became of it."


@router.get("/alerts")
async def alerts_page(request: Request) -> HTMLResponse:
    """The page. `done`: what was decided just now."""
    done = request.query_params.get("done", "")
    panels = await shown(request, "alerts.groups", "alerts.responses", "alerts.silences")
    said = _WAITS if done == "waits" else _SAID.get(done, "")
    return await page(request, "alerts.html", panels=panels, said=said, acts=_acts(request))


@panel("alerts.groups")
async def groups(request: Request) -> Markup:
    """What goes on, or with `all` also what is over."""
    scope, _ = scope_of(request.query_params, visitor(request))
    over = bool(request.query_params.get("all"))
    found = await ask(request, scope, lambda connection: alerts.groups(connection, over=over))
    return _part(request, "parts/alert_groups.html", groups=found, over=over)


@panel("alerts.responses")
async def responses(request: Request) -> Markup:
    """What waits for a yes or a no, and what was begun."""
    scope, _ = scope_of(request.query_params, visitor(request))
    found = await ask(request, scope, lambda connection: alerts.responses(connection, over=False))
    return _part(request, "parts/responses.html", responses=found)


@panel("alerts.silences")
async def silences(request: Request) -> Markup:
    """Those that hold."""
    scope, _ = scope_of(request.query_params, visitor(request))
    found = await ask(request, scope, lambda connection: alerts.silences(connection, over=False))
    return _part(request, "parts/silences.html", silences=found)


@router.post("/alerts/decide")
async def decide(request: Request, verb: str = Form(), subject: str = Form(), domain: str = Form()) -> RedirectResponse:
    """A button of a row."""
    if verb not in DECISIONS:
        raise Refused(400, "there is no such decision")
    decision = DECISIONS[verb]
    told = await parts(request).commands.carry_out(
        visitor(request), decision.command, domain, {decision.subject: subject}
    )
    return _back(request, verb if told.settled else "waits")


@router.post("/alerts/silence")
async def silence(
    request: Request,
    domain: str = Form(),
    matchers: str = Form(),
    lasts: str = Form("2h"),
    why: str = Form("", max_length=1000),
) -> RedirectResponse:
    """The form for a new one."""
    told = await parts(request).commands.carry_out(
        visitor(request), SILENCE_COMMAND, domain, silence_of(matchers, lasts), why=why
    )
    return _back(request, "silence" if told.settled else "waits")


def _back(request: Request, done: str) -> RedirectResponse:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/alerts?{urlencode({'done': done})}", 303)


def _acts(request: Request) -> bool:
    return visitor(request).role >= Role.OPERATOR


def _part(request: Request, template: str, **context: object) -> Markup:
    return part(request, template, shown=frame.shown(request), acts=_acts(request), **context)
