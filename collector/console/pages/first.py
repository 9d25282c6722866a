"""The first start: nothing was ever stored. How to send, and samples that show what the console does with logs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from collector.console.asking import asked, scope_of
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import address, page, part
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound
from collector.console.sampling import RECORDS, door, send_samples
from collector.console.views import counts
from collector.console.visitor import Role
from collector.store.reading import NoStore

router = APIRouter()
_SINCE = "now-24h"


async def first_page(request: Request) -> HTMLResponse:
    """In the place of the overview."""
    url, open_ = door(parts(request).settings)
    who = visitor(request)
    may = open_ and who.role >= Role.OPERATOR and (who.scope.is_everything or bool(_domain(request)))
    panels = await shown(request, "first.arrived")
    return await page(request, "first.html", url=url, panels=panels, may=may, records=RECORDS)


@router.post("/samples")
async def samples(request: Request, domain: str = Form("")) -> RedirectResponse:
    """The button; what arrives is shown until somebody goes on."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    if not domain and not scope.is_everything:
        raise NotFound("domain of that name")
    await send_samples(parts(request).settings, domain)
    return RedirectResponse(address(request, "/", domain=domain, samples=1), 303)


@panel("first.arrived")
async def arrived(request: Request) -> Markup:
    """What came so far, asked for again and again."""
    wanted = asked(request.query_params, visitor(request), _SINCE)
    try:
        found = await ask(request, wanted.scope, counts.histogram(wanted, 1, parts(request).options.query_timeout))
        totals: dict[str, int] = found.totals
    except NoStore:
        totals = {}
    url, _ = door(parts(request).settings)
    return part(
        request, "parts/arrived.html", totals=totals, total=sum(totals.values()), url=url, again=_again(request)
    )


def _domain(request: Request) -> str:
    return request.query_params.get("domain", "")


def _again(request: Request) -> dict[str, Any]:
    return dict(request.query_params)
