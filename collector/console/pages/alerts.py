"""Alerts: who knows?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from collector.connectors.alerting.effective import what_is_watched, who_is_told
from collector.connectors.alerting.routes import Routes
from collector.console.asking import scope_of
from collector.console.deciding import DECISIONS, SILENCE_COMMAND, SILENCED, silence_of
from collector.console.pages import frame
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import page, part
from collector.console.pages.telling_people import alerting_of
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused
from collector.console.views import alerts
from collector.console.views.escalating import acknowledgements, next_told
from collector.console.visitor import Role
from collector.levels import LEVELS
from collector.matchers import matcher
from collector.store.reading import Readable

router = APIRouter()
_SAID = {"silence": SILENCED, **{verb: each.done for verb, each in DECISIONS.items()}}
_WAITS = "It is on its way: nobody has said yet what became of it."


@router.get("/alerts")
async def alerts_page(request: Request) -> HTMLResponse:
    """The page. `done`: what was decided just now."""
    done = request.query_params.get("done", "")
    panels = await shown(request, "alerts.groups", "alerts.responses", "alerts.silences", "alerts.people")
    said = _WAITS if done == "waits" else _SAID.get(done, "")
    connector, _ = alerting_of(request)
    return await page(request, "alerts.html", panels=panels, said=said, acts=_acts(request), told=bool(connector))


@panel("alerts.groups")
async def groups(request: Request) -> Markup:
    """What goes on, or with `all` also what is over."""
    scope, _ = scope_of(request.query_params, visitor(request))
    over = bool(request.query_params.get("all"))
    _, options = alerting_of(request)

    def question(connection: Readable) -> list[dict[str, Any]]:
        found = alerts.groups(connection, over=over)
        quiet = acknowledgements(connection, {each["domain"] for each in found if _goes_on(each)}, options)
        routes = Routes(options) if options is not None else None
        return [{**each, **_next(connection, each, quiet, routes)} for each in found]

    found = await ask(request, scope, question)
    found.sort(key=lambda each: LEVELS.index(each["level"]) if each["level"] in LEVELS else len(LEVELS))
    kinds = [(word, [each for each in found if holds(each)]) for word, holds in _KINDS]
    return _part(request, "parts/alert_groups.html", kinds=kinds, groups=found, over=over)


@panel("alerts.people")
async def people(request: Request) -> Markup:
    """Of each level who is told, and how it goes with those who tell it."""
    _, options = alerting_of(request)
    if options is None:
        return _part(request, "parts/who_is_told.html", told=[], exporters=[])
    state = parts(request).state.now
    states = state.snapshot.exporters if state is not None and visitor(request).scope.is_everything else {}
    ways = [
        (receiver, exporter, states.get(exporter, {}))
        for receiver, named in options.receivers.items()
        for exporter in named
    ]
    told = [(level, said.splitlines()) for level, said in who_is_told(options)]
    watched = [(name.removeprefix("monitor "), said) for name, said in what_is_watched(options)]
    return _part(request, "parts/who_is_told.html", told=told, ways=ways, watched=watched)


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


def _goes_on(group: dict[str, Any]) -> bool:
    return bool(group["status"] == "firing")


_KINDS: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("Firing", lambda group: _goes_on(group) and not group["acknowledged"]),
    ("Acknowledged", lambda group: _goes_on(group) and bool(group["acknowledged"])),
    ("Over", lambda group: not _goes_on(group)),
)


def _next(
    connection: Readable,
    group: dict[str, Any],
    quiet: dict[tuple[str, str], dict[str, Any]],
    routes: Routes | None,
) -> dict[str, Any]:
    by = quiet.get((group["domain"], group["group_id"])) if _goes_on(group) else None
    waits = next_told(connection, group, routes) if _goes_on(group) and by is None else None
    return {"acknowledged": by, "next": waits, "matchers": _matchers(group["labels"])}


def _matchers(labels: dict[str, Any]) -> str:
    """For a silence of alerts with these labels."""
    return ", ".join(str(matcher(name, "=", str(value))) for name, value in sorted(labels.items()) if name != "domain")


def _back(request: Request, done: str) -> RedirectResponse:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/alerts?{urlencode({'done': done})}", 303)


def _acts(request: Request) -> bool:
    return visitor(request).role >= Role.OPERATOR


def _part(request: Request, template: str, **context: object) -> Markup:
    return part(request, template, shown=frame.shown(request), acts=_acts(request), **context)
