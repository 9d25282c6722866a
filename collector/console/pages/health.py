"""Health: does it flow?"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from collector.console.asking import scope_of
from collector.console.pages import frame
from collector.console.pages.panels import panel, shown
from collector.console.pages.rendering import page, part
from collector.console.parts import visitor
from collector.console.telling import decided, letters, told
from collector.console.views import health
from collector.console.visitor import Role

router = APIRouter()
_MOST_LETTERS = 50
_SAID = {
    "replay": "It is tried again within seconds.",
    "delete": "It is given up for good within seconds.",
}


@router.get("/health")
async def health_page(request: Request) -> HTMLResponse:
    """The page."""
    panels = await shown(request, "health.service", "health.domains", "health.letters")
    said = _SAID.get(request.query_params.get("done", ""), "")
    return await page(request, "health.html", panels=panels, said=said)


@router.post("/health/deadletter")
async def dead_letter(
    request: Request, ident: str = Form(), action: Literal["replay", "delete"] = Form()
) -> RedirectResponse:
    """A button of a row."""
    await decided(request, action, ident)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/health?done={action}", 303)


@panel("health.service")
async def service(request: Request) -> Markup:
    """Exporters, journals, processes; of some domains the flow alone."""
    scope, _ = scope_of(request.query_params, visitor(request))
    return part(request, "parts/health_service.html", **health.pipeline(told(request), scope))


@panel("health.domains")
async def domains(request: Request) -> Markup:
    """What each sent."""
    scope, _ = scope_of(request.query_params, visitor(request))
    return part(request, "parts/health_domains.html", usage=health.usage(told(request), scope))


@panel("health.letters")
async def dead_letters(request: Request) -> Markup:
    """What was refused for good."""
    scope, _ = scope_of(request.query_params, visitor(request))
    found = await letters(request, scope)
    return part(
        request,
        "parts/dead_letters.html",
        letters=found[:_MOST_LETTERS],
        total=len(found),
        shown=frame.shown(request),
        acts=visitor(request).role >= Role.OPERATOR,
    )
