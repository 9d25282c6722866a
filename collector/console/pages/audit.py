"""Audit: who did and read what, and what protects those whom records are about."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.auditing import audited_scope, place_of, place_text, protection, span_of
from collector.console.pages import frame
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import page, part
from collector.console.parts import parts
from collector.console.views import audit

router = APIRouter()
_RANGES = (("now-24h", "Last 24 h"), ("now-7d", "Last 7 days"), ("now-30d", "Last 30 days"), ("now-365d", "Last year"))
_MOST = 100


@router.get("/audit")
async def audit_page(request: Request) -> HTMLResponse:
    """The page. Raises `Refused`: they may not."""
    audited_scope(request, request.query_params.get("domain", ""))
    panels = await shown(request, "audit.standing", "audit.entries")
    from_ = request.query_params.get("from") or "now-7d"
    return await page(request, "audit.html", panels=panels, ranges=_RANGES, from_=from_)


@panel("audit.standing")
async def standing(request: Request) -> Markup:
    """Where the chains stand, and what is masked and encrypted."""
    scope = audited_scope(request, request.query_params.get("domain", ""))
    found = await ask(request, scope, audit.standings(scope), plain=True, also=audit.TABLES)
    return part(
        request, "parts/audit_standing.html", chains=found, guards=protection(parts(request)), shown=frame.shown(request)
    )  # fmt: skip


@panel("audit.entries")
async def entries(request: Request) -> Markup:
    """A page of them."""
    given = request.query_params
    scope = audited_scope(request, given.get("domain", ""))
    since, until = span_of(given.get("from") or "now-7d", given.get("to") or "now", time.time_ns())
    question = audit.entries(scope, since, until, _MOST, place_of(given.get("before", "")))
    found = await ask(request, scope, question, plain=True, also=audit.TABLES)
    return part(
        request, "parts/audit_entries.html", entries=found.entries, before=place_text(found.before), shown=frame.shown(request)
    )  # fmt: skip
