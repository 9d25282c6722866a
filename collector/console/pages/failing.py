"""The page in the place of one that can't be shown."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from collector.console.pages.rendering import page
from collector.console.refusal import Refused

_NO_PAGE = "No page of the console has this address."
_TITLES = {
    400: "That address asks for nothing",
    403: "You may not do that here",
    404: "There is nothing here",
    429: "Too much at once",
}


async def failed_page(request: Request, refused: Refused, id_: str) -> Response:
    """Says what failed, and what still holds."""
    title = _TITLES.get(refused.status, "That failed")
    why = (
        _NO_PAGE
        if refused.status == HTTPStatus.NOT_FOUND and refused.detail == HTTPStatus.NOT_FOUND.phrase
        else refused.detail
    )
    why = f"{why[:1].upper()}{why[1:]}{'' if why.endswith('.') else '.'}"
    return await page(request, "failed.html", refused.status, title=title, why=why, request_id=id_)
