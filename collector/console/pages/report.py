"""Report: what a period brought, for paper too."""

from __future__ import annotations

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.asking import asked
from collector.console.pages import frame
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import page, part
from collector.console.parts import parts, visitor
from collector.console.views.report import report
from collector.store.report_views import sections

router = APIRouter()
_RANGES = (("now-24h", "Last 24 h"), ("now-7d", "Last 7 days"), ("now-30d", "Last 30 days"))


@router.get("/report")
async def report_page(request: Request) -> HTMLResponse:
    """The page."""
    wanted = asked(request.query_params, visitor(request), "now-7d")
    panels = await shown(request, "report.tables")
    return await page(request, "report.html", panels=panels, ranges=_RANGES, from_=wanted.from_, wanted=wanted)


@panel("report.tables")
async def tables(request: Request) -> Markup:
    """All of it."""
    wanted = asked(request.query_params, visitor(request), "now-7d")
    made = await ask(request, wanted.scope, report(parts(request), wanted))
    return part(request, "report_tables.html", sections=list(sections(made)), shown=frame.shown(request))
