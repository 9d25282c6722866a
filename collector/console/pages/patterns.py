"""Patterns: what is unlike before?"""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.asking import asked
from collector.console.pages import frame
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import page, part
from collector.console.parts import visitor
from collector.console.refusal import Refused
from collector.console.views.patterns import patterns
from collector.store.pattern_reading import ORDERS

router = APIRouter()
_RANGES = (("now-1h", "Last hour"), ("now-24h", "Last 24 h"), ("now-7d", "Last 7 days"))
_PLACES = re.compile(r"(<[a-z*_0-9]{1,24}>)")
_MOST = 100


@router.get("/patterns")
async def patterns_page(request: Request) -> HTMLResponse:
    """The page."""
    from_ = asked(request.query_params, visitor(request), "now-24h").from_
    return await page(
        request,
        "patterns.html",
        panels=await shown(request, "patterns.list"),
        ranges=_RANGES,
        from_=from_,
        order=_order(request),
    )


@panel("patterns.list")
async def list_(request: Request) -> Markup:
    """Those with records in this time."""
    wanted = asked(request.query_params, visitor(request), "now-24h")
    found = await ask(request, wanted.scope, patterns(wanted.since, wanted.until, _order(request), _MOST))
    several = not wanted.domain and len({each.domain for each in found.listed}) > 1
    return part(
        request, "patterns/list.html", found=found, pieces=pieces, wanted=wanted, several=several, order=_order(request),
        shown=frame.shown(request),
    )  # fmt: skip


def pieces(template: str) -> list[tuple[bool, str]]:
    """(whether it varies, text) from the first to the last."""
    return [
        (bool(_PLACES.fullmatch(text)), text.strip("<>") if _PLACES.fullmatch(text) else text)
        for text in _PLACES.split(template)
        if text
    ]


def _order(request: Request) -> str:
    order = request.query_params.get("sort") or "count"
    if order not in ORDERS:
        raise Refused(400, f"there is no such order: there is {', '.join(ORDERS)}")
    return order
