"""Why a record was judged as it was: a panel that is asked for when somebody wants to know, for it takes a process of its own."""

from __future__ import annotations

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.asking import scope_of
from collector.console.pages.panels import ask, panel
from collector.console.pages.rendering import page, part
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound
from collector.console.views import records
from collector.console.views.explained import SUBJECTS, explain

router = APIRouter()


@router.get("/logs/{record_id}/explained")
async def explained_page(request: Request, record_id: str) -> HTMLResponse:
    """The panel as a page, for who has no script."""
    row = await _row(request, record_id)
    return await page(request, "logs/explained_page.html", row=row, panel=await explained(request))


@panel("logs.explained")
async def explained(request: Request) -> Markup:
    """What was decided, what would be now, and the evidence."""
    ident = request.path_params.get("record_id") or request.query_params.get("record_id", "")
    row = await _row(request, ident, plain=True)
    found = await explain(parts(request), row, files=visitor(request).scope.is_everything)
    return part(request, "logs/explained.html", found=found, subjects=SUBJECTS)


async def _row(request: Request, record_id: str, *, plain: bool = False) -> records.Row:
    scope, _ = scope_of(request.query_params, visitor(request))
    row = await ask(request, scope, records.one(record_id), plain=plain)
    if row is None:
        raise NotFound("such record")
    return row
