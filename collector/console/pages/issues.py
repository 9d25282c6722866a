"""Issues: what first?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.asking import scope_of
from collector.console.pages import frame
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import page, part
from collector.console.parts import visitor
from collector.console.refusal import Refused
from collector.console.views.issues import issues, states_of
from collector.store.issue_reading import ORDERS, STATES, counted

router = APIRouter()
_TABS = (
    ("open", "Open"), ("new", "New"), ("escalating", "Escalating"), ("regressed", "Regressed"), ("resolved", "Resolved"),
    ("archived", "Archived"),
)  # fmt: skip


@router.get("/issues")
async def issues_page(request: Request) -> HTMLResponse:
    """The page."""
    _asked(request)
    return await page(request, "issues.html", panels=await shown(request, "issues.tabs", "issues.list"))


@panel("issues.tabs")
async def tabs(request: Request) -> Markup:
    """How many there are of each state."""
    scope, _ = scope_of(request.query_params, visitor(request))
    counts = await ask(request, scope, counted)
    state, _ = _asked(request)
    named = [(name, word, sum(counts.get(each, 0) for each in states_of(name))) for name, word in _TABS]
    return part(request, "issues/tabs.html", tabs=named, state=state)


@panel("issues.list")
async def list_(request: Request) -> Markup:
    """The first of a state."""
    scope, domain = scope_of(request.query_params, visitor(request))
    state, order = _asked(request)
    found = await ask(request, scope, lambda connection: issues(connection, states_of(state), order))
    total = sum(found.states.get(each, 0) for each in states_of(state))
    several = not domain and len({row["domain"] for row in found.rows}) > 1
    return part(
        request, "issues/list.html", found=found, total=total, several=several, state=state, order=order, shown=frame.shown(request)
    )  # fmt: skip


def _asked(request: Request) -> tuple[str, str]:
    """State and order. Raises `Refused`."""
    state, order = request.query_params.get("state") or "open", request.query_params.get("sort") or "urgency"
    if order not in ORDERS:
        raise Refused(400, f"there is no such order: there is {', '.join(ORDERS)}")
    if state not in ("open", "all", *STATES):
        states_of(state)
    return state, order
