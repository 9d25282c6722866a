"""Parts of pages that fail alone. A page waits a moment for each; what is not there by then is asked for by itself, with all the time
that a question may take, and so is what is shown anew while the page is open.

    page ──► shown(request, "overview.figures", …) ──► {name: markup}            GET /panels/overview.figures?… ──► the same, alone
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.pages.rendering import part
from collector.console.parts import parts
from collector.console.reads import named
from collector.console.refusal import NotFound, Refused, TooSlow, request_id
from collector.console.stores import Question, T
from collector.scope import Scope
from collector.store.reading import NoStore

log = logging.getLogger("logboom.console")
router = APIRouter()

Panel = Callable[[Request], Awaitable[Markup]]
_PANELS: dict[str, Panel] = {}
_FIRST_SECS = 0.4
"""What the first showing of a page waits for a panel."""
_patience: ContextVar[float] = ContextVar("patience")


def panel(name: str) -> Callable[[Panel], Panel]:
    """Makes a function the panel of that name: `page.part`."""

    def put(function: Panel) -> Panel:
        _PANELS[name] = function
        return function

    return put


async def ask(
    request: Request,
    scope: Scope,
    question: Question[T],
    longer: float = 1.0,
    *,
    plain: bool = False,
    also: Sequence[str] = (),
) -> T:
    """A question of a panel to the store, within the time that this showing has. Raises `Refused`, `NoStore`.

    Args:
        longer: so many times that, of a panel that is asked for by itself.
        plain, also: see `Stores.ask`.
    """
    made = parts(request)
    if made.stores is None:
        raise NoStore("no pipeline has an exporter whose store can be read: sqlite or d1")
    return await made.stores.ask(scope, question, _secs(made.options.query_timeout, longer), plain=plain, also=also)


async def within(request: Request, answer: Awaitable[T]) -> T:
    """An answer that is no question of a panel, within the time that this showing has. Raises `TooSlow`."""
    secs = _secs(parts(request).options.query_timeout, 1.0)
    try:
        return await asyncio.wait_for(answer, secs)
    except TimeoutError:
        raise TooSlow(secs) from None


def _secs(timeout: float, longer: float) -> float:
    return _FIRST_SECS if is_first_showing() else _patience.get(timeout) * longer


def is_first_showing() -> bool:
    """Whether a page waits for this panel, which is asked for by itself where it takes long."""
    return _patience.get(0.0) == _FIRST_SECS


async def shown(request: Request, *names: str) -> dict[str, Markup]:
    """Panels of a page, by name without what stands before the point; all at once, none waits for another."""
    token = _patience.set(_FIRST_SECS)
    try:
        found = await asyncio.gather(*(_one(request, name, first=True) for name in names))
    finally:
        _patience.reset(token)
    return {name.partition(".")[2]: markup for name, markup in zip(names, found, strict=True)}


@router.get("/panels/{name}")
async def alone(request: Request, name: str) -> HTMLResponse:
    """One of them, with the parameters of its page."""
    if name not in _PANELS:
        raise NotFound("such panel")
    named(f"/panels/{name}")
    _patience.set(parts(request).options.query_timeout)
    return HTMLResponse(await _one(request, name, first=False))


async def _one(request: Request, name: str, *, first: bool) -> Markup:
    try:
        return await _PANELS[name](request)
    except TooSlow as error:
        return (
            part(request, "parts/late.html", name=name, again=_again(request))
            if first
            else _failed(request, name, str(error))
        )
    except NoStore:
        return part(request, "parts/nothing_yet.html", name=name)
    except Refused as refused:
        return _failed(request, name, refused.detail)
    except Exception as error:
        id_ = request_id()
        log.error("panel %s failed (request %s)", name, id_, exc_info=error)
        return _failed(request, name, f"That failed inside logboom; its log says more under request id {id_}.")


def _failed(request: Request, name: str, why: str) -> Markup:
    return part(request, "parts/failed.html", name=name, why=why, again=_again(request))


def _again(request: Request) -> dict[str, str]:
    """With what it is asked for once more: what stood in the path of its page, too."""
    within = {name: value for name, value in request.path_params.items() if name != "name"}
    return {**request.query_params, **within}
